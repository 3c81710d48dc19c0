from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.evalset import Case, EvalSet
from omniforge_cli.files.evalset import load_evalset, parse_evalset
from omniforge_cli.files.export import csv_text, json_lines, written, yaml_case, yaml_text

ANY = st.text(max_size=20)
FILLED = st.text(min_size=1, max_size=12).filter(str.strip)
WORD = st.text(alphabet=st.characters(categories=["L", "N"], include_characters="-_."), min_size=1, max_size=10).filter(str.strip)
JSON = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | ANY, lambda inner: st.lists(inner, max_size=2), max_leaves=4)
AGENTS = st.lists(st.builds(Agent, id=WORD, name=WORD, description=ANY, skills=st.lists(WORD, max_size=2).map(tuple)), max_size=2)


@st.composite
def cases(draw: st.DrawFn, text: st.SearchStrategy[str] = ANY) -> tuple[Case, ...]:
    ids = draw(st.lists(FILLED, min_size=1, max_size=3, unique=True))
    return tuple(
        Case(
            id=case_id,
            message=draw(text),
            expected_action=draw(FILLED),
            acceptable_actions=tuple(draw(st.lists(WORD, max_size=2))),
            expected_entities=draw(st.dictionaries(FILLED, JSON, max_size=2)),
            expected_ambiguous=draw(st.none() | st.booleans()),
            history=tuple(draw(st.lists(st.builds(Message, role=st.sampled_from(["user", "assistant"]), content=ANY), max_size=2))),
            agents=tuple({agent.id: agent for agent in draw(AGENTS)}.values()),
            tags=tuple(draw(st.lists(WORD, max_size=2))),
            note=draw(ANY),
            description=draw(ANY),
        )
        for case_id in ids
    )


@given(cases())
def test_what_is_written_as_yaml_reads_back_the_same(some: tuple[Case, ...]):
    text = yaml_text(EvalSet(name="a", version="v1", cases=some))
    text.encode("utf-8")
    assert parse_evalset(text, Path("a.yaml")).cases == some


@given(cases())
def test_what_is_written_as_jsonl_reads_back_the_same(some: tuple[Case, ...]):
    text = json_lines(some)
    assert len(text.encode("utf-8").splitlines()) == len(some)
    assert parse_evalset(text, Path("a.jsonl")).cases == some


@given(cases(text=FILLED))
def test_what_is_written_as_csv_reads_back_the_same(some: tuple[Case, ...]):
    assert parse_evalset(csv_text(some), Path("a.csv")).cases == some


def test_the_default_eval_set_survives_every_form():
    evalset = load_evalset("intent")
    assert parse_evalset(yaml_text(evalset), Path("a.yaml")).cases == evalset.cases
    assert parse_evalset(json_lines(evalset.cases), Path("a.jsonl")).cases == evalset.cases
    assert parse_evalset(csv_text(evalset.cases), Path("a.csv")).cases == evalset.cases


def test_a_case_is_written_as_a_person_would():
    case = Case(
        id="direct-01",
        message='Say "hi" to Zoë',
        expected_action="greet",
        expected_entities={"name": "Zoë"},
        expected_ambiguous=False,
        history=(Message(role="user", content="well"),),
        agents=(Agent(id="Otter", name="Otter"), Agent(id="w", name="Willow")),
        tags=("direct", "on"),
    )
    assert (
        yaml_case(case)
        == """- id: direct-01
  message: "Say \\"hi\\" to Zoë"
  expected_action: greet
  expected_entities: {"name": "Zoë"}
  expected_ambiguous: false
  history:
  - {role: user, content: "well"}
  agents: ["Otter", {"id": "w", "name": "Willow"}]
  tags: [direct, "on"]
"""
    )


def test_what_a_case_does_not_hold_is_left_out_but_its_message():
    assert written(Case(id="1", message="", expected_action="x")) == {"id": "1", "message": "", "expected_action": "x"}


def test_csv_has_the_columns_that_are_used():
    assert csv_text([Case(id="1", message="a,b", expected_action="x")]) == 'id,message,expected_action\r\n1,"a,b",x\r\n'


@pytest.mark.parametrize("character", ["\u2028", "\x85", "\ufeff", "\x00", "\x7f"])
def test_characters_that_no_yaml_file_can_hold_are_escaped(character: str):
    text = yaml_case(Case(id="1", message=f"a{character}b", expected_action="x"))
    assert character not in text
    assert json.loads(json_lines([Case(id="1", message=f"a{character}b", expected_action="x")]))["message"] == f"a{character}b"
