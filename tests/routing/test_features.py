import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.routing.features import character_grams, features, longer_grams, word_grams
from omniforge_cli.routing.lexicon import Lexicon

LEXICON = Lexicon(json.loads((Path(__file__).parents[2] / "omniforge_cli/weights/lexicon.json").read_text(encoding="utf-8")))


def test_runs_of_one_to_three_words_know_where_the_message_begins_and_ends() -> None:
    grams = word_grams(["a", "b"])
    assert grams == ["^ a", "a b", "b $"]
    assert longer_grams(grams, ["a", "b"]) == ["^ a b", "a b $"]
    assert longer_grams(word_grams([]), []) == []


def test_characters_of_a_word_are_read_with_its_edges() -> None:
    assert character_grams("bot") == ["<bo", "bot", "ot>", "<bot", "bot>"]
    assert character_grams("a") == []
    assert character_grams("停止") == ["停", "止", "停止"]


def test_a_verb_inside_a_name_leaves_no_trace() -> None:
    found = features("run delete-old-files-bot", LEXICON)
    assert not [gram for gram in found.grams if "delete" in gram]
    assert not [name for name in found.classes if "v.pause" in name]


def test_a_typing_slip_gives_the_words_that_were_meant() -> None:
    assert features("crate a new agnet", LEXICON).grams[3] == "agent"


def test_the_same_request_in_other_languages_shares_its_classes() -> None:
    english = set(features("create a new agent", LEXICON).classes)
    for other in ("crea un nuevo agente", "erstelle einen neuen Agenten", "crée un nouvel agent"):
        assert "head v.create n.agent" in english & set(features(other, LEXICON).classes)


@given(st.text(max_size=200))
def test_any_text_has_features(text: str) -> None:
    assert features(text, LEXICON).classes


def test_the_number_of_features_is_bounded() -> None:
    found = features("word " * 200_000, LEXICON)
    assert len(found.pairs) <= 6 * 400
    assert len(found.grams) <= 3 * 402
