from omniforge_cli.routing.lexicon import Lexicon
from omniforge_cli.routing.structure import GAP

LEXICON = Lexicon(
    {
        "v.make": "make, build, set up, crea*, 作って",
        "n.bot": "bot, agent, *watcher, ボット",
        "d.any": "a, an",
        "p.to": "to",
        "common": "really, today",
    }
)


def classes(text: str, lexicon: Lexicon = LEXICON) -> list[str | None]:
    names = {symbol: name for name, symbol in lexicon.structure.symbols.items()} | {GAP: None}
    return [names[symbol] for symbol in lexicon.read(text).classes]


def mended(text: str, lexicon: Lexicon = LEXICON) -> list[str]:
    return list(lexicon.read(text).words)


def test_words_stems_endings_and_phrases_have_their_class() -> None:
    assert classes("set up a pricewatcher") == ["v.make", "d.any", "n.bot"]
    assert classes("creamos bot's") == ["v.make", "n.bot"]


def test_the_longest_phrase_wins_and_none_overlaps_another() -> None:
    lexicon = Lexicon({"a": "take over, over there", "b": "take over there now"})
    assert classes("take over there", lexicon) == ["a", None]
    assert classes("take over there now", lexicon) == ["b"]
    assert classes("take", lexicon) == [None]


def test_a_script_without_spaces_is_cut_at_the_words_it_holds() -> None:
    assert classes("新しいボット作って") == [None, "n.bot", "v.make"]


def test_common_words_have_no_class_but_are_known() -> None:
    assert classes("really zorgle") == [None, None]
    assert LEXICON.read("really zorgle in Zorgle").n_strange == 2


def test_a_word_that_looks_like_a_name_is_a_name_unless_it_is_a_noun_of_the_platform() -> None:
    assert classes("make Willow Agent") == ["v.make", "x.cap"]
    assert classes("make Willow an Agent") == ["v.make", "x.cap", "d.any", "n.bot"]


def test_a_capital_that_opens_a_sentence_makes_a_name_of_a_word_in_no_class_alone() -> None:
    assert classes("Zorgle to bot") == ["x.cap", "p.to", "n.bot"]
    assert classes("Make a bot") == ["v.make", "d.any", "n.bot"]


def test_a_name_is_not_mended() -> None:
    assert mended("make Agnet now") == ["make", "agnet", "now"]


def test_one_slip_of_the_fingers_is_mended() -> None:
    for slip in ("agnet", "agen", "agentt", "agont", "gaent"):
        assert mended(slip) == ["agent"]


def test_known_short_and_distant_words_are_left_as_they_are() -> None:
    for word in ("today", "bto", "argument", "агент"):
        assert mended(word) == [word]


def test_a_word_of_the_vocabulary_is_no_slip() -> None:
    assert mended("agnet", Lexicon({"n.bot": "agent"}, vocabulary={"agnet"})) == ["agnet"]
    assert mended("agnet", Lexicon({"n.bot": "agent"})) == ["agent"]


def test_the_nearest_entry_has_the_same_first_letter_rather_than_the_same_length() -> None:
    lexicon = Lexicon({"a": "barter, parters"})
    assert mended("parter", lexicon) == ["parters"]
