from __future__ import annotations

from typing import Any

import pytest

from omniforge_cli.core.report import Comparison, Estimate, GateStatus, TagScore, Verdict
from omniforge_cli.reporting import view
from omniforge_cli.reporting.view import Outcome
from omniforge_cli.scoring.explain import explain
from tests.reporting.samples import arm, case, gate, one_arm_report, report


@pytest.mark.parametrize(
    ("status", "gates", "sentence"),
    [
        ("pass", ["pass"], "The only gate passed."),
        ("pass", ["pass", "pass"], "All 2 gates passed."),
        ("fail", ["fail", "pass", "undecided"], "1 of 3 gates failed: g0. 1 undecided."),
        ("fail", ["fail"] * 5, "5 of 5 gates failed: g0, g1, g2 and 2 more."),
        ("undecided", ["undecided", "pass"], "1 of 2 gates undecided, which is never a pass: g0."),
        ("undecided", [], "Too many answers are missing to decide anything."),
        ("no_gates", [], "Measured only: no gate was set, so nothing here could fail."),
    ],
)
def test_the_headline_says_why(status: str, gates: list[str], sentence: str) -> None:
    results = tuple(gate(name=f"g{i}", status=GateStatus(one)) for i, one in enumerate(gates))
    headline = view.headline(report(status=status, gates=results))
    assert (headline.title, headline.sentence) == (status.upper().replace("_", " "), sentence)


def test_the_subject_names_set_size_arms_and_run() -> None:
    assert view.headline(report()).subject == "desk@v1 · 60 cases · 2 arms · 20260302-101112-ab12"
    assert view.headline(one_arm_report(evalset={})).subject == "eval · 20260302-101112-ab12"


def test_a_metric_that_no_arm_measured_has_no_row_but_errors_always_do() -> None:
    labels = [row.label for row in view.metric_rows(report(arms=(report().arms[0],)))]
    assert "flip rate" not in labels
    assert "system accuracy" not in labels
    assert {"fallbacks", "errors"} <= set(labels)


def test_a_replay_measures_agreement() -> None:
    assert view.metric_rows(report(command="replay"))[0].label == "agreement"
    assert view.metric_rows(report())[0].label == "accuracy"


def test_confusions_come_with_the_most_frequent_first() -> None:
    pairs = view.top_confusions(arm())
    assert [(pair.expected, pair.predicted, pair.n, pair.answered) for pair in pairs] == [
        ("cancel_order", "refund", 3, 19),
        ("refund", "cancel_order", 1, 13),
        ("change_address", "cancel_order", 1, 12),
    ]
    assert view.top_confusions(arm(), 1) == pairs[:1]


def test_the_worst_class_is_the_one_missed_most_and_perfect_ones_are_not_listed() -> None:
    assert [label for label, _ in view.worst_classes(arm())] == ["cancel_order", "change_address", "refund"]


def test_the_worst_tag_comes_first_and_the_larger_one_of_equals() -> None:
    tags = {
        "small": TagScore(n=2, accuracy=Estimate(value=0.5)),
        "large": TagScore(n=20, accuracy=Estimate(value=0.5)),
        "fine": TagScore(n=9, accuracy=Estimate(value=1.0)),
        "unmeasured": TagScore(n=0, accuracy=Estimate(value=None)),
    }
    assert [tag for tag, _ in view.worst_tags(arm(by_tag=tags))] == ["large", "small"]


def test_gates_that_failed_come_first() -> None:
    assert [one.status for one in view.gates_by_urgency(report())] == ["fail", "undecided", "pass"]


def test_a_gate_reads_as_a_rule_with_what_was_seen() -> None:
    assert view.gate_rule(gate(observed=0.88461)) == "accuracy >= 0.9, observed 0.8846"
    assert view.gate_rule(gate(observed=None)) == "accuracy >= 0.9, not measured"
    assert (
        view.gate_rule(gate(metric="no_regression", op="from", threshold="run-1", observed="worse"))
        == "no_regression from run-1, observed worse"
    )
    assert view.gate_rule(gate(metric="no_regression", op="", threshold=None, observed="better")) == "no_regression, observed better"


def test_a_gates_odds_are_named_where_known() -> None:
    assert view.gate_odds(gate()) == "false alarms 2.1%, power 80.0%"
    assert view.gate_odds(gate(false_alarm=None, power=None)) == ""


@pytest.mark.parametrize(
    ("verdict", "title"),
    [(Verdict.BETTER, "b is better than a"), (Verdict.WORSE, "b is worse than a"), (Verdict.CANNOT_TELL, "Cannot tell b from a")],
)
def test_a_verdict_is_a_sentence(verdict: Verdict, title: str) -> None:
    assert view.comparison_words(_comparison(verdict=verdict)).title == title


def test_the_detail_is_the_explanation_that_compare_prints() -> None:
    assert view.comparison_words(_comparison(note="Left out: 2 cases.")).detail == explain(_comparison(note="Left out: 2 cases."))


def test_the_adjusted_p_value_is_the_one_that_is_shown() -> None:
    assert view.comparison_words(_comparison(p_adjusted=0.8)).also == "p = 0.80"
    assert view.comparison_words(_comparison()).also == "p = 0.42"


def test_runs_that_share_no_case_have_words_too() -> None:
    nothing = Estimate(value=None)
    words = view.comparison_words(_comparison(n=0, fixed=(), broken=(), delta=nothing, mcnemar_p=None))
    assert (words.title, words.also) == ("Cannot tell b from a", "")


def test_other_differences_are_told_with_sign_and_interval() -> None:
    latency = Estimate(value=-120.0, ci_low=-140.0, ci_high=-100.0)
    words = view.comparison_words(
        _comparison(delta_latency_ms=latency, delta_cost_usd=Estimate(value=0.0), delta_macro_f1=Estimate(value=None))
    )
    assert words.also == "p = 0.42, latency −120 ms (−140 ms to −100 ms), cost a message $0"


@pytest.mark.parametrize(
    ("sample", "outcome"),
    [
        (case("a", "refund", "refund"), Outcome.RIGHT),
        (case("a", "refund", "other"), Outcome.WRONG),
        (case("a", "refund", "other", correct=True), Outcome.RIGHT),
        (case("a", "refund", "refund", error={"reason": "timeout", "message": ""}), Outcome.ERROR),
        (case("a", "refund", "refund", fallback_reason="rate_limited"), Outcome.ERROR),
        (case("a", "refund", "refund", error={"reason": "bad_output", "message": ""}), Outcome.WRONG),
        (case("a", "refund", None), Outcome.ERROR),
        (case("a", None, "refund"), Outcome.UNLABELLED),
    ],
    ids=["right", "wrong", "acceptable", "outage", "fallback", "bad-output", "nobody", "unlabelled"],
)
def test_a_provider_error_is_never_a_wrong_answer(sample: dict[str, Any], outcome: Outcome) -> None:
    assert view.outcome(sample) is outcome


def test_an_arm_that_holds_no_cases_has_none() -> None:
    assert not list(view.inline_cases(report(arms=(arm(),)))(0))
    assert len(list(view.inline_cases(report())(1))) == 5


def test_repeats_tell_flaky_cases_from_those_that_are_always_wrong() -> None:
    rows = {
        row.label: row.values for row in view.metric_rows(report(arms=(arm(extra={"stability": {"n_flaky": 4, "n_always_wrong": 9}}),)))
    }
    assert rows["flaky / always wrong"] == ("4 / 9",)


def test_what_the_analyzer_is_worth_when_it_answers_is_told_apart() -> None:
    answered = {"answered_accuracy": {"value": 0.93, "ci_low": 0.9, "ci_high": 0.95}}
    rows = {row.label: row.values for row in view.metric_rows(report(arms=(arm(extra=answered),)))}
    assert rows["accuracy where answered"] == ("93.0% (90.0–95.0%)",)


def _comparison(**more: Any) -> Comparison:
    kept: dict[str, Any] = {
        "a": "a",
        "b": "b",
        "n": 260,
        "fixed": ("x",),
        "broken": ("y", "z"),
        "delta": Estimate(value=0.012, ci_low=-0.015, ci_high=0.039),
        "mcnemar_p": 0.42,
        "p_adjusted": None,
        "verdict": Verdict.CANNOT_TELL,
        "detectable_delta": None,
    }
    return Comparison(**(kept | more))
