import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.routing.structure import GAP, KINDS, Sentence, Structure

STRUCTURE = Structure(["v.make", "v.stop", "d.any", "n.bot", "p.to", "w.food", "x.cap", "q.wh", "?"])


def features(*classes: str | None, n_strange: int = 0) -> list[str]:
    symbols = "".join(GAP if name is None else STRUCTURE.symbols[name] for name in classes)
    sentence = Sentence(["word"] * len(classes), symbols, n_strange)
    return [name for kind, pieces in STRUCTURE.pieces(sentence) for piece in pieces for name in STRUCTURE.features(kind, piece)]


def test_the_frame_of_a_request_is_among_the_features() -> None:
    found = features("v.make", "d.any", "n.bot")
    assert {"vn v.make n.bot", "vdn v.make d.any n.bot", "head v.make n.bot", "noun n.bot", "last n.bot"} <= set(found)
    assert "pn p.to n.bot" in features("p.to", "n.bot")


def test_a_verb_without_a_determiner_has_a_frame_too() -> None:
    assert "vdn v.stop  n.bot" in features("v.stop", "n.bot")


def test_the_first_determiner_counts_and_a_noun_too_far_away_does_not() -> None:
    far = ["w.food"] * 4
    assert "vdn v.make d.any n.bot" in features("v.make", "d.any", "d.any", "n.bot")
    assert not [name for name in features("v.make", *far, "n.bot") if name.startswith("vn ")]


def test_runs_are_told_with_their_gaps_and_without() -> None:
    found = features("v.make", None, "n.bot")
    assert "2 v.make n.bot" in found
    assert "g v.make _ n.bot" in found
    assert "g ^ v.make _" in found
    assert found.count("1 v.make") == 1


def test_pairs_leave_out_determiners_and_prepositions() -> None:
    found = features("v.make", "d.any", "n.bot", "p.to", "w.food")
    assert {name for name in found if name.startswith("& ")} == {"& v.make n.bot", "& v.make w.food", "& n.bot w.food"}


def test_what_a_message_is_about_is_told_from_nouns_names_world_and_strange_words() -> None:
    found = features("q.wh", "n.bot", "x.cap", None, "?", n_strange=7)
    assert {"about noun name ", "about noun name asks ", "strange 4", "noun name True 2", "asks", "first q.wh"} <= set(found)


def test_two_verbs_are_told_together() -> None:
    assert "verbs v.make v.stop" in features("v.make", "v.stop")


def test_nothing_has_features_too() -> None:
    assert {"no verb", "no noun", "first -", "length 0"} <= set(features())


@given(st.lists(st.sampled_from([None, *STRUCTURE.symbols]), max_size=30), st.integers(0, 9))
def test_any_order_of_classes_has_features_of_known_kinds(classes: list[str | None], n_strange: int) -> None:
    assert all(features(*classes, n_strange=n_strange))
    sentence = Sentence([], "", 0)
    assert [kind for kind, _ in STRUCTURE.pieces(sentence)] == list(KINDS)


@pytest.mark.parametrize("n", [100, 400])
def test_the_number_of_features_grows_with_the_length_alone(n: int) -> None:
    assert len(features(*["v.make", "n.bot"] * n)) < 12 * 2 * n
