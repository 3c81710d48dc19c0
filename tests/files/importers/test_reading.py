from __future__ import annotations

from pathlib import Path

import pytest

from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.files.importers.reading import read_cases

FILES = Path(__file__).resolve().parents[2] / "data" / "importers"


@pytest.mark.parametrize("path", sorted(FILES.iterdir()), ids=lambda path: path.name)
def test_every_form_is_recognised(path: Path):
    assert [(case.message, case.expected_action) for case in read_cases(path)] == [("set an alarm", "alarm"), ("flip a coin", "coin")]


@pytest.mark.parametrize(
    ("name", "form", "splits", "said"),
    [
        ("a.txt", "auto", (), "its name does not say which form it has; give --format"),
        ("a.jsonl", "auto", ("val",), "leave --split out"),
        ("a.yaml", "auto", ("val",), "leave --split out"),
        ("a.jsonl", "promptfoo", (), "no list of promptfoo tests"),
        ("a.jsonl", "banking77", (), "the header of BANKING77"),
    ],
)
def test_a_form_that_cannot_be_is_refused(tmp_path: Path, name: str, form: str, splits: tuple[str, ...], said: str):
    path = tmp_path / name
    path.write_text('{"message": "a", "label": "b"}\n')
    with pytest.raises(EvalSetError) as caught:
        read_cases(path, form, splits)
    assert said in str(caught.value)


def test_a_form_that_is_named_needs_no_name_that_says_so(tmp_path: Path):
    path = tmp_path / "messages"
    path.write_text('{"message": "a", "label": "b"}\n')
    (case,) = read_cases(path, "jsonl")
    assert case.expected_action == "b"
