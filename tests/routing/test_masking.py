import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.routing.masking import CODE, EMAIL, NAME, QUOTED_NAME, QUOTED_TEXT, URL, capitals, folded, is_capitalised, tokens


def words_of(message: str, names: list[str] | None = None) -> list[str]:
    return [folded(token) for token in tokens(message, names or [])]


def names_in(message: str) -> tuple[list[str], dict[str, bool]]:
    """Runs of capitals that are one name, and single words with whether they surely are names."""
    found = tokens(message)
    told = capitals(found, [at for at, token in enumerate(found) if is_capitalised(token)])
    return [" ".join(found[run.start : run.stop]) for run in told.joined], {found[at]: sure for at, sure in told.single.items()}


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
    assert [word for word in words_of(message) if word != "."] == [word for word in words if word != "."]


def test_the_name_of_a_known_agent_is_masked_whatever_its_case() -> None:
    assert words_of("let delete old stuff rest", ["Delete Old Stuff"]) == ["let", NAME, "rest"]


def test_of_known_names_the_longest_that_fits_is_masked() -> None:
    assert words_of("stop pay run bot now", ["Pay", "Pay Run Bot", "x"]) == ["stop", NAME, "now"]


def test_several_capitals_inside_a_sentence_are_one_name() -> None:
    assert names_in("please use Manage Billing Reports for this") == (["Manage Billing Reports"], {})


def test_a_verb_before_a_name_still_counts_at_the_beginning() -> None:
    assert names_in("Pause Willow until next week") == ([], {"Pause": False, "Willow": True})


def test_a_name_that_does_something_is_masked_at_the_beginning() -> None:
    assert names_in("Create Report is late again") == (["Create Report"], {})


def test_capitals_say_nothing_when_everything_has_them() -> None:
    assert names_in("PLEASE PAUSE ALL OF THEM NOW") == ([], {})


def test_an_inner_capital_makes_a_name_wherever_it_stands() -> None:
    assert names_in("RateHound needs a rest") == ([], {"RateHound": True})


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    assert all(words_of(text))


def test_a_very_long_message_is_read_at_its_beginning_and_end_alone() -> None:
    words = words_of("start " + "middle " * 150_000 + "finish")
    assert words[0] == "start"
    assert words[-1] == "finish" or len(words) == 400
    assert len(words) <= 400
