from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from omniforge_cli.core.report import Estimate, GateStatus
from omniforge_cli.reporting import markdown
from tests.reporting.samples import arm, gate, report


def test_report_md_is_the_golden_file(golden: Callable[[str, str], None]) -> None:
    golden("report.md", markdown.render(report()))


def test_a_large_run_stays_short_enough_for_a_comment() -> None:
    whole = report()
    many_arms = tuple(arm(f"llm:model-{i}:desk@v{i}") for i in range(40))
    ids = tuple(f"case-{i}" for i in range(5000))
    comparison = replace(whole.comparisons[0], fixed=ids, broken=ids)
    gates = tuple(gate(name=f"g{i}", status=GateStatus.FAIL, why="too low") for i in range(300))
    text = markdown.render(report(arms=many_arms, comparisons=(comparison,) * 60, gates=gates))
    assert len(text) < 30_000
    assert "and 4,990 more" in text
    assert "and 280 more gates that did not pass" in text
    assert "and 20 more arms" in text


def test_gates_that_passed_are_only_counted() -> None:
    text = markdown.render(report())
    assert "✅ 1 passed" in text
    assert "0.8833" not in text


def test_names_cannot_break_the_table_ping_people_or_bring_html() -> None:
    text = markdown.render(report(arms=(arm("a|b`c`<script>"),), gates=(gate(name="@everyone <img src=x>", status=GateStatus.FAIL),)))
    assert "`a¦b'c'<script>`" in text
    assert "@\u200beveryone \\<img" in text


def test_a_pass_says_so_and_lists_nothing_to_do() -> None:
    text = markdown.render(report(status="pass", gates=(gate(),), comparisons=()))
    assert text.startswith("## ✅ PASS — The only gate passed.")
    assert "❌" not in text


def test_five_arms_stand_a_line_each() -> None:
    text = markdown.render(report(arms=tuple(arm(f"arm-{i}") for i in range(5)), comparisons=(), gates=()))
    assert "| arm | accuracy |" in text
    assert sum(line.startswith("| `arm-3` | 88.3%") for line in text.splitlines()) == 1
    assert "### Gates" not in text


def test_a_comparison_without_any_number_is_only_told() -> None:
    nothing = replace(report().comparisons[0], delta=Estimate(value=None), mcnemar_p=None, p_adjusted=None, fixed=(), broken=())
    nothing = replace(nothing, delta_macro_f1=None, delta_latency_ms=None, delta_cost_usd=None)
    text = markdown.render(report(arms=(), comparisons=(nothing,)))
    assert "share no case that can be compared" in text
    assert "Fixed" not in text
    assert "| " not in text
