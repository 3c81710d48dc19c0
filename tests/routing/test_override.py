from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.conversation import Agent
from omniforge_cli.core.decision import Source
from omniforge_cli.files.conversation import agents_from
from omniforge_cli.routing.override import addressed_agent, is_blank, override
from tests.routing.making import DESK, asked

TABLE = yaml.safe_load((Path(__file__).resolve().parents[1] / "data" / "override.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row['message']} {row.get('agents', '')}")
def test_the_addressed_agent_is_found(row: dict[str, Any]):
    assert addressed_agent(row["message"], agents_from(row.get("agents", []), "table")) == row["expected"]


@pytest.mark.parametrize("message", ["", " ", "\n\t ", "\0", "\u200b\u200d", "\u00a0", "\ufeff", "\u2028", "\x1b", "\ud800"])
def test_a_message_that_shows_nothing_is_blank(message: str):
    assert is_blank(message)


@pytest.mark.parametrize("message", [".", "👍", "0", "\u200bhi", "ا"])
def test_a_message_that_shows_something_is_not(message: str):
    assert not is_blank(message)


def test_a_blank_message_is_none_of_these_without_any_analysis():
    decision = override(DESK, asked(" \n"))
    assert decision is not None
    assert (decision.action_type, decision.confidence, decision.source) == ("other", 1.0, Source.OVERRIDE)
    assert (decision.is_ambiguous, decision.clarifying_question) == (False, None)


def test_a_blank_message_asks_back_where_there_is_no_label_for_nothing():
    decision = override(replace(DESK, none_of_these=None), asked(""))
    assert decision is not None
    assert (decision.confidence, decision.is_ambiguous, decision.clarifying_question) == (0.0, True, DESK.clarification_open)


def test_an_addressed_message_goes_to_that_agent():
    decision = override(DESK, asked("@Otter go", agents=(Agent(id="o-1", name="Otter"),)))
    assert decision is not None
    assert (decision.action_type, decision.target_agent_id, decision.source) == ("track_parcel", "o-1", Source.OVERRIDE)
    assert decision.confidence == 1.0


def test_a_taxonomy_without_that_notion_analyzes_addressed_messages():
    assert override(replace(DESK, addressed_to_agent=None), asked("@otter go")) is None


def test_any_other_message_has_to_be_analyzed():
    assert override(DESK, asked("where is my parcel?")) is None


@given(st.text(max_size=20), st.lists(st.text(min_size=1, max_size=6), max_size=3, unique=True))
def test_only_a_known_agent_is_ever_addressed_where_agents_are_known(message: str, names: list[str]):
    agents = tuple(Agent(id=name, name=name) for name in names)
    found = addressed_agent(f"@{message}", agents)
    assert not names or found in {None, *names}


@given(
    st.text(alphabet="abc -_.@", max_size=10), st.text(alphabet="abc -_.", min_size=1, max_size=5).filter(lambda name: name.strip(" -_"))
)
def test_an_agent_that_is_addressed_by_its_whole_name_is_found(before: str, name: str):
    assert addressed_agent(f"@{name.strip(' -_')}, {before}", (Agent(id="x", name=name),)) == "x"
