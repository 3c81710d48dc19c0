from omniforge_cli.routing.lexicon import Lexicon, class_features

LEXICON = Lexicon(
    {
        "v.make": "make, build, set up, crea*, 作って",
        "n.bot": "bot, agent, *watcher, ボット",
        "d.any": "a, an",
        "p.to": "to",
        "common": "really, today",
    }
)


def classes(*words: str) -> list[str | None]:
    return LEXICON.classes(words, [False] * len(words))


def test_words_stems_endings_and_phrases_have_their_class() -> None:
    assert classes("set", "up", "a", "pricewatcher") == ["v.make", "d.any", "n.bot"]
    assert classes("creamos", "bot's") == ["v.make", "n.bot"]


def test_a_script_without_spaces_is_cut_at_the_words_it_holds() -> None:
    assert classes("新しいボット作って") == [None, "n.bot", "v.make"]


def test_common_words_have_no_class_but_are_known() -> None:
    assert classes("really", "zorgle") == [None, None]
    assert LEXICON.n_strange(["really", "zorgle", "Zorgle"], [False, False, True]) == 1


def test_a_word_that_looks_like_a_name_is_a_name_unless_it_is_a_noun_of_the_platform() -> None:
    assert LEXICON.classes(["make", "willow", "agent"], [False, True, True]) == ["v.make", "x.cap", "n.bot"]


def test_one_slip_of_the_fingers_is_mended() -> None:
    for slip in ("agnet", "agen", "agentt", "agont", "gaent"):
        assert LEXICON.spelling(slip) == "agent"


def test_known_short_and_distant_words_are_left_as_they_are() -> None:
    for word in ("today", "bto", "argument", "агент"):
        assert LEXICON.spelling(word) == word


def test_the_frame_of_a_request_is_among_the_features() -> None:
    found = class_features(classes("make", "a", "bot"))
    assert "vdn v.make d.any n.bot" in found
    assert "head v.make n.bot" in found
    assert "pn p.to n.bot" in class_features(classes("to", "a", "bot"))


def test_nothing_has_features_too() -> None:
    assert class_features([])
