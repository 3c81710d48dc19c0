"""The entities of a message, offline."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.files.phrases import load_phrases
from omniforge_cli.routing.entities import extract
from omniforge_cli.routing.situation import read_situation

PHRASES = load_phrases()


def entities(message: str, agents: tuple[Agent, ...] = ()) -> dict[str, Any]:
    return extract(RoutingRequest(message=message, agents=agents), None, phrases=PHRASES).entities


@pytest.mark.parametrize(
    ("message", "name", "value"),
    [
        ("post it to #ops", "channel", "#ops"),
        ("add marta@greenfern.example as editor", "user", "marta@greenfern.example"),
        ("invite Rosa and Tom Adeyemi", "user", ["Rosa", "Tom Adeyemi"]),
        ("ping @lena about it", "user", "lena"),
        ("make Raj an admin", "role", "admin"),
        ("connect slack and Google Sheets", "integration", ["Slack", "Google Sheets"]),
        ("post to Teams", "integration", "Teams"),
        ("summarise orders.csv", "data_source", "orders.csv"),
        ("read s3://tallship/audit", "data_source", "s3://tallship/audit"),
        ("pull the rows from Notion", "data_source", "Notion"),
        ("watch the Drafts folder", "data_source", "Drafts folder"),
        ("remind them every Friday", "schedule", "every Friday"),
        ("give it the 'Tax Lookup' skill", "skill_name", "Tax Lookup"),
        ("pause Willow", "agent_name", "Willow"),
        ("pause the invoice bot", "agent_name", "invoice bot"),
        ("read our Airtable base", "data_source", "Airtable"),
        ("summarise https://example.org/a.pdf", "data_source", "https://example.org/a.pdf"),
        ("add @dave.k as member", "user", "dave.k"),
    ],
)
def test_an_entity_is_found(message: str, name: str, value: object) -> None:
    assert entities(message)[name] == value


@pytest.mark.parametrize(
    "message", ["the teams are happy", "fix bug #42", "the colour is #ff0000", "thanks a lot", "mail me", "version 2.5", ""]
)
def test_what_only_looks_like_an_entity_is_none(message: str) -> None:
    assert entities(message) == {}


def test_a_service_that_is_read_is_no_integration_but_one_that_is_connected_is() -> None:
    assert entities("pull the deals from Salesforce") == {"data_source": "Salesforce"}
    assert entities("connect the data from Salesforce") == {"integration": "Salesforce"}


def test_known_agents_and_skills_come_by_their_own_names() -> None:
    agents = (Agent(id="a1", name="Invoice Bot", skills=("tax-lookup",)), Agent(id="a2", name="Otto"))
    found = entities("let otto have tax lookup like invoice-bot", agents)
    assert found == {"agent_name": ["Otto", "Invoice Bot"], "skill_name": "tax-lookup"}


def test_an_agent_is_no_user() -> None:
    assert "user" not in entities("ask @otto about it", (Agent(id="a2", name="Otto"),))


def test_the_agent_meant_in_a_followup_is_an_entity_of_it() -> None:
    history = (Message(role="user", content="is Otto ok?"), Message(role="assistant", content="No. Restart it?"))
    request = RoutingRequest(message="yes", history=history, agents=(Agent(id="a2", name="Otto"),))
    found = extract(request, read_situation(request, PHRASES), phrases=PHRASES)
    assert found.target_agent_id == "a2"
    assert found.entities == {"agent_name": "Otto"}


@given(st.text(max_size=300))
def test_values_are_a_text_or_several(message: str) -> None:
    for value in entities(message).values():
        assert (isinstance(value, str) and value) or (isinstance(value, list) and len(value) > 1)


@pytest.mark.parametrize("piece", ["every Monday at 9, ", "Ab-c_d ", '"x ', "invite A, B and ", "@a #b ", "* * * ", "from Notion.csv/"])
def test_a_megabyte_is_read_in_bounded_time(piece: str) -> None:
    found = entities(piece * (1_000_000 // len(piece)))
    assert sum(len(value) for value in found.values()) < 4000
