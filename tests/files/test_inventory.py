from __future__ import annotations

from dataclasses import replace

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.evalset import Case, EvalSet
from omniforge_cli.core.taxonomy import Label, Taxonomy
from omniforge_cli.files.inventory import difference, inventory

TAXONOMY = Taxonomy(name="desk", labels=(Label(name="refund"), Label(name="delivery")))
A = Case(id="a", message="money back", expected_action="refund", tags=("direct",))
B = Case(id="b", message="where is it", expected_action="delivry", tags=("direct", "typo"), history=(Message(role="user", content="x"),))
C = Case(id="c", message="x" * 40, expected_action="refund", expected_ambiguous=True, agents=(Agent(id="o", name="o"),))


def evalset(*cases: Case) -> EvalSet:
    return EvalSet(name="desk", version="v1", cases=cases)


def test_everything_is_counted():
    counted = inventory(evalset(A, B, C), TAXONOMY)
    assert counted["n_cases"] == 3
    assert list(counted["labels"].items()) == [("refund", 2), ("delivery", 0), ("delivry", 1)]
    assert counted["tags"] == {"direct": 2, "typo": 1}
    assert (counted["n_with_history"], counted["n_with_agents"], counted["n_ambiguous"], counted["n_clear"]) == (1, 1, 1, 0)
    assert counted["message_chars"] == {"median": 11, "p95": 40, "max": 40}


def test_a_set_does_not_differ_from_itself():
    found = difference(evalset(A, B), evalset(B, A))
    assert (found.added, found.removed, found.renamed, found.changed, found.n_same) == ((), (), {}, {}, 2)


def test_added_removed_changed_and_renamed_cases_are_told_apart():
    after = evalset(replace(A, expected_action="delivery", note="why"), replace(B, id="b2"), replace(C, id="d", message="new"))
    found = difference(evalset(A, B, C), after)
    assert found.added == ("d",)
    assert found.removed == ("c",)
    assert found.renamed == {"b": "b2"}
    assert found.changed == {"a": {"expected_action": ("refund", "delivery"), "note": (None, "why")}}
    assert found.n_same == 0
