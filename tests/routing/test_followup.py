"""A follow-up takes the label that the conversation gives it, in any taxonomy."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.core.taxonomy import Label, Taxonomy
from omniforge_cli.files.phrases import load_followup, load_phrases
from omniforge_cli.routing.followup import SOURCES, Combined, combine, evidence, pool
from omniforge_cli.routing.situation import read_situation

PHRASES = load_phrases()
MODEL = load_followup(PHRASES)
LABELS = ("refund", "parcel", "address", "other")
KEYWORDS = {"refund": "refund", "money": "refund", "parcel": "parcel", "track": "parcel", "address": "address", "move": "address"}
TAXONOMY = Taxonomy(name="desk", labels=tuple(Label(name=name) for name in LABELS), none_of_these="other")


class FakeScorer:
    """Knows a label by a keyword; whatever has none is "none of these"."""

    labels = LABELS

    def __init__(self) -> None:
        self.names: list[Sequence[str]] = []

    def scores(self, *texts: str, names: Sequence[str] = ()) -> list[float]:
        self.names.append(names)
        said = " ".join(texts).casefold()
        found = {label for word, label in KEYWORDS.items() if word in said} or {"other"}
        return [0.79 / len(found) if label in found else 0.21 / (4 - len(found)) for label in LABELS]


def after(message: str, *said: str, agents: tuple[Agent, ...] = (), taxonomy: Taxonomy = TAXONOMY) -> Combined:
    """The message after a conversation that the user began."""
    history = tuple(Message(role=("user", "assistant")[index % 2], content=text) for index, text in enumerate(said))
    request = RoutingRequest(message=message, history=history, agents=agents)
    return combine(request, read_situation(request, PHRASES), scorer=FakeScorer(), taxonomy=taxonomy, model=MODEL)


def label_of(combined: Combined) -> str:
    return LABELS[combined.probabilities.index(max(combined.probabilities))]


@pytest.mark.parametrize(
    "message", ["yes please", "go ahead", "sí, dale", "ja, mach das", "はい、お願いします", "好的", "haan kar do", "👍"]
)
def test_consent_takes_the_label_of_what_was_offered(message: str) -> None:
    combined = after(message, "my lamp is broken", "I am sorry to hear that. Shall I give you a refund?")
    assert label_of(combined) == "refund"
    assert "refund" in combined.reason


def test_a_slot_value_keeps_the_label_of_the_request() -> None:
    assert label_of(after("14 Mill Lane", "please change my address", "Of course. What is the new one?")) == "address"


def test_a_choice_takes_the_label_of_the_option() -> None:
    said = ("sort out order 12", "Did you mean (A) a refund or (B) to track it?")
    assert label_of(after("A", *said)) == "refund"
    assert label_of(after("the second", *said)) == "parcel"


@pytest.mark.parametrize("message", ["no thanks", "never mind", "nein danke", "不用了", "non merci"])
def test_a_refusal_leaves_nothing_to_do(message: str) -> None:
    assert label_of(after(message, "my lamp is broken", "Shall I give you a refund?")) == "other"


def test_thanks_after_a_report_leave_nothing_to_do() -> None:
    assert label_of(after("great, thanks!", "where is my parcel", "Your parcel arrives on Monday.")) == "other"


def test_a_full_new_request_overrides_the_history() -> None:
    combined = after("please tell me when my parcel comes", "my lamp is broken", "Shall I give you a refund?")
    assert label_of(combined) == "parcel"
    assert combined.reason == ""


def test_without_a_history_the_message_stands_alone() -> None:
    assert after("I want my money back").probabilities == FakeScorer().scores("money")


def test_agents_names_are_passed_on() -> None:
    scorer = FakeScorer()
    request = RoutingRequest(message="hello", agents=(Agent(id="a-1", name="Refund Desk"),))
    combine(request, None, scorer=scorer, taxonomy=TAXONOMY, model=MODEL)
    assert scorer.names == [["a-1", "Refund Desk"]]


def test_a_taxonomy_without_none_of_these_is_mixed_too() -> None:
    taxonomy = Taxonomy(name="desk", labels=TAXONOMY.labels)
    assert label_of(after("yes", "my lamp is broken", "Shall I give you a refund?", taxonomy=taxonomy)) == "refund"


def test_what_is_pending_says_nothing_about_none_of_these() -> None:
    assert evidence("offer", [0.2, 0.3, 0.5], 2)[2] == pytest.approx(math.log(1 / 3))
    assert evidence("own", [0.2, 0.3, 0.5], 2)[2] == pytest.approx(math.log(0.5))


def test_a_source_that_counts_alone_is_returned_as_it_is() -> None:
    gate = [1.0] + [0.0] * len(SOURCES)
    assert pool({"own": [0.7, 0.2, 0.1]}, gate, 2) == pytest.approx([0.7, 0.2, 0.1])


@given(st.text(max_size=60), st.lists(st.text(max_size=80), max_size=10))
def test_any_conversation_gives_a_distribution(message: str, said: list[str]) -> None:
    probabilities = after(message, *said).probabilities
    assert sum(probabilities) == pytest.approx(1.0)
    assert all(0.0 <= probability <= 1.0 for probability in probabilities)


def test_a_huge_conversation_is_bounded() -> None:
    scorer = FakeScorer()
    history = tuple(Message(role="assistant", content="Shall I? " * 100_000) for _ in range(50))
    request = RoutingRequest(message="yes", history=history)
    combine(request, read_situation(request, PHRASES), scorer=scorer, taxonomy=TAXONOMY, model=MODEL)
    assert len(scorer.names) <= len(SOURCES)
