"""The packaged phrases and gate are read strictly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"nowhere\.json"):
        load_phrases(tmp_path / "nowhere.json")


@pytest.mark.parametrize("change", [{"sources": ["own"]}, {"weights": {"always": [1.0]}}, {"weights": {"always": ["x"] * 7}}])
def test_a_gate_for_other_sources_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "followup.json"
    path.write_text(json.dumps({**json.loads((weights() / "followup.json").read_text()), **change}))
    with pytest.raises(WeightsError, match=r"train_followup\.py"):
        load_followup(load_phrases(), path)
