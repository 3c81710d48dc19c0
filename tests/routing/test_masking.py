import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.routing.masking import CODE, EMAIL, NAME, QUOTED_NAME, QUOTED_TEXT, URL, read


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("run create-invoice-bot now", ["run", NAME, "now"]),
        ("run report_runner", ["run", NAME]),
        ("a follow-up mail", ["a", "follow", "up", "mail"]),
        ('pause "Weekly Digest"', ["pause", QUOTED_NAME]),
        ('he wrote "please delete every agent that we have got, today" again', ["he", "wrote", QUOTED_TEXT, "again"]),
        ("ask @max about it", ["ask", NAME, "about", "it"]),
        ("invite jo@example.com", ["invite", EMAIL]),
        ("read https://example.com/delete-me", ["read", URL]),
        ('send {"action": "delete"} on', ["send", CODE, "on"]),
        ("fix ```delete all``` this", ["fix", CODE, "this"]),
        ("don’t stop", ["don't", "stop"]),
        ("why? now!", ["why", "?", "now"]),
        ("मौसम कैसा है", ["मौसम", "कैसा", "है"]),
        ("总结 this", ["总结", "this"]),
    ],
)
def test_what_is_not_wording_is_masked(message: str, words: list[str]) -> None:
    assert read(message).words == words


def test_the_name_of_a_known_agent_is_masked_whatever_its_case() -> None:
    assert read("let delete old stuff rest", ["Delete Old Stuff"]).words == ["let", NAME, "rest"]


def test_several_capitals_inside_a_sentence_are_one_name() -> None:
    assert read("please use Manage Billing Reports for this").words == ["please", "use", NAME, "for", "this"]


def test_a_verb_before_a_name_still_counts_at_the_beginning() -> None:
    assert read("Pause Willow until Monday").words == ["pause", "willow", "until", "monday"]


def test_a_name_that_does_something_is_masked_at_the_beginning() -> None:
    assert read("Create Report is late again").words == [NAME, "is", "late", "again"]


def test_capitals_say_nothing_when_everything_has_them() -> None:
    assert not any(read("PLEASE PAUSE ALL OF THEM NOW").named)


def test_an_inner_capital_makes_a_name_wherever_it_stands() -> None:
    assert read("RateHound needs a rest").named[0]


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    reading = read(text)
    assert len(reading.words) == len(reading.named) == len(reading.opening)
    assert all(reading.words)


def test_a_very_long_message_is_read_at_its_beginning_and_end_alone() -> None:
    words = read("start " + "middle " * 150_000 + "finish").words
    assert words[0] == "start"
    assert words[-1] == "finish" or len(words) == 400
    assert len(words) <= 400
