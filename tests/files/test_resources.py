from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.errors import PromptError
from omniforge_cli.files.resources import find_version, natural_key, packaged, taxonomies, versions, weights

SUFFIXES = (".yaml", ".yml")


def put(name: str, *files: str) -> None:
    folder = Path("prompts") / name
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file).write_text(file)


def test_v10_comes_after_v9():
    names = ["v10", "v9", "v1", "v2.1", "v2", "2026-10-01", "2026-9-30", "beta"]
    assert sorted(names, key=natural_key) == ["2026-9-30", "2026-10-01", "beta", "v1", "v2", "v2.1", "v9", "v10"]


@given(st.lists(st.text(max_size=8)))
def test_any_names_can_be_put_in_order(names: list[str]):
    assert sorted(sorted(names, key=natural_key), key=natural_key) == sorted(names, key=natural_key)


def test_own_versions_stand_beside_the_packaged_ones_in_natural_order():
    put("greet", "v9.yaml", "v10.yml", "notes.txt")
    (Path("prompts") / "loose.yaml").write_text("")
    found = [(name, version) for name, version, _ in versions("prompts", SUFFIXES)]
    assert found[:2] == [("greet", "v9"), ("greet", "v10")]
    assert ("intent", "v1") in found
    assert ("prompts", "loose") not in found


def test_an_own_version_shadows_the_packaged_one_of_the_same_name_and_no_other():
    put("intent", "v1.yaml")
    paths = {version: path for name, version, path in versions("prompts", SUFFIXES) if name == "intent"}
    assert paths["v1"] == Path.cwd() / "prompts" / "intent" / "v1.yaml"
    assert paths["v2"].is_relative_to(packaged("prompts"))


def test_a_name_alone_is_its_newest_version():
    put("greet", "v9.yaml", "v10.yaml")
    assert find_version("prompts", "greet", SUFFIXES, PromptError).name == "v10.yaml"
    assert find_version("prompts", "greet@v9", SUFFIXES, PromptError).name == "v9.yaml"


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("greet@v99", "there is no prompt 'greet@v99'; did you mean 'greet@v9'?"),
        ("gret", "there is no prompt 'gret'"),
        ("greet@", "v9.yaml"),
        ("", "there is no prompt ''"),
        ("@v9", "there is no prompt '@v9'"),
        ("../prompts/greet@v9", "there is no prompt"),
    ],
)
def test_a_reference_to_nothing_is_refused_with_the_nearest(ref: str, said: str):
    put("greet", "v9.yaml")
    if ref == "greet@":  # no version after the sign is no version at all
        assert find_version("prompts", ref, SUFFIXES, PromptError).name == said
        return
    with pytest.raises(PromptError) as caught:
        find_version("prompts", ref, SUFFIXES, PromptError)
    assert said in str(caught.value)


@pytest.mark.parametrize("kind", ["prompts", "evalsets"])
def test_what_ships_is_found_from_any_folder(kind: str):
    assert list(packaged(kind).glob("intent/v1.*"))


def test_the_default_taxonomy_ships_with_its_weights():
    assert (taxonomies() / "omniforge.yaml").is_file()
    assert (weights() / "omniforge" / "weights.json").is_file()
