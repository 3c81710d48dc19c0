from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.reporting import entries
from tests.reporting.samples import case, report

TIMEOUT = {"reason": "timeout", "message": "no answer"}


def _select(arms: list[Sequence[Mapping[str, Any]]], budget: int, **more: Any) -> entries.Selection:
    return entries.select(lambda arm: arms[arm], len(arms), budget, **more)


def _ids(selection: entries.Selection) -> list[str]:
    return [one["id"] for one in json.loads(selection.data)]


def test_wrong_and_changed_cases_come_first_then_wrong_then_errors_then_the_rest() -> None:
    first = [
        case("right", "refund", "refund"),
        case("error", "refund", None, error=TIMEOUT),
        case("wrong", "refund", "other"),
        case("broken", "refund", "refund"),
    ]
    second = [
        case("right", "refund", "refund"),
        case("error", "refund", "refund"),
        case("wrong", "refund", "other"),
        case("broken", "refund", "other"),
    ]
    selection = _select([first, second], 100_000)
    assert _ids(selection) == ["broken", "wrong", "error", "right"]
    assert (selection.shown, selection.total, selection.notable) == (4, 4, 3)


def test_cases_that_are_named_come_before_everything_else() -> None:
    samples = [case("wrong", "refund", "other"), case("named", "refund", "refund")]
    assert _ids(_select([samples], 100_000, first=["named"])) == ["named", "wrong"]


def test_what_does_not_fit_is_left_out_and_counted() -> None:
    samples = [case(f"wrong-{i}", "refund", "other", reasoning="r" * 500) for i in range(50)] + [case("right", "refund", "refund")]
    selection = _select([samples], 8_000)
    assert 0 < selection.shown < 50
    assert (selection.total, selection.notable, selection.notable_shown) == (51, 50, selection.shown)
    assert len(selection.data.encode()) <= 8_000 + 2


def test_arms_stand_side_by_side_and_a_case_that_one_arm_lacks_is_empty_there() -> None:
    whole = report()
    read = {one["id"]: one for one in json.loads(_select([arm.cases or () for arm in whole.arms], 100_000).data)}
    assert [result["predicted"] for result in read["refund-1"]["results"]] == ["cancel_order", "refund"]
    assert read["refund-1"]["changed"]
    lonely = json.loads(_select([[case("a", "refund", "refund")], []], 9_000).data)
    assert lonely[0]["results"][1] is None


def test_a_provider_that_was_not_there_is_no_change() -> None:
    arms = [[case("a", "refund", None, error=TIMEOUT)], [case("a", "refund", "refund")]]
    assert "changed" not in json.loads(_select(arms, 9_000).data)[0]


def test_repeats_are_one_entry_that_tells_the_first_wrong_answer_and_how_often_it_was_right() -> None:
    samples = [case("a", "refund", answer, repeat=i) for i, answer in enumerate(["refund", "other", "refund"])]
    result = json.loads(_select([samples], 9_000).data)[0]["results"][0]
    assert (result["predicted"], result["outcome"], result["unstable"]) == ("other", "wrong", True)
    assert (result["mark"], result["repeats"]) == ("right 2 of 3", "refund ×2, other ×1")


def test_a_repeat_that_another_analyzer_answered_is_told_by_its_reason() -> None:
    samples = [case("a", "refund", "refund"), case("a", "refund", "refund", repeat=1, error=TIMEOUT)]
    result = json.loads(_select([samples], 9_000).data)[0]["results"][0]
    assert (result["outcome"], result["mark"], result["repeats"]) == ("error", "right 1 of 2", "refund ×1, timeout ×1")


def test_the_same_id_with_another_content_is_another_case() -> None:
    arms = [[case("a", "refund", "refund", case_hash="1")], [case("a", "refund", "refund", case_hash="2")]]
    assert _select(arms, 9_000).total == 2


def test_samples_are_streamed() -> None:
    def stored(_arm: int) -> Iterator[dict[str, Any]]:
        return (case(f"case-{i}", "refund", "other") for i in range(10))

    assert entries.select(stored, 1, 100_000).shown == 10


@given(st.text(st.characters()))
def test_no_text_ends_the_script_that_holds_it(text: str) -> None:
    data = _select([[case("a", "refund", "refund", message=text, reasoning="</script><!--" + text)]], 100_000).data
    assert not {"<", ">", "&", "\u2028", "\u2029"} & set(data)
    data.encode("utf-8")
    json.loads(data)
