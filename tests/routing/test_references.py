"""What a message means after what was listed, named or asked before it."""

from __future__ import annotations

from typing import Any

import pytest

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.files.phrases import load_phrases
from omniforge_cli.routing.entities import Extracted, extract
from omniforge_cli.routing.situation import read_situation

PHRASES = load_phrases()
LISTED = "You have three agents:\n1. Otter - sorts mail\n2. Sorrel - writes reports\n3. Finch - watches prices"
TWO = (Agent(id="a1", name="Max"), Agent(id="a2", name="Willow"))


def after(message: str, *said: str, agents: tuple[Agent, ...] = ()) -> Extracted:
    """What is found in a message after a conversation that the user began."""
    history = tuple(Message(role=("user", "assistant")[index % 2], content=text) for index, text in enumerate(said))
    request = RoutingRequest(message=message, history=history, agents=agents)
    return extract(request, read_situation(request, PHRASES), phrases=PHRASES)


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("the first one", "Otter"),
        ("pause the second", "Sorrel"),
        ("delete the last one", "Finch"),
        ("3", "Finch"),
        ("number two", "Sorrel"),
    ],
)
def test_a_position_means_the_one_listed_there(message: str, name: str) -> None:
    assert after(message, "which agents do I have?", LISTED).target_agent_id == name


def test_what_explains_an_option_is_no_part_of_the_name() -> None:
    assert after("the second one", "list my agents", "1) Lupin, answers mails\n2) Thistle, files tickets").target_agent_id == "Thistle"
    assert after("den zweiten", "lösche einen Bot", "Welchen? (a) Ahorn, (b) Birke und (c) Linde.").target_agent_id == "Birke"


@pytest.mark.parametrize("message", ["the other one", "no, the other one", "den anderen", "el otro", "另一个"])
def test_the_other_one_is_not_the_one_spoken_of_last(message: str) -> None:
    said = ("pause one", "Do you mean Max or Willow?", "Max", "Max is paused now.")
    assert after(message, *said, agents=TWO).target_agent_id == "a2"


def test_the_other_one_is_found_without_known_agents() -> None:
    said = ("Which bots run at night?", "Two of them do: Alder and Beech.", "stop Alder", "Alder is stopped.")
    assert after("the other one too", *said).target_agent_id == "Beech"
    assert after("la otra", "pausa a una agente", "¿Alba o Luna?", "Alba", "Alba está en pausa.").target_agent_id == "Luna"


def test_both_are_several_and_no_target() -> None:
    found = after("both", "stop the night bot", "Which do you mean, Alder or Beech?")
    assert found == Extracted(entities={"agent_name": ["Alder", "Beech"]}, target_agent_id=None)


def test_all_of_them_are_those_listed() -> None:
    assert after("all of them", "which agents do I have?", LISTED).entities == {"agent_name": ["Otter", "Sorrel", "Finch"]}


def test_among_skills_no_agent_is_chosen() -> None:
    assert after("both", "add a skill", "Which skill, Maps or Translation?").entities == {}


@pytest.mark.parametrize("message", ["thanks, that was it", "what's the weather in Paris?"])
def test_a_closing_or_another_topic_means_no_agent(message: str) -> None:
    assert after(message, "how often did Max run?", "12 times.", agents=TWO).entities == {}


def test_it_means_the_agent_spoken_of() -> None:
    assert after("and what skills does it have?", "how often did Max run?", "12 times.", agents=TWO).target_agent_id == "a1"


@pytest.mark.parametrize(
    ("message", "said", "entities"),
    [
        ("Captain Hook", ("build a bot for the pirates", "What should it be called?"), {"agent_name": "Captain Hook"}),
        ("mail-sorter", ("make a skill that sorts mail", "What name should the skill have?"), {"skill_name": "mail-sorter"}),
        ("never mind", ("build a bot for the pirates", "What should it be called?"), {}),
        ("Captain Hook", ("who wrote it?", "Is that so?"), {}),
    ],
)
def test_an_answer_to_what_it_is_to_be_called_is_a_name(message: str, said: tuple[str, ...], entities: dict[str, Any]) -> None:
    found = after(message, *said)
    assert found.entities == entities
    assert found.target_agent_id is None
