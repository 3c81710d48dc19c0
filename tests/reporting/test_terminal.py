from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from omniforge_cli.core.report import ClassScore, Confusion
from omniforge_cli.reporting import terminal
from omniforge_cli.reporting.plaintext import displayed_width
from tests.reporting.samples import arm, gate, one_arm_report, report


def test_two_arms_with_gates_and_a_comparison(golden: Callable[[str, str], None]) -> None:
    golden("terminal.txt", terminal.render(report(), files=["reports/r1/report.html", "reports/r1/report.json"], width=100))


def test_one_arm_on_a_narrow_legacy_terminal(golden: Callable[[str, str], None]) -> None:
    golden("terminal_ascii.txt", terminal.render(one_arm_report(), width=60, encoding="ascii"))


def test_the_verdict_is_the_first_word() -> None:
    assert terminal.render(report()).startswith("FAIL  ")


@pytest.mark.parametrize("width", [48, 60, 80, 120])
def test_lines_keep_to_the_width(width: int) -> None:
    lines = terminal.render(report(), width=width).splitlines()
    assert max(map(displayed_width, lines)) <= width


def test_arms_that_do_not_fit_beside_each_other_stand_below() -> None:
    text = terminal.render(report(), width=50)
    assert len(re.findall(r"^accuracy", text, re.MULTILINE)) == 2


def test_color_changes_nothing_but_the_color() -> None:
    colored = terminal.render(report(), color=True)
    assert "\x1b[1;31mFAIL\x1b[0m" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == terminal.render(report())


def test_many_labels_are_shown_by_their_worst() -> None:
    scores = {f"label_{i:03}": ClassScore(precision=0.5, recall=i / 150, f1=0.5, support=10) for i in range(150)}
    text = terminal.render(report(arms=(arm(per_class=scores),)))
    assert "label_000" in text
    assert "label_010" not in text
    assert "and 140 more labels" in text


def test_a_name_cannot_move_the_cursor() -> None:
    text = terminal.render(report(arms=(arm("evil\x1b[2Jarm\r"),), gates=(gate(name="g\x1b]0;x\x07"),)))
    assert not {"\x1b", "\r", "\x07"} & set(text)


def test_a_run_without_arms_still_says_its_verdict() -> None:
    assert terminal.render(report(arms=(), gates=(), comparisons=(), status="undecided")).startswith("UNDECIDED  Too many answers")


def test_a_perfect_arm_has_nothing_confused_and_no_weak_tags() -> None:
    one = arm(per_class={}, by_tag={}, confusion=Confusion(labels=("refund",), matrix=((9,),)))
    text = terminal.render(report(arms=(one,), gates=(), comparisons=()))
    assert not any(title in text for title in ("confused most", "weakest tags", "precision", "gates\n", "comparisons"))
