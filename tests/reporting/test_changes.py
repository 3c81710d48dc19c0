from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from omniforge_cli.core.report import ArmReport, Estimate, GateStatus, Report, Verdict
from omniforge_cli.reporting import changes, github, html, markdown, terminal, view
from tests.reporting.samples import arm, case, gate, report

FLIPS = [{"then": "refund", "now": "cancel_order", "n": 4, "share": 4 / 60}, {"then": "refund", "now": None, "n": 1, "share": 1 / 60}]


def turn(id_: str, then: str | None, now: str | None, **more: Any) -> dict[str, Any]:
    decided = {"action_type": then, "confidence": 0.71, "reasoning": "money was named", "source": "llm"} if then else {}
    return case(id_, then, now, decided_then=decided, reasoning="the order is named", **more)


def replayed(**more: Any) -> Report:
    cases = [
        turn("c1#1", "refund", "refund"),
        turn("c1#3", "refund", "cancel_order", message="take it back | now"),
        turn("c2#1", "refund", None, error={"reason": "timeout", "message": "no", "attempts": 1}, fallback_reason="timeout"),
        turn("c3#1", None, "refund"),
    ]
    one = arm(cases=cases, accuracy=Estimate(value=55 / 60, ci_low=0.8, ci_high=0.97), extra={"flips": FLIPS})
    kept: dict[str, Any] = {"command": "replay", "arms": (one,), "comparisons": (), "gates": (), "status": "no_gates"}
    return report(**(kept | more))


def test_the_changed_turns_are_those_decided_otherwise_and_not_the_unlabelled() -> None:
    shown, total = changes.changed_turns(replayed().arms[0].cases or (), 9)
    assert ([turn.id for turn in shown], total) == (["c1#3", "c2#1"], 2)
    assert (shown[0].then.action, shown[0].now.action, shown[0].then.confidence) == ("refund", "cancel_order", "0.710")
    assert (shown[1].now.action, shown[1].now.reasoning) == ("no answer", "timeout")


def test_of_repeats_the_first_that_changed_is_told_and_all_turns_are_counted() -> None:
    cases = [turn("a", "refund", "other", repeat=n) for n in range(3)] + [turn("b", "refund", "other")]
    shown, total = changes.changed_turns(cases, 1)
    assert ([one.id for one in shown], total) == (["a"], 2)


def test_odd_metadata_of_another_system_does_no_harm() -> None:
    odd = turn("a", "refund", "other") | {"decided_then": {"confidence": "high", "reasoning": ["x"], "source": {}}}
    (shown,), _ = changes.changed_turns([odd], 1)
    assert shown.then == changes.Side(action="refund", confidence="", reasoning="['x']")


def test_the_terminal_shows_flips_and_turns_side_by_side() -> None:
    text = terminal.render(replayed(), width=100)
    assert "91.7% of 60 turns decided as then, 5 are not." in text
    assert re.search(r"refund +→ +cancel_order +4 +6\.7%", text)
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("c1#3"))
    assert lines[at + 1].startswith("  then  refund        0.710  money")
    assert lines[at + 2].startswith("  now   cancel_order  0.910  the order")
    assert "confused most" not in text


def test_the_terminal_keeps_to_its_width() -> None:
    assert max(map(len, terminal.render(replayed(), width=50).splitlines())) <= 50


def test_markdown_shows_both_reasonings_in_one_row() -> None:
    text = markdown.render(replayed())
    assert "| `refund` → `cancel_order` | 4 | 6.7% |" in text
    assert "| `c1#3` take it back \\| now | `refund` 0.710<br>money was named | `cancel_order` 0.910<br>the order is named |" in text
    assert "expected → answered" not in text


def test_the_page_holds_the_table_and_what_was_decided_then() -> None:
    page = html.render(replayed())
    assert 'aria-label="Changed decisions' in page
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    by_id = {one["id"]: one for one in data["cases"]}
    assert data["command"] == "replay"
    assert by_id["c1#3"]["then"] == {
        "outcome": "then", "predicted": "refund", "confidence": "0.710", "source": "llm", "reasoning": "money was named",
    }  # fmt: skip
    assert "then" not in by_id["c3#1"]


def test_an_eval_has_no_flips() -> None:
    assert "Changed decisions" not in html.render(report())
    assert "decided then" not in terminal.render(report())


def test_every_word_is_of_agreement() -> None:
    failed = gate(name="agreement", status=GateStatus.FAIL, why="")
    both = (replayed().arms[0], arm("second"))
    one = replayed(arms=both, comparisons=(replace(report().comparisons[0], verdict=Verdict.WORSE),), gates=(failed,), status="fail")
    for text in (terminal.render(one, width=400), markdown.render(one), github.workflow_commands(one)):
        assert "agreement" in text
        assert "accuracy" not in text
    assert "further from what was decided then" in markdown.render(one)


def test_a_replay_without_any_decision_of_then_says_so() -> None:
    nothing = replace(replayed().arms[0], n=0)
    assert view.headline(replayed(arms=(nothing,))).sentence.startswith("No turn has a decision made then to agree with.")


def test_one_change_is_told_in_the_singular() -> None:
    def sentence(flips: list[dict[str, Any]]) -> str:
        one: ArmReport = replace(replayed().arms[0], extra={"flips": flips})
        return view.headline(replayed(arms=(one,))).sentence

    assert "1 is not." in sentence(FLIPS[1:])
    assert "none changed." in sentence([])
