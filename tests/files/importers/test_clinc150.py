from __future__ import annotations

import json
from pathlib import Path

import pytest

from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.files.importers.clinc150 import is_clinc150, read_clinc150
from omniforge_cli.files.importers.reading import read_cases

DOCUMENT = {"val": [["set an alarm", "alarm"], ["flip a coin", "flip_coin"]], "oos_val": [["why is the sky", "oos"]], "train": []}
PATH = Path("data_full.json")


def test_cases_are_numbered_within_their_split_and_tagged_with_it():
    cases = read_clinc150(DOCUMENT, PATH, ())
    assert [(case.id, case.message, case.expected_action, case.tags) for case in cases] == [
        ("val-00001", "set an alarm", "alarm", ("val",)),
        ("val-00002", "flip a coin", "flip_coin", ("val",)),
        ("oos_val-00001", "why is the sky", "oos", ("oos_val",)),
    ]


def test_splits_are_taken_in_the_order_asked_for():
    assert [case.id for case in read_clinc150(DOCUMENT, PATH, ("oos_val", "val"))] == ["oos_val-00001", "val-00001", "val-00002"]


def test_a_split_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(EvalSetError, match="there is no split 'oos_vall'; did you mean 'oos_val'"):
        read_clinc150(DOCUMENT, PATH, ("oos_vall",))


def test_an_entry_that_is_no_pair_is_refused_with_its_place():
    with pytest.raises(EvalSetError, match=r"data_full\.json: val\[1\]: not a pair"):
        read_clinc150({"val": [["a", "b"], ["a"]]}, PATH, ())


@pytest.mark.parametrize("other", [{}, [], {"cases": [{"message": "a"}]}, {"val": "text"}, {"val": [["a", 1]]}, None])
def test_another_document_is_not_taken_for_this_form(other: object):
    assert not is_clinc150(other)


def test_the_form_is_recognised_in_a_file(tmp_path: Path):
    path = tmp_path / "full.json"
    path.write_text(json.dumps(DOCUMENT))
    assert len(read_cases(path)) == 3
    assert [case.expected_action for case in read_cases(path, "clinc150", ["oos_val"])] == ["oos"]
    with pytest.raises(EvalSetError, match="there is no case in it"):
        read_cases(path, splits=["train"])


def test_another_json_file_is_refused_when_this_form_is_asked_for(tmp_path: Path):
    path = tmp_path / "full.json"
    path.write_text('{"cases": []}')
    assert is_clinc150({"cases": []})  # an empty split looks the same: the cases then are none
    path.write_text('[["a", "b"]]')
    with pytest.raises(EvalSetError, match="not CLINC150's form"):
        read_cases(path, "clinc150")
