"""The packaged phrases and gate are read strictly."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from omniforge_cli import routing
from omniforge_cli.core.errors import WeightsError
from omniforge_cli.files.phrases import load_followup, load_phrases
from omniforge_cli.files.resources import weights
from omniforge_cli.routing.followup import SOURCES


def test_the_packaged_gate_has_a_weight_for_each_source_and_for_none_of_these() -> None:
    model = load_followup(load_phrases())
    assert len(model.weights) > 50
    assert {len(row) for row in model.weights.values()} == {len(SOURCES) + 1}


@pytest.mark.parametrize("content", ["", "[]", '{"schema_version": 1}', '{"schema_version": 2}', "{"])
def test_a_damaged_phrases_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "phrases.json"
    path.write_text(content)
    with pytest.raises(WeightsError, match=r"phrases\.json"):
        load_phrases(path)


@pytest.mark.parametrize("part", ["lists", "affixes", "patterns"])
def test_a_file_without_the_words_around_names_is_damaged(tmp_path: Path, part: str) -> None:
    path = tmp_path / "phrases.json"
    plain = json.loads((weights() / "phrases.json").read_text(encoding="utf-8"))
    path.write_text(json.dumps({name: value for name, value in plain.items() if name != part}))
    with pytest.raises(WeightsError, match=part):
        load_phrases(path)


def test_the_lists_in_the_file_are_those_that_the_modules_ask_for() -> None:
    modules = Path(routing.__file__).parent.glob("*.py")
    asked = set(re.findall(r"\b(lists|affixes|patterns)\[\"(\w+)\"\]", "\n".join(module.read_text(encoding="utf-8") for module in modules)))
    phrases = load_phrases()
    parts = {"lists": phrases.lists, "affixes": phrases.affixes, "patterns": phrases.patterns}
    assert asked == {(part, name) for part, listed in parts.items() for name in listed}


def test_no_list_holds_an_empty_word_and_every_pattern_is_one() -> None:
    phrases = load_phrases()
    assert not any("" in listed for listed in (*phrases.lists.values(), *phrases.affixes.values()))
    assert all(re.compile(pattern) for pattern in phrases.patterns.values())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"nowhere\.json"):
        load_phrases(tmp_path / "nowhere.json")


@pytest.mark.parametrize("change", [{"sources": ["own"]}, {"weights": {"always": [1.0]}}, {"weights": {"always": ["x"] * 7}}])
def test_a_gate_for_other_sources_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "followup.json"
    path.write_text(json.dumps({**json.loads((weights() / "followup.json").read_text()), **change}))
    with pytest.raises(WeightsError, match=r"train_followup\.py"):
        load_followup(load_phrases(), path)
