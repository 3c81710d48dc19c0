import unicodedata

import pytest

from omniforge_cli.files.weights import load_lexicon
from omniforge_cli.routing.lexicon import Lexicon

LEXICON = Lexicon(load_lexicon())
NAMES = {symbol: name for name, symbol in LEXICON.structure.symbols.items()}


def classes(text: str) -> list[str | None]:
    return [NAMES.get(symbol) for symbol in LEXICON.read(text).classes]


def test_every_entry_is_written_as_the_reader_writes_words() -> None:
    entries = [entry for text in load_lexicon().values() for entry in text.split(", ")]
    assert all(entries)
    assert not [entry for entry in entries if "*" in entry[1:-1] or (entry[-1] == "*" and " " in entry)]


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("fabrícame", "v.create"),
        ("préstale", "v.attach"),
        ("rebaptise", "v.change"),
        ("einstampfen", "v.pause"),
        ("desligue", "v.pause"),
        ("बदलो", "v.change"),
        ("सौंपो", "v.attach"),
        ("للبوتات", "n.agent"),
        ("ابعتلي", "v.work"),
    ],
)
def test_acts_and_things_are_known_in_other_languages(word: str, name: str) -> None:
    assert classes(unicodedata.normalize("NFKC", word)) == [name]


def test_chinese_in_both_scripts_and_japanese_are_cut_at_known_words() -> None:
    assert "v.pause" in classes("注销")
    assert "v.show" in classes("告訴我")
    assert "v.attach" in classes("装備させて")
