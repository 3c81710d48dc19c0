from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from omniforge_cli.files.prompt import read_prompt
from tests.cli.conftest import Ended

Omniforge = Callable[..., Ended]
TEMPLATE = "name: greet\nversion: v1\nchangelog: first\nsystem: Say hello. {{ taxonomy.name }}\nuser: |\n  {{ message }}\n"


@pytest.fixture
def greet() -> Path:
    path = Path("prompts/greet/v1.yaml")
    path.parent.mkdir(parents=True)
    path.write_text(TEMPLATE)
    return path


def test_list_names_packaged_and_own_versions(omniforge: Omniforge, greet: Path):
    listed = {entry["ref"]: entry for entry in omniforge("prompts", "list", "--format", "json").json}
    assert {"intent@v1", "intent@v2", "greet@v1"} <= set(listed)
    assert (listed["greet@v1"]["state"], listed["greet@v1"]["changelog"]) == ("draft", "first")
    assert "greet@v1" in omniforge("prompts", "list").out


def test_a_broken_version_is_listed_with_what_is_wrong(omniforge: Omniforge, greet: Path):
    greet.write_text("system: x")
    ended = omniforge("prompts", "list")
    assert ended.code == 0
    assert "user: this key is missing" in ended.out


def test_show_prints_the_file_as_it_stands(omniforge: Omniforge, greet: Path):
    assert omniforge("prompts", "show", "greet").out == TEMPLATE
    shown = omniforge("prompts", "show", "intent@v2", "--format", "json").json
    assert (shown["ref"], shown["params"]["temperature"]) == ("intent@v2", 0.0)
    assert shown["few_shot"][0]["message"]


def test_an_unknown_version_is_exit_2_with_the_nearest(omniforge: Omniforge):
    ended = omniforge("prompts", "show", "intent@v22")
    assert (ended.code, ended.out) == (2, "")
    assert "did you mean 'intent@v2'?" in ended.err


def test_diff_is_unified_and_empty_for_equal_versions(omniforge: Omniforge, greet: Path):
    found = omniforge("prompts", "diff", "intent@v1", "intent@v2").out
    assert found.startswith("--- intent@v1\n+++ intent@v2\n@@")
    assert "\n-version: v1\n" in found
    assert "\n+version: v2\n" in found
    same = omniforge("prompts", "diff", "greet", "prompts/greet/v1.yaml", "--format", "json")
    assert (same.code, same.json["equal"], same.json["diff"]) == (0, True, "")


def test_new_copies_the_newest_under_the_next_natural_version(omniforge: Omniforge, greet: Path):
    greet.with_name("v9.yaml").write_text(TEMPLATE.replace("hello", "nine"))
    greet.with_name("v10.yaml").write_text(TEMPLATE.replace("hello", "ten"))
    ended = omniforge("prompts", "new", "greet", "--changelog", 'says "eleven"')
    assert ended.out.strip() == str(Path("prompts/greet/v11.yaml"))
    copy = read_prompt(Path("prompts/greet/v11.yaml"))
    assert (copy.version, copy.changelog, copy.system) == ("v11", 'says "eleven"', "Say ten. {{ taxonomy.name }}")


def test_new_starts_from_the_packaged_version_where_there_is_no_own(omniforge: Omniforge):
    first, second = (omniforge("prompts", "new", "--format", "json").json["ref"] for _ in range(2))
    newest = omniforge("prompts", "list", "--format", "json").json[-1]
    assert second == newest["ref"] != first
    assert newest["file"].endswith(f"{second.replace('@', '/')}.yaml")


def test_new_makes_another_prompt_of_an_existing_one(omniforge: Omniforge):
    assert omniforge("prompts", "new", "bank", "--from", "intent@v1").code == 0
    copy = read_prompt(Path("prompts/bank/v1.yaml"))
    assert (copy.name, copy.version) == ("bank", "v1")
    assert "A copy of intent@v1" in copy.changelog


@pytest.mark.parametrize("name", ["../evil", "a/b", "nothing"])
def test_new_refuses_a_name_that_is_none_or_has_nothing_to_copy(omniforge: Omniforge, name: str):
    ended = omniforge("prompts", "new", name)
    assert ended.code == 2
    assert not Path("prompts").exists()


def test_new_refuses_a_file_whose_version_it_cannot_change(omniforge: Omniforge, greet: Path):
    greet.write_text(TEMPLATE.replace("version: v1", "version: >-\n  v1"))
    ended = omniforge("prompts", "new", "greet")
    assert (ended.code, "copy it by hand" in ended.err) == (2, True)


def test_check_passes_sound_versions(omniforge: Omniforge, greet: Path):
    ended = omniforge("prompts", "check")
    assert (ended.code, "greet@v1: draft, ok" in ended.out) == (0, True)


def test_check_finds_a_template_that_cannot_be_rendered(omniforge: Omniforge, greet: Path):
    greet.write_text(TEMPLATE.replace("taxonomy.name", "taxonmy.name"))
    ended = omniforge("prompts", "check", "greet")
    assert ended.code == 2
    assert "greet@v1: draft, not ok\n  error  " in ended.out
    assert "taxonmy" in ended.out


def test_a_released_version_that_was_changed_or_lost_is_exit_2(omniforge: Omniforge, greet: Path):
    assert omniforge("prompts", "release", "greet").code == 0
    assert omniforge("prompts", "check", "greet@v1").out == "greet@v1: released, ok\n"
    greet.write_text(TEMPLATE + "# touched\n")
    ended = omniforge("prompts", "check", "greet", "--format", "json")
    assert ended.code == 2
    assert "was changed after its release" in ended.json[0]["errors"][0]
    greet.unlink()
    gone = omniforge("prompts", "check")
    assert (gone.code, "greet/v1.yaml: was released and is gone" in gone.out) == (2, True)


def test_a_released_version_is_not_released_again_with_other_content(omniforge: Omniforge, greet: Path):
    omniforge("prompts", "release", "greet")
    greet.write_text(TEMPLATE + "# touched\n")
    assert omniforge("prompts", "release", "greet").code == 2


def test_what_came_with_the_package_is_not_released_here(omniforge: Omniforge):
    ended = omniforge("prompts", "release", "intent@v1")
    assert ended.code == 2
    assert not Path("prompts").exists()
