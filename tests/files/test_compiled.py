from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.taxonomy import Label, Taxonomy
from omniforge_cli.files import compiled
from omniforge_cli.files.prompt import list_prompts, read_prompt
from omniforge_cli.files.resources import taxonomies
from omniforge_cli.files.taxonomy import parse_taxonomy

WORDS = st.lists(st.text(max_size=6), max_size=2).map(tuple)
LABELS = st.lists(
    st.builds(Label, name=st.text(min_size=1, max_size=6), description=st.text(max_size=6), examples=WORDS, keywords=WORDS),
    min_size=1,
    max_size=3,
    unique_by=lambda label: label.name,
)
SMALL = Taxonomy(name="desk", labels=(Label(name="a", keywords=("x", "y")), Label(name="b")), none_of_these="b")


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_the_packaged_taxonomies_come_back_equal(tmp_path: Path):
    for path in taxonomies().glob("*.yaml"):
        content = path.read_bytes()
        taxonomy = parse_taxonomy(content.decode(), path)
        compiled.save_taxonomy(tmp_path, content, taxonomy)
        assert compiled.load_taxonomy(tmp_path, content) == taxonomy


@given(labels=LABELS, threshold=st.floats(0, 1), rules=WORDS)
def test_any_taxonomy_comes_back_equal(
    tmp_path_factory: pytest.TempPathFactory, labels: list[Label], threshold: float, rules: tuple[str, ...]
):
    folder = tmp_path_factory.mktemp("cache")
    taxonomy = Taxonomy(name="any", labels=tuple(labels), clarification_threshold=threshold, boundary_rules=rules)
    compiled.save_taxonomy(folder, b"content", taxonomy)
    assert compiled.load_taxonomy(folder, b"content") == taxonomy


def test_other_content_is_another_entry(tmp_path: Path):
    compiled.save_taxonomy(tmp_path, b"one", SMALL)
    assert compiled.load_taxonomy(tmp_path, b"two") is None


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"null", b"{}", b'{"labels": 5}', b'{"labels": [{"nme": "a"}], "name": "x"}', b'{"labels": [], "name": "x"}'],
)
def test_a_damaged_entry_is_none(tmp_path: Path, damage: bytes):
    compiled.save_taxonomy(tmp_path, b"one", SMALL)
    (entry,) = entries(tmp_path)
    entry.write_bytes(damage)
    assert compiled.load_taxonomy(tmp_path, b"one") is None


def test_an_entry_with_a_key_of_another_version_is_none(tmp_path: Path):
    compiled.save_taxonomy(tmp_path, b"one", SMALL)
    (entry,) = entries(tmp_path)
    entry.write_text(json.dumps({**json.loads(entry.read_text()), "colour": "red"}))
    assert compiled.load_taxonomy(tmp_path, b"one") is None


def test_a_place_that_cannot_be_written_costs_nothing(tmp_path: Path):
    (tmp_path / "file").write_text("")
    compiled.save_taxonomy(tmp_path / "file", b"one", SMALL)
    assert compiled.load_taxonomy(tmp_path / "file", b"one") is None


def test_text_that_no_file_can_hold_costs_nothing(tmp_path: Path):
    compiled.save_taxonomy(tmp_path, b"one", Taxonomy(name="half \ud800", labels=SMALL.labels))
    assert compiled.load_taxonomy(tmp_path, b"one") is None
    assert entries(tmp_path) == []


def test_a_compiled_prompt_version_is_the_one_that_was_read(tmp_path: Path) -> None:
    path = next(path for name, version, path in list_prompts() if (name, version) == ("intent", "v2"))
    prompt = read_prompt(path)
    compiled.save_prompt(tmp_path, path.read_bytes(), prompt)
    assert compiled.load_prompt(tmp_path, path.read_bytes()) == prompt
    assert compiled.load_prompt(tmp_path, path.read_bytes() + b"\n") is None
