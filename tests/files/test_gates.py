from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.errors import GateFileError
from omniforge_cli.core.gate import Bound, Gate
from omniforge_cli.files.gates import load_gates, parse_gates

ROOT = Path(__file__).resolve().parents[2]
PATH = Path("gates.yaml")


def refusal(text: str, path: Path = PATH) -> str:
    with pytest.raises(GateFileError) as caught:
        parse_gates(text, path)
    return str(caught.value)


def test_a_gates_file_is_read_as_gates():
    text = """
schema_version: 1
gates:
  - {metric: accuracy, min: 0.9}
  - metric: by_tag.followup.accuracy
    name: follow-ups
    min: 0.85
    bound: ci_low
    analyzers: [llm]
    arms: ["llm:*"]
  - {metric: no_regression, baseline: evalsets/baseline.json}
"""
    assert parse_gates(text, PATH) == (
        Gate(metric="accuracy", min=0.9),
        Gate(metric="by_tag.followup.accuracy", name="follow-ups", min=0.85, bound=Bound.CI_LOW, analyzers=("llm",), arms=("llm:*",)),
        Gate(metric="no_regression", baseline="evalsets/baseline.json"),
    )


def test_json_will_do(tmp_path: Path):
    path = tmp_path / "gates.json"
    path.write_text('{\n\t"gates": [{"metric": "ece", "max": 0.1}]}')
    assert load_gates(path) == (Gate(metric="ece", max=0.1),)
    assert "gates.json: gates[0]: unknown key 'mox'" in refusal('{"gates": [{"metric": "ece", "mox": 0.1}]}', Path("gates.json"))


def test_this_repositorys_own_gates_are_the_missions():
    own = {(gate.metric, gate.analyzers): gate.threshold for gate in load_gates(ROOT / "evalsets" / "gates.yaml")}
    assert own[("accuracy", ("llm",))] == 0.90
    assert own[("by_tag.followup.accuracy", ("llm",))] == 0.85
    assert own[("clarification_rate", ("llm",))] == 0.20
    assert own[("latency_ms.p95", ("llm",))] == 1000
    assert own[("cost_usd.mean", ("llm",))] == 0.005
    assert ("accuracy", ("local",)) in own


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{metric: accuracy, minimum: 0.9}", "unknown key 'minimum'; did you mean 'min'?"),
        ("{metric: acuracy, min: 0.9}", "did you mean 'accuracy'?"),
        ("{metric: macro_f1, min: 0.9, bound: ci_low}", "has no interval"),
        ("{metric: accuracy, min: 0.9, bound: middle}", "bound: "),
        ("{metric: accuracy, min: high}", "min: "),
        ("{metric: accuracy, min: yes}", "give a number, not yes or no"),
        ("{metric: accuracy}", "exactly one of `min` and `max`"),
        ("{min: 0.9}", "metric: this key is missing"),
        ("accuracy", "a gate is a mapping"),
        ("{metric: accuracy, min: 0.5}", "stands twice"),
    ],
)
def test_a_wrong_gate_is_refused_with_file_line_and_mend(entry: str, said: str):
    message = refusal(f"schema_version: 1\ngates:\n  - {{metric: accuracy, min: 0.5}}\n  - {entry}\n")
    assert message.startswith("gates.yaml:4: ")
    assert said in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is a mapping with"),
        ("- accuracy", "is a mapping with"),
        ("gates: {accuracy: 0.9}", "is a mapping with"),
        ("schema_version: 2\ngates: []", "schema_version 2 is not 1"),
        ("gates: []\nthresholds: []", "unknown key 'thresholds'"),
        ("gates: [", "broken YAML"),
    ],
)
def test_a_file_of_another_form_is_refused(text: str, said: str):
    assert said in refusal(text)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path):
    with pytest.raises(GateFileError, match="no such file"):
        load_gates(tmp_path / "none.yaml")


@given(
    st.dictionaries(
        st.sampled_from(["metric", "min", "max", "bound", "name", "arms", "x"]), st.one_of(st.text(max_size=8), st.floats(), st.none())
    )
)
def test_any_entry_is_a_gate_or_one_line_of_refusal(entry: dict[str, object]):
    text = json.dumps({"gates": [entry]})
    try:
        (gate,) = parse_gates(text, Path("g.json"))
    except GateFileError as refused:
        assert str(refused).startswith("g.json")
        assert "\n" not in str(refused).replace("\\n", "")
    else:
        assert gate.threshold is not None or gate.baseline
