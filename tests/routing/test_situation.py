"""Which option a message picks, and which request it goes back to."""

from __future__ import annotations

import pytest

from omniforge_cli.core.conversation import Message
from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.files.phrases import load_phrases
from omniforge_cli.routing.situation import HISTORY_LIMIT, Situation, read_situation

PHRASES = load_phrases()
LISTED = "Here they are:\n1. News Crawler\n2. Price Crawler\n3. Greeter"


def situation(message: str, *said: str) -> Situation:
    """The message after a conversation in which user and assistant take turns, the assistant last."""
    roles = ("assistant", "user")
    history = [Message(role=roles[index % 2], content=text) for index, text in enumerate(reversed(said))]
    found = read_situation(RoutingRequest(message=message, history=tuple(reversed(history))), PHRASES)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("pause the first one", "News Crawler"),
        ("2", "Price Crawler"),
        ("give number two the maps skill we bought", "Price Crawler"),
        ("the last, please", "Greeter"),
        ("el segundo", "Price Crawler"),
        ("第二个", "Price Crawler"),
        ("the middle one", "Price Crawler"),
        ("two", "Price Crawler"),
        ("the greeter", "Greeter"),
        ("price one", "Price Crawler"),
    ],
)
def test_an_option_is_picked_by_position_or_by_its_own_word(message: str, name: str) -> None:
    picked = situation(message, "list them", LISTED).picked
    assert picked is not None
    assert picked.name == name


@pytest.mark.parametrize("message", ["the crawler", "the ninth", "all of them", "it ran 2 weeks ago but nobody told me about that"])
def test_what_fits_several_options_or_none_picks_none(message: str) -> None:
    assert situation(message, "list them", LISTED).picked is None


def test_a_letter_picks_only_where_letters_were_offered() -> None:
    lettered = situation("b, it is enough", "the leads", "Do you mean (A) keep a list or (B) clean it once?").picked
    assert lettered is not None
    assert lettered.name == "clean it once"
    assert situation("a quick one", "list them", LISTED).picked is None


def test_the_list_before_the_last_reply_still_counts() -> None:
    picked = situation("the third", "list them", LISTED, "rename one", "Sure, which one?").picked
    assert picked is not None
    assert picked.name == "Greeter"


def test_the_request_is_the_last_one_that_says_something() -> None:
    assert situation("14", "we need help with tours", "Which kind?", "both", "How many guests?").request == "we need help with tours"


def test_after_an_aside_the_offer_before_it_still_waits() -> None:
    found = situation("do it then", "is Otto slow", "Yes. Shall I restart it?", "how long does that take?", "A minute.")
    assert found.aside
    assert found.reply.offer == "restart it"
    assert found.request == "is Otto slow"


def test_a_question_after_a_report_is_no_aside() -> None:
    found = situation("raise it", "pause Otto", "Otto is paused.", "how many seats have we?", "14 of 20.")
    assert not found.aside
    assert found.reply.text == "14 of 20."


def test_a_bare_shall_i_stands_for_what_was_offered_before() -> None:
    found = situation("yes", "Otto is slow", "I could restart Otto tonight.", "hm", "Shall I?")
    assert found.reply.offer == "restart Otto tonight"


def test_what_lies_far_back_is_not_read() -> None:
    said = ["an old request of mine", "Done.", *["ok", "Done."] * (HISTORY_LIMIT // 2)]
    assert situation("yes", *said).request == "ok"


def test_without_an_assistant_there_is_no_reply() -> None:
    history = (Message(role="system", content="be kind"), Message(role="user", content="hello"))
    found = read_situation(RoutingRequest(message="yes", history=history), PHRASES)
    assert found is not None
    assert found.reply.text == ""
    assert found.options == ()
