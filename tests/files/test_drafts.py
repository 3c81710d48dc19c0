from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.errors import EvalSetError, PromptError
from omniforge_cli.files.drafts import copied, draft_path, next_version, release_state, roots, write_draft
from omniforge_cli.files.lock import release


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        ((), "v1"),
        (("v1",), "v2"),
        (("v9", "v10"), "v11"),
        (("v2", "v10", "v3"), "v11"),
        (("2026-01",), "2026-2"),
        (("v2-beta",), "v3-beta"),
        (("draft",), "draft2"),
        (("v1", "v2", "v9"), "v10"),
    ],
)
def test_the_next_version_follows_the_newest(existing: tuple[str, ...], expected: str):
    assert next_version(existing) == expected


@given(st.sets(st.text(alphabet="v0129-.ab", min_size=1, max_size=5), max_size=6))
def test_the_next_version_is_never_one_that_exists(existing: set[str]):
    assert next_version(existing) not in existing


def test_a_copy_changes_the_named_keys_and_keeps_everything_else():
    text = '# why\nname: intent\nversion: v1  # old\nsystem: |\n  version: {{ x }}\n  text\nchangelog: "first"\n'
    assert (
        copied(text, {"version": "v2", "changelog": '"second"'})
        == '# why\nname: intent\nversion: v2\nsystem: |\n  version: {{ x }}\n  text\nchangelog: "second"\n'
    )


@pytest.mark.parametrize("text", ["changelog: |\n  many\n  lines\n", "changelog: >-\n  folded\n", "description: x\n", "changelog:\n"])
def test_a_value_of_several_lines_or_none_is_left_alone(text: str):
    assert copied(text, {"changelog": "new"}) == text


def test_a_draft_lies_in_the_working_folder():
    assert draft_path("prompts", "intent", "v3", PromptError) == Path("prompts/intent/v3.yaml")


@pytest.mark.parametrize("word", ["", "..", "a/b", "/etc", "a b", "ä\0"])
def test_a_name_that_is_no_plain_word_is_refused(word: str):
    with pytest.raises(PromptError, match="is no name for a file"):
        draft_path("prompts", word, "v1", PromptError)
    with pytest.raises(PromptError, match="is no name for a file"):
        draft_path("prompts", "intent", word, PromptError)


def test_a_released_file_is_never_written_over(tmp_path: Path):
    path = tmp_path / "evalsets" / "desk" / "v1.yaml"
    write_draft(path, "first", EvalSetError)
    assert release_state(path, EvalSetError) == "draft"
    release(tmp_path / "evalsets", path, EvalSetError)
    assert release_state(path, EvalSetError) == "released"
    with pytest.raises(EvalSetError, match="it is released and never changes"):
        write_draft(path, "second", EvalSetError)
    assert path.read_text() == "first"
    path.write_text("changed by hand")
    assert release_state(path, EvalSetError) == "changed"


def test_the_working_folder_comes_before_the_packaged_one_and_each_stands_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "prompts").mkdir()
    own, packaged = roots("prompts")
    assert own == tmp_path / "prompts"
    monkeypatch.chdir(packaged.parent)
    assert roots("prompts") == [packaged]
