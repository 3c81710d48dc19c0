from __future__ import annotations

import random
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omniforge_cli.core.decision import OUTAGE_REASONS, FallbackReason, Source, Usage
from omniforge_cli.core.report import ArmReport, Estimate
from omniforge_cli.core.run import Sample
from omniforge_cli.core.taxonomy import Label, Taxonomy
from omniforge_cli.scoring.statistics import wilson
from omniforge_cli.scoring.summary import ArmAccumulator
from tests.scoring.making import ARM, TAXONOMY, accumulate, answered, failed, report_of

LABELS = st.sampled_from(TAXONOMY.names)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    expected, predicted = draw(LABELS), draw(LABELS)
    reason = draw(st.sampled_from([None, None, None, *FallbackReason]))
    changes: dict[str, Any] = {
        "case_id": f"case {draw(st.integers(0, 5))}",
        "repeat": draw(st.integers(0, 1)),
        "latency_ms": draw(st.floats(0, 5000)),
        "calls": draw(st.integers(0, 2)),
        "cached": draw(st.booleans()),
        "usage": draw(st.sampled_from([Usage(prompt_tokens=7, completion_tokens=3, cost_usd=0.25), Usage(cost_usd=0.5)])),
        "is_ambiguous": draw(st.booleans()),
        "expected_ambiguous": draw(st.sampled_from([None, True, False])),
        "tags": tuple(draw(st.sets(st.sampled_from(["direct", "trap", "ambiguous"])))),
        "expected_entities": draw(st.sampled_from([{}, {"day": "every monday"}])),
        "entities": draw(st.sampled_from([{}, {"day": "monday"}, {"day": "Every Monday", "tool": "x"}])),
    }
    if reason is not None:
        return failed(reason, expected, draw(st.sampled_from([None, predicted])), **changes)
    return answered(expected, predicted, correct=expected == predicted or draw(st.booleans()), confidence=draw(st.floats(0, 1)), **changes)


many = st.lists(samples(), max_size=40)


def numbers(value: Any, path: str = "") -> dict[str, Any]:
    """Every leaf of a report, by its path."""
    if isinstance(value, dict):
        return {key: leaf for name, child in value.items() for key, leaf in numbers(child, f"{path}.{name}").items()}
    if isinstance(value, list | tuple):
        return {key: leaf for index, child in enumerate(value) for key, leaf in numbers(child, f"{path}.{index}").items()}
    return {path: value}


def same(one: ArmReport, other: ArmReport) -> bool:
    left, right = numbers(one.to_dict()), numbers(other.to_dict())
    return left.keys() == right.keys() and all(
        right[path] == (pytest.approx(value, abs=1e-9) if isinstance(value, float) else value) for path, value in left.items()
    )


def test_a_fallback_and_an_error_are_misses_for_accuracy_and_the_fallback_counts_for_the_system():
    report = report_of(
        answered(), answered(predicted="b"), failed(FallbackReason.BAD_OUTPUT, fallback="a"), failed(FallbackReason.TIMEOUT, fallback="b"),
        failed(FallbackReason.TIMEOUT),
    )  # fmt: skip
    assert (report.n, report.n_answered, report.n_fallbacks, report.n_errors, report.n_outages) == (5, 2, 2, 1, 2)
    assert report.accuracy.value == 0.2
    assert (report.accuracy.ci_low, report.accuracy.ci_high) == wilson(1, 5)
    assert report.system_accuracy.value == 0.4
    assert (report.fallback_rate, report.error_rate) == (0.4, 0.2)
    assert report.fallback_reasons == {"bad_output": 1, "timeout": 2}
    assert sum(map(sum, report.confusion.matrix)) == 2
    assert report.per_class["a"].recall == 0.2
    assert report.per_class["a"].precision == 1.0
    assert report.extra["answered_accuracy"]["value"] == 0.5
    assert sum(n for _, n in report.extra["latency_histogram"]) == report.latency_ms.n
    assert report.extra["fallback_accuracy"]["value"] == 0.5


def test_an_acceptable_answer_is_on_the_diagonal():
    report = report_of(answered("a", "b", correct=True))
    assert report.confusion.matrix[0] == (1, 0, 0)
    assert report.per_class["b"].precision is None
    assert report.macro_f1 == 1.0


def test_a_sample_without_an_expected_label_only_costs():
    report = report_of(answered(), answered(expected=None, correct=False, tags=("direct",)))
    assert (report.n, report.n_unlabelled) == (1, 1)
    assert report.accuracy.value == 1.0
    assert report.by_tag == {}
    assert report.latency_ms.n == 2
    assert report.tokens == {"prompt": 20, "completion": 4}
    assert report.cost_usd.total == pytest.approx(0.002)


def test_cached_answers_and_samples_without_a_call_are_left_out_of_latency():
    report = report_of(
        answered(latency_ms=10.0),
        answered(cached=True, latency_ms=99.0),
        answered(calls=0),
        failed(FallbackReason.TIMEOUT, latency_ms=500.0),
    )
    assert (report.latency_ms.n, report.latency_ms.n_cached, report.latency_ms.max) == (2, 1, 500.0)


def test_an_offline_arm_costs_nothing_and_has_no_latency():
    report = report_of(*[answered(source=Source.LOCAL, usage=None, calls=0)] * 3)
    assert (report.cost_usd.total, report.cost_usd.mean, report.cost_usd.p95) == (0.0, 0.0, 0.0)
    assert report.latency_ms.p95 is None


def test_one_unknown_price_leaves_the_cost_unknown():
    assert report_of(answered(), answered(usage=Usage(prompt_tokens=5))).cost_usd.total is None


def test_outages_counted_right_change_judgements_and_no_facts():
    accumulator = accumulate(
        answered(tags=("t",)),
        failed(FallbackReason.TIMEOUT, "b", fallback="c", tags=("t",)),
        failed(FallbackReason.AUTH, "b"),
        failed(FallbackReason.BAD_OUTPUT, "b"),
    )
    wrong, right = accumulator.report(ARM), accumulator.if_outages_right(ARM)
    assert (wrong.accuracy.value, right.accuracy.value) == (0.25, 0.75)
    assert (wrong.system_accuracy.value, right.system_accuracy.value) == (0.25, 0.75)
    assert (wrong.by_tag["t"].accuracy.value, right.by_tag["t"].accuracy.value) == (0.5, 1.0)
    assert (wrong.per_class["b"].recall, right.per_class["b"].recall) == (0.0, 2 / 3)
    assert right.macro_f1 > wrong.macro_f1
    for name in (
        "n",
        "n_fallbacks",
        "n_errors",
        "fallback_rate",
        "error_rate",
        "latency_ms",
        "cost_usd",
        "tokens",
        "ece",
        "fallback_reasons",
    ):
        assert getattr(wrong, name) == getattr(right, name), name
    assert accumulator.report(ARM) == wrong


def test_repeats_bring_flips_and_intervals_by_case():
    once = [answered("a", "a" if case < 30 else "b", case_id=str(case)) for case in range(40)]
    single = report_of(*once)
    threefold = report_of(*[replace(sample, repeat=repeat) for repeat in range(3) for sample in once])
    assert single.flip_rate is None
    assert single.extra["stability"] is None
    assert threefold.flip_rate == 0.0
    assert (threefold.n, threefold.extra["n_cases"]) == (120, 40)
    assert (threefold.accuracy.ci_low, threefold.accuracy.ci_high) == pytest.approx((single.accuracy.ci_low, single.accuracy.ci_high))
    assert threefold.extra["stability"]["n_always_wrong"] == 10
    assert threefold.extra["stability"]["always_wrong"][0] == "30"


def test_a_flaky_case_is_named_and_an_outage_is_no_flip():
    report = report_of(
        answered(case_id="x"),
        answered(case_id="x", predicted="b", repeat=1),
        answered(case_id="y"),
        answered(case_id="y", repeat=1),
        failed(FallbackReason.TIMEOUT, case_id="y", repeat=2),
    )
    assert report.flip_rate == 0.5
    assert report.extra["stability"]["flaky"] == {"x": 0.5}


def test_an_expected_label_of_an_older_taxonomy_is_kept():
    report = report_of(answered("retired", "a"))
    assert report.confusion.labels == ("a", "b", "c", "retired")
    assert report.per_class["retired"].recall == 0.0
    assert sum(map(sum, report.confusion.matrix)) == report.n_answered


def test_an_answer_without_confidence_and_an_error_without_a_reason_still_count():
    report = report_of(answered(confidence=None), replace(failed(FallbackReason.BAD_OUTPUT), error=None))
    assert (report.n_answered, report.n_errors, report.ece, report.fallback_reasons) == (1, 1, None, {})
    assert report.accuracy.value == 0.5


def test_the_threshold_is_fitted_on_half_of_the_cases_and_judged_on_the_others():
    fit = report_of(*[answered(confidence=0.9 if index % 4 else 0.2, correct=index % 4 > 0) for index in range(400)]).extra[
        "confidence_threshold"
    ]
    assert fit["wanted"] == 0.95
    assert fit["threshold"] == 0.9
    assert fit["precision"]["value"] == 1.0
    assert fit["coverage"] == pytest.approx(0.75, abs=0.1)


def test_nothing_measured_is_none_everywhere():
    report = report_of()
    for item in fields(report):
        value = getattr(report, item.name)
        if isinstance(value, Estimate):
            assert value.value is None, item.name
    for name in ("macro_f1", "ece", "brier", "clarification_rate", "fallback_rate", "error_rate", "flip_rate"):
        assert getattr(report, name) is None, name
    assert report.latency_ms.p95 is None
    assert report.cost_usd.mean is None
    assert (report.entities.f1, report.ambiguity.recall) == (None, None)


def test_perfect_is_perfect():
    report = report_of(
        *[answered(name, name, confidence=1.0, tags=("t",), entities={"x": "y"}, expected_entities={"x": "y"}) for name in "abc"],
        answered(is_ambiguous=True, expected_ambiguous=True, confidence=1.0),
    )
    for value in (report.accuracy.value, report.system_accuracy.value, report.macro_f1, report.entities.f1, report.ambiguity.f1):
        assert value == 1.0
    for value in (report.ece, report.brier, report.clarification_rate, report.fallback_rate, report.error_rate):
        assert value == 0.0
    assert report.by_tag["t"].accuracy.value == 1.0


@settings(max_examples=60, deadline=None)
@given(many)
def test_every_count_is_what_a_list_of_samples_gives(listed: list[Sample]):
    report = report_of(*listed)
    n = len(listed)
    asked = [sample for sample in listed if sample.error is None]
    assert report.n == n == report.n_answered + report.n_fallbacks + report.n_errors
    assert report.n_answered == len(asked) == sum(map(sum, report.confusion.matrix))
    assert report.n_outages == sum(sample.error is not None and sample.error.reason in OUTAGE_REASONS for sample in listed)
    assert report.accuracy.value == (sum(sample.correct for sample in asked) / n if n else None)
    assert report.system_accuracy.value == (sum(sample.correct for sample in listed) / n if n else None)
    for tag, score in report.by_tag.items():
        tagged = [sample for sample in listed if tag in sample.tags]
        assert (score.n, score.accuracy.value) == (len(tagged), sum(sample.asked_correct for sample in tagged) / len(tagged))
    for label, score in report.per_class.items():
        support = [sample for sample in listed if sample.expected == label]
        assert score.support == len(support)
        assert score.recall == (sum(sample.asked_correct for sample in support) / len(support) if support else None)
    clear = [s for s in asked if not (s.expected_ambiguous if s.expected_ambiguous is not None else "ambiguous" in s.tags)]
    assert report.clarification_rate == (sum(sample.is_ambiguous for sample in clear) / len(clear) if clear else None)
    timed = sorted(sample.latency_ms for sample in listed if sample.calls and not sample.cached)
    assert report.latency_ms.p50 == (timed[(len(timed) + 1) // 2 - 1] if timed else None)
    assert report.cost_usd.total == (pytest.approx(sum(sample.usage.cost_usd for sample in listed)) if n else None)
    assert report.tokens["prompt"] == sum(sample.usage.prompt_tokens for sample in listed)
    assert (report.flip_rate is None) == (not (report.extra["stability"]))


@settings(max_examples=30, deadline=None)
@given(many, st.randoms(use_true_random=False))
def test_the_order_of_samples_does_not_matter(listed: list[Sample], rng: random.Random):
    shuffled = listed.copy()
    rng.shuffle(shuffled)
    assert same(report_of(*listed), report_of(*shuffled))


@settings(max_examples=30, deadline=None)
@given(many, st.integers(0, 40))
def test_merged_accumulators_give_the_report_of_one(listed: list[Sample], cut: int):
    whole, merged = accumulate(*listed), accumulate(*listed[:cut])
    merged.merge(accumulate(*listed[cut:]))
    assert same(whole.report(ARM), merged.report(ARM))
    assert same(whole.if_outages_right(ARM), merged.if_outages_right(ARM))


@settings(max_examples=30, deadline=None)
@given(many)
def test_the_names_of_labels_do_not_matter(listed: list[Sample]):
    names = {"a": "x y", "b": "ü.ä", "c": "c"}
    renamed = Taxonomy(name="other", labels=tuple(Label(name=names[name]) for name in TAXONOMY.names))
    one = report_of(*listed)
    other = report_of(*[replace(s, expected=names[s.expected], predicted=names.get(s.predicted)) for s in listed], taxonomy=renamed)
    assert one.confusion.matrix == other.confusion.matrix
    assert list(one.per_class.values()) == list(other.per_class.values())
    assert (one.macro_f1, one.accuracy, one.flip_rate, one.ece) == (other.macro_f1, other.accuracy, other.flip_rate, other.ece)


@settings(max_examples=30, deadline=None)
@given(many)
def test_counting_outages_right_never_lowers_a_score(listed: list[Sample]):
    accumulator = accumulate(*listed)
    wrong, right = accumulator.report(ARM), accumulator.if_outages_right(ARM)
    for name in ("accuracy", "system_accuracy"):
        assert (getattr(right, name).value or 0) >= (getattr(wrong, name).value or 0)
    assert (right.macro_f1 or 0) >= (wrong.macro_f1 or 0) - 1e-12
    assert (right.entities.recall or 0) >= (wrong.entities.recall or 0)
    assert wrong == right or wrong.n_outages


def test_a_report_may_be_asked_for_at_any_moment():
    accumulator = ArmAccumulator(TAXONOMY)
    accumulator.add(answered(case_id="x"))
    early = accumulator.report(ARM)
    accumulator.add(answered(case_id="y", predicted="b"))
    assert (early.n, early.accuracy.value) == (1, 1.0)
    assert accumulator.report(ARM).accuracy.value == 0.5
    assert early.name == "llm:m:intent@v1"
