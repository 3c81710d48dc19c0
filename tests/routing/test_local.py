import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.decision import RoutingRequest, Source
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.files.taxonomy import parse_taxonomy
from omniforge_cli.files.weights import load_local_analyzer
from omniforge_cli.routing.local import LocalAnalyzer

PACKAGE = Path(__file__).parents[2] / "omniforge_cli"
FILE = PACKAGE / "taxonomies" / "omniforge.yaml"


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return parse_taxonomy(FILE.read_text(encoding="utf-8"), FILE)


@pytest.fixture(scope="module")
def analyzer(taxonomy: Taxonomy) -> LocalAnalyzer:
    return load_local_analyzer(PACKAGE / "weights" / "omniforge", taxonomy)


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ("I need a bot that sorts our invoices every morning", 0),
        ("define a reusable skill that checks VAT numbers, for all agents", 1),
        ("give the translation skill to the support agent", 2),
        ("pause invoice-bot until Monday", 3),
        ("run create-invoice-bot now", 4),
        ("which agents ran last night?", 5),
        ("invite jo@example.com as an admin", 6),
        ("good morning!", 7),
        ("crea un agente nuevo que conteste los correos cada día", 0),
        ("暂停发票机器人", 3),
    ],
)
async def test_plain_messages_get_their_label(analyzer: LocalAnalyzer, taxonomy: Taxonomy, message: str, place: int) -> None:
    decision = await analyzer.analyze(RoutingRequest(message=message))
    assert decision.action_type == taxonomy.names[place]
    assert decision.source is Source.LOCAL
    assert decision.alternative_action not in (None, decision.action_type)


def test_a_decision_says_which_words_decided(analyzer: LocalAnalyzer) -> None:
    assert "'pause" in analyzer.decide(RoutingRequest(message="please pause the invoice agent")).reasoning


def test_it_asks_back_exactly_when_it_is_not_sure(analyzer: LocalAnalyzer, taxonomy: Taxonomy) -> None:
    for message in ("pause invoice-bot", "the thing", "skill agent role quota", "x"):
        decision = analyzer.decide(RoutingRequest(message=message))
        assert decision.is_ambiguous == (decision.confidence < taxonomy.clarification_threshold)
        assert (decision.clarifying_question is not None) == decision.is_ambiguous


def test_a_threshold_marks_and_does_not_change_the_label(taxonomy: Taxonomy) -> None:
    strict = load_local_analyzer(PACKAGE / "weights" / "omniforge", replace(taxonomy, clarification_threshold=1.0))
    lax = load_local_analyzer(PACKAGE / "weights" / "omniforge", replace(taxonomy, clarification_threshold=0.0))
    request = RoutingRequest(message="pause invoice-bot until Monday")
    assert strict.decide(request).is_ambiguous
    assert not lax.decide(request).is_ambiguous
    assert strict.decide(request).action_type == lax.decide(request).action_type


def test_the_history_is_heard(analyzer: LocalAnalyzer, taxonomy: Taxonomy) -> None:
    history = (
        Message(role="user", content="Could you pause Willow?"),
        Message(role="assistant", content="Shall I pause Willow until you say otherwise?"),
    )
    decision = analyzer.decide(RoutingRequest(message="yes please", history=history, agents=(Agent(id="w1", name="Willow"),)))
    assert decision.action_type == taxonomy.names[3]


def test_a_megabyte_is_answered(analyzer: LocalAnalyzer) -> None:
    assert analyzer.decide(RoutingRequest(message="pause it " * 120_000)).confidence > 0


def test_a_decision_that_was_made_before_is_nobody_elses(analyzer: LocalAnalyzer) -> None:
    request = RoutingRequest(message="invite jo@example.com and amy@example.com as editors")
    first = analyzer.decide(request)
    told = {name: list(value) if isinstance(value, list) else value for name, value in first.entities.items()}
    assert any(isinstance(value, list) for value in told.values())
    for value in first.entities.values():
        if isinstance(value, list):
            value.clear()
    first.entities.clear()  # type: ignore[attr-defined]
    assert analyzer.decide(request).entities == told


def test_long_messages_and_replies_are_not_kept(analyzer: LocalAnalyzer) -> None:
    def route(number: int) -> None:
        long = f"{number} " + "please pause Willow and tell Scout about it. " * 5_000
        analyzer.decide(RoutingRequest(message=long))
        analyzer.decide(
            RoutingRequest(message="yes", history=(Message(role="user", content=long), Message(role="assistant", content=long)))
        )

    route(0)
    tracemalloc.start()
    try:
        for number in range(1, 41):
            route(number)
        assert tracemalloc.get_traced_memory()[0] < 8_000_000  # of 27 MB that were said
    finally:
        tracemalloc.stop()
