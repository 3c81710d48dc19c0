from __future__ import annotations

from pathlib import Path

import pytest

from omniforge_cli.cli.progress import Progress
from tests.evals.making import plan, run


def interrupted(capsys: pytest.CaptureFixture[str], progress: Progress) -> str:
    progress.interrupted()
    return capsys.readouterr().err.removeprefix("omniforge: interrupted").strip()


def test_a_new_run_tells_how_many_samples_are_saved(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    made, progress = plan(6), Progress("eval", quiet=True)
    progress.begin(made, run(made, tmp_path))
    progress.advance(2, 1, 0)
    assert interrupted(capsys, progress) == "; 2 of 6 samples are saved. Go on with: omniforge eval --resume run-1"


def test_a_resumed_run_says_no_number_before_its_samples_have_been_read_back(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    made, progress = plan(6), Progress("eval", quiet=True, resumes="last")
    progress.begin(made, run(made, tmp_path))
    assert interrupted(capsys, progress) == "; what had finished is saved. Go on with: omniforge eval --resume run-1"


def test_an_interrupt_before_a_resumed_run_is_found_names_it_as_it_was_typed(capsys: pytest.CaptureFixture[str]) -> None:
    told = interrupted(capsys, Progress("replay", quiet=True, resumes="last"))
    assert told == "; what had finished is saved. Go on with: omniforge replay --resume last"


def test_an_interrupt_before_a_new_run_begins_has_nothing_to_resume(capsys: pytest.CaptureFixture[str]) -> None:
    assert interrupted(capsys, Progress("eval", quiet=True)) == "before anything was asked"
