from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.decision import FallbackReason, Source, Usage
from omniforge_cli.core.errors import SettingsError, StorageKeyError
from omniforge_cli.core.run import Sample, SampleError
from omniforge_cli.evals.journal import Journal, find_journals, new_journal
from tests.limits import no_file_longer_than

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


def sample(case_id: str = "c", **values: object) -> Sample:
    return Sample(
        **{"case_id": case_id, "case_hash": "h", "arm": 0, "repeat": 0, "expected": "a", "predicted": "a", "correct": True, **values}
    )  # type: ignore[arg-type]


@given(
    st.builds(
        Sample,
        case_id=TEXTS,
        case_hash=TEXTS,
        arm=st.integers(0, 9),
        repeat=st.integers(0, 9),
        expected=st.none() | TEXTS,
        predicted=st.none() | TEXTS,
        correct=st.booleans(),
        confidence=st.none() | st.floats(0, 1),
        source=st.none() | st.sampled_from(Source),
        error=st.none() | st.builds(SampleError, reason=st.sampled_from(FallbackReason), message=TEXTS, attempts=st.integers(0, 5)),
        usage=st.none() | st.builds(Usage, prompt_tokens=st.integers(0, 99), cost_usd=st.none() | st.floats(0, 1)),
        tags=st.lists(TEXTS).map(tuple),
        entities=st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS)),
        message=TEXTS,
    )
)
def test_a_sample_survives_its_json(one: Sample) -> None:
    assert Sample.from_dict(json.loads(json.dumps(one.to_dict()))) == one


def test_samples_come_back_in_order_of_arrival(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    for name in ("x", "y", "z"):
        journal.append(sample(name))
    assert [one.case_id for one in journal.samples()] == ["x", "y", "z"]


def test_a_line_that_a_kill_tore_is_left_out_and_the_next_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "j"
    first = Journal(path)
    first.append(sample("x"))
    first.close()
    with path.open("ab") as file:
        file.write(b'{"case_id":"torn","ca')
    again = Journal(path)
    again.append(sample("y"))
    assert [one.case_id for one in again.samples()] == ["x", "y"]


def test_a_folder_that_cannot_be_made_is_told_with_the_mend(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"file/run: the run's samples cannot be kept there \(Not a directory\); .* --output-dir"):
        Journal(tmp_path / "file" / "run" / "j").append(sample())


def test_a_sample_that_a_full_disk_tore_is_an_error_and_not_taken_for_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(sample("x"))
    size = (tmp_path / "j").stat().st_size
    with no_file_longer_than(size + size // 2), pytest.raises(SettingsError, match="make room"):
        journal.append(sample("y"))
    assert (tmp_path / "j").stat().st_size == size + size // 2
    assert [one.case_id for one in journal.samples()] == ["x"]


def test_a_sealed_journal_shows_no_text(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", seal=lambda text: text.encode().hex(), unseal=lambda text: bytes.fromhex(text).decode())
    journal.append(sample("x", message="a secret"))
    assert b"secret" not in (tmp_path / "j").read_bytes()
    assert [one.message for one in journal.samples()] == ["a secret"]


def test_each_attempt_has_a_journal_of_its_own_and_all_are_found(tmp_path: Path) -> None:
    for name in ("x", "y"):
        journal = new_journal(tmp_path)
        journal.append(sample(name))
        journal.close()
    assert {one.case_id for journal in find_journals(tmp_path) for one in journal.samples()} == {"x", "y"}


def test_a_torn_line_of_an_encrypted_journal_is_left_out_too(tmp_path: Path) -> None:
    def unseal(text: str) -> str:
        if not text.startswith("ok:"):
            raise StorageKeyError("changed")
        return text[3:]

    path = tmp_path / "j"
    journal = Journal(path, seal=lambda text: f"ok:{text}", unseal=unseal)
    journal.append(sample("x"))
    path.write_bytes(path.read_bytes() + b"torn\n")
    assert [one.case_id for one in journal.samples()] == ["x"]
