"""A released file never changes unnoticed, and the lock is what `sha256sum -c` reads."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from omniforge_cli.core.errors import EvalSetError, PromptError
from omniforge_cli.files.lock import LOCK_NAME, drifts, read_lock, release


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of versions with `intent/v1.yaml` to v10 in it, none released."""
    folder = tmp_path / "prompts"
    for version in ("v1", "v2", "v10"):
        file = folder / "intent" / f"{version}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(version)
    return folder


def test_without_a_lock_nothing_is_released(root: Path) -> None:
    assert read_lock(root, PromptError) == {}
    assert drifts(root, PromptError) == []


def test_the_lock_has_one_line_a_version_in_natural_order(root: Path) -> None:
    for version in ("v10", "v2", "v1"):
        release(root, root / "intent" / f"{version}.yaml", PromptError)
    lines = (root / LOCK_NAME).read_text().splitlines()
    assert lines == [f"{hashlib.sha256(version.encode()).hexdigest()}  intent/{version}.yaml" for version in ("v1", "v2", "v10")]


def test_a_released_file_that_changed_or_is_gone_is_a_drift(root: Path) -> None:
    for version in ("v1", "v2", "v10"):
        release(root, root / "intent" / f"{version}.yaml", PromptError)
    (root / "intent/v1.yaml").write_text("v1 ")
    (root / "intent/v10.yaml").unlink()
    changed, gone = drifts(root, PromptError)
    assert (changed.file, changed.found) == ("intent/v1.yaml", hashlib.sha256(b"v1 ").hexdigest())
    assert "intent/v1.yaml: was changed after its release" in str(changed)
    assert (gone.file, gone.found) == ("intent/v10.yaml", None)
    assert "gone; restore it" in str(gone)


def test_a_second_release_of_the_same_bytes_changes_nothing(root: Path) -> None:
    first = release(root, root / "intent/v1.yaml", PromptError)
    before = (root / LOCK_NAME).read_bytes()
    assert release(root, root / "intent/v1.yaml", PromptError) == first
    assert (root / LOCK_NAME).read_bytes() == before


def test_a_released_version_cannot_be_released_again_with_other_content(root: Path) -> None:
    release(root, root / "intent/v1.yaml", PromptError)
    (root / "intent/v1.yaml").write_text("better")
    with pytest.raises(PromptError, match="changed after its release"):
        release(root, root / "intent/v1.yaml", PromptError)


def test_only_files_of_the_folder_are_released(root: Path, tmp_path: Path) -> None:
    (tmp_path / "v1.yaml").write_text("x")
    with pytest.raises(PromptError, match="it is not in"):
        release(root, tmp_path / "v1.yaml", PromptError)
    with pytest.raises(EvalSetError, match="no such file"):
        release(root, root / "intent/v4.yaml", EvalSetError)


@pytest.mark.parametrize(
    ("text", "said"),
    [("intent/v1.yaml\n", ":1: not a line of the form"), (f"# why\n\n{'0' * 64}  a/b\n{'1' * 64}  a/b\n", ":4: a/b stands twice")],
)
def test_a_broken_lock_is_refused_with_its_line(root: Path, text: str, said: str) -> None:
    (root / LOCK_NAME).write_text(text)
    with pytest.raises(PromptError, match=LOCK_NAME) as caught:
        drifts(root, PromptError)
    assert said in str(caught.value)


def test_a_lock_that_cannot_be_written_is_an_input_error(root: Path) -> None:
    (root / f".{LOCK_NAME}.new").mkdir()
    with pytest.raises(PromptError, match="cannot be written"):
        release(root, root / "intent/v1.yaml", PromptError)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum on this machine")
def test_sha256sum_reads_the_lock(root: Path) -> None:
    release(root, root / "intent/v1.yaml", PromptError)
    command = ["sha256sum", "-c", "--strict", LOCK_NAME]
    assert subprocess.run(command, cwd=root, capture_output=True, check=False).returncode == 0
    (root / "intent/v1.yaml").write_text("changed")
    assert subprocess.run(command, cwd=root, capture_output=True, check=False).returncode != 0
