from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.errors import ConversationFileError
from omniforge_cli.files.conversation import agents_from, history_from, parse_json

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "id", "name", "skills", "description", "agents", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


def test_a_history_is_a_list_of_roles_and_contents():
    entries = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": ""}, {"role": "system", "content": "be kind", "more": 1}]
    assert history_from(entries, "h") == (
        Message(role="user", content="hi"),
        Message(role="assistant", content=""),
        Message(role="system", content="be kind"),
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"role": "user"}, "h: a history is a list"),
        ("hi", "h: a history is a list"),
        (["hi"], "h: history entry 1 is not {role, content}"),
        ([{"role": "user", "content": "a"}, {"role": "user", "content": 5}], "h: history entry 2 is not"),
        ([{"role": "bot", "content": "a"}], "h: history entry 1 has role 'bot'; it is one of assistant, system, user"),
        ([{"content": "a"}], "h: history entry 1 has role None"),
        ([{"role": ["user"], "content": "a"}], "h: history entry 1 has role ['user']"),
    ],
)
def test_what_is_no_history_is_refused_with_the_entry(value: object, said: str):
    with pytest.raises(ConversationFileError) as caught:
        history_from(value, "h")
    assert str(caught.value).startswith(said)


def test_agents_are_names_or_descriptions_bare_or_under_their_key():
    expected = (Agent(id="Otter", name="Otter"), Agent(id="7", name="Willow", description="reads", skills=("read", "write")))
    entries = [" Otter ", {"id": 7, "name": "Willow", "description": "reads", "skills": ["read", "write"]}]
    assert agents_from(entries, "a") == expected
    assert agents_from({"agents": entries}, "a") == expected


@pytest.mark.parametrize("entry", [{"id": "w"}, {"name": "w"}, {"id": None, "name": "w"}, {"id": "w", "name": None}])
def test_id_and_name_stand_in_for_each_other(entry: dict[str, object]):
    assert agents_from([entry], "a") == (Agent(id="w", name="w"),)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("Otter", "a: agents are a list"),
        ({"agents": ["x"], "more": 1}, "a: agents are a list"),
        ([""], "a: agent 1 is neither a name nor"),
        ([5], "a: agent 1 is neither a name nor"),
        (["Otter", {}], "a: agent 2: it has no name"),
        ([{"id": "", "name": "x"}], "a: agent 1: it has no name"),
        ([{"id": {"a": 1}}], "a: agent 1: it has no name, or its id or name is no text"),
        ([{"name": "x", "description": [1]}], "a: agent 1: its description is no text"),
        ([{"name": "x", "skills": "read"}], "a: agent 1: skills is a list of names"),
        ([{"name": "x", "skill": ["read"]}], "a: agent 1: unknown key 'skill'"),
        (["Otter", {"id": "Otter", "name": "Other"}], "a: the agent id 'Otter' stands twice"),
    ],
)
def test_what_is_no_agent_is_refused_with_the_entry(value: object, said: str):
    with pytest.raises(ConversationFileError) as caught:
        agents_from(value, "a")
    assert str(caught.value).startswith(said)


@given(ANYTHING)
def test_any_value_is_read_or_refused(value: Any):
    for read in (history_from, agents_from):
        try:
            found = read(value, "x")
        except ConversationFileError as refused:
            assert str(refused).startswith("x")
        else:
            assert isinstance(found, tuple)


def test_broken_json_is_refused_with_its_place():
    assert parse_json('{"a": 1}', "f.json") == {"a": 1}
    for text in ("{", "[" * 100_000):
        with pytest.raises(ConversationFileError, match=r"f\.json: broken JSON"):
            parse_json(text, "f.json")
