"""Agents, skills and channels that are called by what they do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.files.phrases import load_phrases
from omniforge_cli.routing.described import compounds, described
from omniforge_cli.routing.phrases import read

PHRASES = load_phrases()


def found(text: str) -> list[tuple[str, str]]:
    words = read(text)
    return [(name.kind, name.name) for name in described(words, PHRASES.things.hits(words.words), PHRASES)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("pause the invoice bot", "invoice bot"),
        ("our payroll helper is late", "payroll helper"),
        ("the old returns bot can go", "returns bot"),
        ("support triage agent keeps closing tickets", "support triage agent"),
        ("restart lead scoring agent", "lead scoring agent"),
        ("el bot de facturas falla", "bot de facturas"),
        ("L'assistant de paie dort", "assistant de paie"),
        ("o bot de vendas parou", "bot de vendas"),
        ("删除发票机器人", "发票机器人"),
        ("把翻译加给客服助手", "客服助手"),
        ("経費ボットを止めて", "経費ボット"),
        ("बिलिंग बॉट को रोको", "बिलिंग बॉट"),
        ("احذف روبوت الفواتير", "روبوت الفواتير"),
    ],
)
def test_an_agent_is_known_by_what_it_does(text: str, name: str) -> None:
    assert found(text) == [("agent", name)]


@pytest.mark.parametrize(
    "text",
    [
        "build an onboarding bot",
        "a friendly railway bot",
        "just want another bot",
        "the new bot is fine",
        "delete that agent",
        "all our music bots",
        "write to our estate agent",
        "our travel agent, Mr Okonjo",
        "一个新的机器人",
        "新しいボットを作って",
        "quiero un bot de facturas",
        "the agent that sorts mail",
    ],
)
def test_what_is_to_be_made_or_is_nobody_in_particular_has_no_name(text: str) -> None:
    assert found(text) == []


def test_a_skill_goes_without_its_noun_and_a_channel_needs_its_preposition() -> None:
    assert found("give Iris the web search skill") == [("skill", "web search")]
    assert found("post it in the sales channel") == [("channel", "sales")]
    assert found("the sales channel is loud") == []


def test_a_compound_of_a_language_of_compounds_is_a_name() -> None:
    words = read("Pausiere unseren Urlaubsassistenten")
    assert [words.text[start:end] for start, end in compounds(words, PHRASES)] == ["Urlaubsassistenten"]


@given(st.text(max_size=80))
def test_every_name_stands_where_it_says(text: str) -> None:
    words = read(f"{text} bot 机器人 the {text} skill")
    for name in described(words, PHRASES.things.hits(words.words), PHRASES):
        assert words.text[name.start : name.end] == name.name
