"""Which agent a message means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.files.phrases import load_phrases
from omniforge_cli.routing.entities import extract
from omniforge_cli.routing.mentions import known_agents
from omniforge_cli.routing.situation import read_situation

PHRASES = load_phrases()
AGENTS = (
    Agent(id="a1", name="invoice-bot"),
    Agent(id="a2", name="Weekly Digest"),
    Agent(id="a3", name="Willow"),
    Agent(id="a4", name="在庫番"),
    Agent(id="a5", name="Night Desk"),
    Agent(id="a6", name="Night Watch"),
)


def target(message: str, *said: str, agents: tuple[Agent, ...] = AGENTS) -> str | None:
    """The agent meant after a conversation that the user began."""
    history = tuple(Message(role=("user", "assistant")[index % 2], content=text) for index, text in enumerate(said))
    request = RoutingRequest(message=message, history=history, agents=agents)
    return extract(request, read_situation(request, PHRASES), phrases=PHRASES).target_agent_id


@pytest.mark.parametrize(
    ("message", "agent"),
    [
        ("run invoice-bot", "a1"),
        ("run Invoice Bot", "a1"),
        ("run invoicebot please", "a1"),
        ("INVOICE_BOT's schedule", "a1"),
        ("a2, please", "a2"),
        ("pause weekly digest", "a2"),
        ("Weekly should go out on Fridays", "a2"),
        ("willow is down", "a3"),
        ("在庫番を止めて", "a4"),
        ("start Night Watch", "a6"),
        ("pause wilow", "a3"),
        ("Willow, not invoice-bot, should have it", "a3"),
        ("ask the invoice assistant", "a1"),
    ],
)
def test_a_known_agent_is_meant_by_any_way_of_writing_its_name(message: str, agent: str) -> None:
    assert target(message) == agent


@pytest.mark.parametrize(
    "message",
    ["the weekly numbers are wrong again this time", "start Night", "run Zorro", "willow and invoice-bot", "hello", "the willow pattern"],
)
def test_nobody_several_or_strangers_are_no_target(message: str) -> None:
    assert target(message) is None


def test_an_option_of_the_last_list_is_meant_by_its_position() -> None:
    listed = "1. Willow\n2. Weekly Digest\n3. invoice-bot"
    assert target("pause the second one", "list my agents", listed) == "a2"
    assert target("el último", "list my agents", listed) == "a1"


def test_a_pronoun_or_consent_means_the_agent_last_spoken_of() -> None:
    said = ("is Willow ok?", "Yes.", "and weekly digest?", "It failed at 9. Shall I run it again?")
    assert target("yes", *said) == "a2"
    assert target("delete it for good, nobody has read that thing in years", *said) == "a2"
    assert target("how much did the whole company spend last month on runs", *said) is None


def test_without_known_agents_the_name_is_given_as_written() -> None:
    assert target("pause Willow", agents=()) == "Willow"
    assert target("yes", "pause Willow", "Pause Willow now?", agents=()) == "Willow"
    assert target("the second", "rename a bot", "Which bot? 1. Harbour Log 2. Tide Watch", agents=()) == "Tide Watch"
    assert target("the second", "add a skill", "Which skill? 1. Maps 2. Translation", agents=()) is None


@given(st.text(max_size=100), st.lists(st.text(max_size=12), max_size=4))
def test_only_known_agents_are_found(text: str, names: list[str]) -> None:
    agents = [Agent(id=f"id{index}", name=name) for index, name in enumerate(names)]
    assert all(agent in agents for agent in known_agents(text, agents))


@given(st.from_regex(r"[A-Za-z]{3,8}([ -][a-z]{3,8}){0,2}", fullmatch=True))
def test_a_name_is_found_with_other_separators_and_case(name: str) -> None:
    agent = Agent(id="the-one", name=name)
    assert known_agents(f"please run {name.upper().replace(' ', '_')} now", [agent]) == [agent]
