from __future__ import annotations

from collections.abc import Callable

from omniforge_cli.core.report import ClassScore
from omniforge_cli.reporting import github, markdown
from tests.reporting.samples import arm, gate, report


def test_the_annotations_are_the_golden_file(golden: Callable[[str, str], None]) -> None:
    golden("annotations.txt", github.workflow_commands(report()))


def test_there_are_at_most_ten_and_the_class_missed_most_comes_first() -> None:
    scores = {f"label_{i:02}": ClassScore(precision=0.5, recall=(50 - i) / 51, f1=0.5, support=9) for i in range(50)}
    lines = github.workflow_commands(
        report(arms=(arm(per_class=scores), arm("second", per_class=scores)), gates=(gate(status="fail"),) * 20)
    ).splitlines()
    assert len(lines) == 10
    assert [line.startswith("::error title=gate accuracy::") for line in lines] == [True] * 4 + [False] * 6
    assert lines[4].startswith("::error title=label_49 (llm%3Atiny%3Adesk@v2)::2.0%25 of 9 samples of label_49 were routed rightly")


def test_a_run_that_passed_warns_only() -> None:
    assert set(line.split(" ")[0] for line in github.workflow_commands(report(status="pass")).splitlines()) == {"::warning"}


def test_a_perfect_run_says_nothing() -> None:
    perfect = arm(per_class={"refund": ClassScore(precision=1.0, recall=1.0, f1=1.0, support=9)})
    assert github.workflow_commands(report(arms=(perfect,), gates=())) == ""


def test_a_name_cannot_start_another_command() -> None:
    scores = {"a\n::set-env name=X::y%0A": ClassScore(precision=0.5, recall=0.5, f1=0.5, support=2)}
    lines = github.workflow_commands(report(arms=(arm("evil,file=/etc/passwd", per_class=scores),), gates=())).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("::error title=a %3A%3Aset-env name=X%3A%3Ay%250A (evil%2Cfile=/etc/passwd)::")


def test_the_comment_is_the_report_behind_a_marker_that_stays_the_same() -> None:
    first, second = (
        github.comment(report()),
        github.comment(report(run_id="another", status="pass", evalset={"name": "desk", "version": "v2"})),
    )
    assert first.splitlines()[0] == second.splitlines()[0] == "<!-- omniforge eval_desk -->"
    assert first.endswith(markdown.render(report()))
    assert github.step_summary(report()) == markdown.render(report())


def test_a_set_with_an_odd_name_does_not_end_the_marker() -> None:
    assert github.marker(report(evalset={"name": "x --> <b>"})) == "<!-- omniforge eval_x_b_ -->"
