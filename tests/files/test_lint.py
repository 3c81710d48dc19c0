from __future__ import annotations

from pathlib import Path

import pytest

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.evalset import Case, EvalSet
from omniforge_cli.core.taxonomy import Label, Taxonomy
from omniforge_cli.files.lint import Finding, Level, Seen, leaks, lint
from omniforge_cli.files.similar import Text
from omniforge_cli.files.training import seen_in

TAXONOMY = Taxonomy(name="desk", labels=tuple(Label(name=name) for name in ("refund", "delivery", "other")))
LONG = "Where on earth is the parcel that I ordered last week?"


def case(number: int, message: str, label: str = "refund", **more: object) -> Case:
    return Case(id=f"c{number}", message=message, expected_action=label, **more)  # type: ignore[arg-type]


def evalset(*cases: Case) -> EvalSet:
    return EvalSet(name="desk", version="v1", cases=cases)


def kinds(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.level.value, finding.kind) for finding in findings]


def balanced(*more: Case) -> EvalSet:
    return evalset(*more, case(91, "I want my money back", "refund"), case(92, LONG, "delivery"), case(93, "good morning", "other"))


def test_a_sound_set_has_no_findings():
    assert lint(balanced(), TAXONOMY) == []


def test_an_unknown_label_is_one_error_with_all_its_cases_and_the_nearest_label():
    found = lint(balanced(case(1, "a parcel", "delivry"), case(2, "two parcels", "delivry")), TAXONOMY)
    (finding,) = found
    assert (finding.level, finding.kind, finding.cases) == (Level.ERROR, "unknown_label", ("c1", "c2"))
    assert finding.message == "case c1 and 1 more: 'delivry' is not a label of taxonomy desk; did you mean 'delivery'?"


def test_an_unknown_acceptable_label_is_an_error_too():
    assert kinds(lint(balanced(case(1, "a parcel", acceptable_actions=("nope",))), TAXONOMY)) == [("error", "unknown_label")]


def test_a_set_of_another_taxonomy_is_one_error_that_names_the_option():
    found = lint(evalset(case(1, "x", "cat"), case(2, "y", "dog")), TAXONOMY)
    assert kinds(found) == [("error", "unknown_label"), ("warning", "empty_class")]
    assert "--taxonomy" in found[0].message


def test_the_same_message_twice_is_a_warning():
    found = lint(balanced(case(1, "Refund me!"), case(2, "refund me")), TAXONOMY)
    assert kinds(found) == [("warning", "duplicate")]
    assert found[0].cases == ("c2", "c1")


def test_the_same_message_with_another_label_is_an_error_and_comes_first():
    found = lint(balanced(case(1, "nearly the same thing"), case(2, "nearly the same things"), case(3, LONG, "refund")), TAXONOMY)
    assert kinds(found) == [("error", "contradiction"), ("warning", "near_duplicate")]
    assert "there refund and here delivery" in found[0].message


def test_an_acceptable_answer_is_no_contradiction():
    found = lint(balanced(case(1, "my parcel"), case(2, "my parcel", "delivery", acceptable_actions=("refund",))), TAXONOMY)
    assert kinds(found) == [("warning", "duplicate")]


@pytest.mark.parametrize(
    "difference",
    [{"history": (Message(role="assistant", content="Shall I refund it?"),)}, {"agents": (Agent(id="otter", name="Otter"),)}],
    ids=["history", "agents"],
)
def test_the_same_message_in_another_situation_may_have_another_label(difference: dict[str, object]):
    found = lint(balanced(case(1, "yes"), case(2, "yes", "delivery", **difference)), TAXONOMY)
    assert ("error", "contradiction") not in kinds(found)


def test_a_near_duplicate_says_when_its_label_differs():
    found = lint(balanced(case(1, "where on earth is the parcel I ordered last week")), TAXONOMY)
    assert kinds(found) == [("warning", "near_duplicate")]
    assert found[0].message.endswith("like case c1, which is labelled refund")


def test_labels_without_a_case_are_a_warning():
    found = lint(evalset(case(1, "money back")), TAXONOMY)
    assert kinds(found) == [("warning", "empty_class")]
    assert found[0].message == "2 labels have no case: delivery, other"


def test_a_class_more_than_five_times_another_is_a_warning():
    words = ("one", "seven", "thirteen", "ninety", "forty", "thousand")
    many = [case(number, f"please refund {word} pounds of {word}", "refund") for number, word in enumerate(words[:5])]
    assert ("warning", "imbalance") in kinds(lint(balanced(*many), TAXONOMY))
    assert ("warning", "imbalance") not in kinds(lint(balanced(*many[:4]), TAXONOMY))


def test_a_telling_message_that_was_seen_is_an_error_and_a_short_one_a_warning():
    seen = [Seen(text=Text(message=text), where=f"data/a.jsonl:{line}") for line, text in enumerate((LONG, "GOOD MORNING"), start=1)]
    found = leaks(balanced(), seen)
    assert kinds(found) == [("error", "leak"), ("warning", "leak")]
    assert found[0].message == "case c92: its message stands in data/a.jsonl:1 too"


def test_a_message_nearly_like_a_seen_one_is_a_warning():
    seen = [Seen(text=Text(message=f"{LONG} Please!"), where="prompt desk@v1, example 3")]
    found = leaks(balanced(), seen)
    assert kinds(found) == [("warning", "near_leak")]
    assert "like one in prompt desk@v1, example 3" in found[0].message


def test_a_follow_up_leaks_only_with_its_history():
    followup = case(1, "yes, the second one of them please", history=(Message(role="assistant", content="Which of these?"),))
    bare = Seen(text=Text(message=followup.message), where="x")
    assert leaks(balanced(followup), [bare]) == []
    whole = Seen(text=Text(message=followup.message, history="Which of these?"), where="x")
    assert kinds(leaks(balanced(followup), [whole])) == [("error", "leak")]


def test_training_messages_are_found_however_deep_and_other_files_are_passed_over(tmp_path: Path):
    deep = tmp_path / "data" / "intent"
    deep.mkdir(parents=True)
    (deep / "a.jsonl").write_text('{"message": "hello"}\nbroken\n{"text": "there", "history": [{"role": "user", "content": "well"}]}\n')
    (deep / "logs.jsonl").write_text('{"level": "info"}\n{"message": "not read"}\n')
    (deep / "odd.jsonl").write_bytes(b"\xff\xfe[1]\n")
    (tmp_path / "data" / "notes.txt").write_text("hello")
    assert seen_in(tmp_path / "data") == [
        Seen(text=Text(message="hello"), where="data/intent/a.jsonl:1"),
        Seen(text=Text(message="there", history="well"), where="data/intent/a.jsonl:3"),
    ]
