from __future__ import annotations

from pathlib import Path

import pytest

from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.files.importers.banking77 import is_banking77, read_banking77
from omniforge_cli.files.importers.reading import read_cases

TEXT = 'text,category\nWhere is my card?,card_arrival\n"How long, roughly,\nwill it take?",card_arrival\n'
PATH = Path("train.csv")


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_messages_keep_their_commas_and_line_breaks(line_end: str):
    text = TEXT.replace("\n", line_end)
    assert is_banking77(text)
    cases = read_banking77(text, PATH)
    assert [(case.id, case.expected_action) for case in cases] == [("00001", "card_arrival"), ("00002", "card_arrival")]
    assert cases[1].message == f"How long, roughly,{line_end}will it take?"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "train.csv:1: the header"),
        ("message,label\na,b\n", "train.csv:1: the header of BANKING77"),
        ("text,category\na,b,c\n", "train.csv:2: 3 fields"),
        ('text,category\n"a"b,c\n', "train.csv:2: broken CSV"),
    ],
)
def test_another_form_is_refused_with_its_line(text: str, said: str):
    with pytest.raises(EvalSetError) as caught:
        read_banking77(text, PATH)
    assert said in str(caught.value)


def test_the_form_is_recognised_in_a_file_and_another_csv_is_read_as_one(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text(TEXT)
    assert len(read_cases(path)) == 2
    path.write_text("message,label,tags\nhello,greet,a;b\n")
    (case,) = read_cases(path)
    assert (case.message, case.expected_action, case.tags) == ("hello", "greet", ("a", "b"))
