from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.evalset import Case
from omniforge_cli.evals.packing import pack, unpack

TEXTS = st.text(st.characters(), max_size=20)
WORDS = st.lists(TEXTS, max_size=3).map(tuple)
CASES = st.builds(
    Case,
    id=TEXTS,
    message=TEXTS,
    expected_action=st.none() | TEXTS,
    acceptable_actions=WORDS,
    expected_entities=st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS), max_size=2),
    expected_ambiguous=st.none() | st.booleans(),
    history=st.lists(st.builds(Message, role=TEXTS, content=TEXTS), max_size=3).map(tuple),
    agents=st.lists(st.builds(Agent, id=TEXTS, name=TEXTS, description=TEXTS, skills=WORDS), max_size=2).map(tuple),
    tags=WORDS,
    note=TEXTS,
    description=TEXTS,
    origin=st.none() | TEXTS,
    decided_then=st.dictionaries(TEXTS, TEXTS, max_size=2),
)


@given(st.lists(CASES, max_size=4))
def test_cases_come_back_as_they_were(cases: list[Case]) -> None:
    assert unpack(pack(cases)) == cases


def test_a_message_of_many_histories_is_written_once() -> None:
    said = [Message(role="user", content=f"message {number}") for number in range(20)]
    cases = [Case(id=str(n), message="and?", expected_action=None, history=tuple(said[:n])) for n in range(20)]
    messages, _ = json.loads(pack(cases))
    assert len(messages) == 19
