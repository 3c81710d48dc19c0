"""Names as people write them, where nothing but their place says that they are names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.files.phrases import load_phrases
from omniforge_cli.routing.names import Written, written_names
from omniforge_cli.routing.phrases import classes_of, read

PHRASES = load_phrases()


def names(text: str) -> list[Written]:
    words = read(text)
    hits = PHRASES.things.hits(words.words)
    return written_names(words, hits, classes_of(hits), PHRASES)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("pause Willow until Monday", "Willow"),
        ("what's Otto's schedule?", "Otto"),
        ("run invoice-bot now", "invoice-bot"),
        ("kick off report_runner on the March file", "report_runner"),
        ("run the 'Weekly Digest' agent", "Weekly Digest"),
        ("the Daily Sales bot is late", "Daily Sales"),
        ("my Jira helper stopped", "Jira helper"),
        ("Gearbox keeps failing", "Gearbox"),
        ("Give Iris a shorter greeting", "Iris"),
        ("Rikuって昨日ちゃんと動いた?", "Riku"),
        ("lösche den Agenten „Lösche Altdaten“", "Lösche Altdaten"),
        ("Lösche den Agenten Wetterfrosch", "Wetterfrosch"),
        ("Klara soll kürzer antworten", "Klara"),
        ("Our support agent, Clementine, is too chatty", "Clementine"),
        ("give our triage agent (Kestrel) a rest", "Kestrel"),
        ("Juno's digest is late", "Juno"),
        ("Supprime l'agent Mistral", "Mistral"),
        ("「さくら」を停止して", "さくら"),
        ("请删除“小鹿”这个代理", "小鹿"),
    ],
)
def test_an_agent_is_known_by_its_place(text: str, name: str) -> None:
    assert [(found.name, found.kind, found.new) for found in names(text)] == [(name, "agent", False)]


@pytest.mark.parametrize(
    "text",
    [
        "please run it",
        "Could you help me?",
        "the follow-up was late",
        "connect Salesforce",
        "run the report on sales.csv",
        "I need it on Monday",
        "Enough said.",
        "Write a poem about London",
        "What does the Pro plan cost?",
        'the label is "create_agent"',
        "The plaque for Brendan needs wording",
        "Поставьте что-нибудь",
        "What's 17 times 23?",
    ],
)
def test_ordinary_words_are_no_names(text: str) -> None:
    assert names(text) == []


def test_a_name_that_is_given_is_new() -> None:
    assert names("make a bot called Tide Watch") == [Written(name="Tide Watch", kind="agent", new=True)]


def test_a_skill_is_told_from_an_agent() -> None:
    found = {name.kind: name.name for name in names("attach the 'Tax Lookup' skill to invoice-bot")}
    assert found == {"skill": "Tax Lookup", "agent": "invoice-bot"}


@pytest.mark.parametrize(
    ("text", "agent", "skills"),
    [
        ("attach summarise-pdf to Rowan", "Rowan", ["summarise-pdf"]),
        ("take web-search off Professor Plum", "Professor Plum", ["web-search"]),
        ("equip Nightingale with translate-es and translate-tl", "Nightingale", ["translate-es", "translate-tl"]),
        ("Give Iris date-picker", "Iris", ["date-picker"]),
        ("Otto needs tax-lookup", "Otto", ["tax-lookup"]),
        ("let Foreman use weather-api", "Foreman", ["weather-api"]),
        ('assign "Remove Duplicates" to Iris', "Iris", ["Remove Duplicates"]),
    ],
)
def test_what_is_given_to_an_agent_is_a_skill(text: str, agent: str, skills: list[str]) -> None:
    found = names(text)
    assert [name.name for name in found if name.kind == "agent"] == [agent]
    assert [name.name for name in found if name.kind == "skill"] == skills


@pytest.mark.parametrize("text", ["make Petra an editor", "reset Petra's password", "remove Petra from the workspace"])
def test_a_person_is_told_by_what_only_people_have(text: str) -> None:
    assert [(found.name, found.kind) for found in names(text)] == [("Petra", "person")]


@given(st.text(max_size=200))
def test_every_name_stands_in_the_text(text: str) -> None:
    assert all(found.name.split()[0] in text for found in names(text))
