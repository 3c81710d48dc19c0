from __future__ import annotations

from dataclasses import replace
from typing import Any

from omniforge_cli.core.report import ArmReport
from omniforge_cli.reporting import charts, html, terminal, tradeoffs
from tests.reporting.samples import arm, one_arm_report

BLEND = {
    "answered_accuracy": {"value": 53 / 57, "ci_low": 0.83, "ci_high": 0.97},
    "fallback_accuracy": {"value": 0.5, "ci_low": 0.09, "ci_high": 0.91},
}
CASCADE = {
    "n_local": 45,
    "n_llm": 15,
    "avoided": 0.75,
    "saved_usd": 0.00036,
    "saved_ms": 600.0,
    "local_accuracy": {"value": 0.9, "ci_low": 0.8, "ci_high": 0.96},
    "llm_accuracy": {"value": 0.8, "ci_low": 0.55, "ci_high": 0.93},
}
SWEEP = [
    {"threshold": i / 20, "llm_share": max(i - 5, 0) / 15, "accuracy": 0.7 + i / 100, "mean_cost_usd": i / 1e5, "mean_latency_ms": i * 10.0}
    for i in range(21)
]


def with_extra(**extra: Any) -> ArmReport:
    return replace(arm(), extra=extra)


def test_an_outage_is_told_in_its_parts_and_together() -> None:
    assert tradeoffs.outage_rows(with_extra(**BLEND)) == [
        ("the LLM", "57", "95.0%", "93.0% (83.0–97.0%)"),
        ("its fallback", "2", "3.3%", "50.0% (9.0–91.0%)"),
        ("nobody", "1", "1.7%", "0%"),
        ("together", "60", "100%", "90.0% (79.8–95.3%)"),
    ]


def test_without_an_outage_there_is_nothing_to_tell() -> None:
    assert tradeoffs.outage_rows(replace(with_extra(**BLEND), n_answered=60)) == []
    assert tradeoffs.outage_rows(arm()) == []
    assert tradeoffs.cascade_sentences(arm()) == []
    assert tradeoffs.sweep_rows(arm()) == []


def test_a_cascade_says_what_it_saved_and_what_it_kept() -> None:
    saved, right = tradeoffs.cascade_sentences(with_extra(cascade=CASCADE))
    assert saved == "The cascade kept 75.0% of 60 messages from the LLM, which saved about $0.00036 and 600 ms a message."
    assert right == "Right: 90.0% (80.0–96.0%) of 45 local answers, 80.0% (55.0–93.0%) of 15 LLM answers."
    unknown = with_extra(cascade=CASCADE | {"saved_usd": None, "saved_ms": None, "n_llm": 0})
    assert tradeoffs.cascade_sentences(unknown)[0].endswith("from the LLM.")


def test_a_few_steps_of_the_curve_stand_for_it_and_its_ends_are_kept() -> None:
    rows = tradeoffs.sweep_rows(with_extra(sweep=SWEEP))
    assert len(rows) == 7
    assert (rows[0][:3], rows[-1][:3]) == (("0.00", "0%", "70.0%"), ("1.00", "100%", "90.0%"))


def test_the_terminal_and_the_page_show_them() -> None:
    report = one_arm_report()
    report = replace(report, arms=(replace(report.arms[0], extra={**BLEND, "cascade": CASCADE, "sweep": SWEEP}),))
    text, page = terminal.render(report, width=100), html.render(report)
    for told in ("its fallback", "50.0% (9.0–91.0%)", "The cascade kept 75.0%", "LLM under"):
        assert told in text
        assert told in page
    assert "Cascade: accuracy against" in page


def test_the_curve_needs_two_points() -> None:
    assert charts.tradeoff([(0.0, 0.8, 0.0)]) == ""
    drawn = charts.tradeoff([(0.0, 0.8, 0.0), (1.0, 0.95, 1.0), (0.5, float("nan"), 0.5)])
    assert drawn.count("<circle") == 2
    assert "under 1.00: 100% asked, 95.0% right" in drawn
