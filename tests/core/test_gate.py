from __future__ import annotations

from typing import Any

import pytest

from omniforge_cli.core.errors import GateFileError
from omniforge_cli.core.gate import SHORT_FORMS, Bound, Gate, short_gate


def test_a_gate_without_a_name_is_called_by_what_it_says():
    assert Gate(metric="accuracy", min=0.9).name == "accuracy >= 0.9"
    assert Gate(metric="latency_ms.p95", max=1000).name == "latency_ms.p95 <= 1000"
    assert Gate(metric="accuracy", min=0.9, bound=Bound.CI_LOW).name == "accuracy.ci_low >= 0.9"
    assert Gate(metric="no_regression", baseline="b.json").name == "no regression from b.json"
    assert Gate(metric="accuracy", min=0.9, name="good").name == "good"


def test_thresholds_are_inclusive():
    assert Gate(metric="accuracy", min=0.9).accepts(0.9)
    assert not Gate(metric="accuracy", min=0.9).accepts(0.8999)
    assert Gate(metric="ece", max=0.1).accepts(0.1)
    assert not Gate(metric="ece", max=0.1).accepts(0.1001)


@pytest.mark.parametrize("path", ["accuracy.ci_low", "by_tag.followup.accuracy.ci_low"])
def test_a_bound_may_stand_in_the_path(path: str):
    gate = Gate(metric=path, min=0.8)
    assert (gate.metric, gate.bound) == (path.removesuffix(".ci_low"), Bound.CI_LOW)
    assert Gate(metric="accuracy.value", min=0.8).metric == "accuracy"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"metric": "accuracy"}, "exactly one of"),
        ({"metric": "accuracy", "min": 0.1, "max": 0.2}, "exactly one of"),
        ({"metric": "accuracy", "min": float("nan")}, "a number"),
        ({"metric": "accuracy", "min": 0.1, "baseline": "x"}, "no_regression alone"),
        ({"metric": "no_regression"}, "takes a `baseline`"),
        ({"metric": "no_regression", "baseline": "x", "min": 0.1}, "takes a `baseline`"),
        ({"metric": "accuracy.ci_low", "min": 0.1, "bound": Bound.CI_HIGH}, "keep one"),
        ({"metric": "accuracy", "min": 0.1, "analyzers": ("lokal",)}, "did you mean 'local'"),
    ],
)
def test_a_gate_that_makes_no_sense_is_refused(fields: dict[str, Any], said: str):
    with pytest.raises(GateFileError, match=said):
        Gate(**fields)


def test_a_gate_may_be_limited_to_analyzers_and_arms():
    everything, llm = Gate(metric="ece", max=1), Gate(metric="ece", max=1, analyzers=("llm",))
    newest = Gate(metric="ece", max=1, arms=("llm:*:intent@v2", "local"))
    assert everything.applies_to("keyword", "keyword")
    assert (llm.applies_to("llm", "llm:m:p"), llm.applies_to("local", "local")) == (True, False)
    assert newest.applies_to("llm", "llm:gpt-4o-mini:intent@v2")
    assert newest.applies_to("local", "local")
    assert not newest.applies_to("llm", "llm:gpt-4o-mini:intent@v1")


def test_operators():
    assert [gate.op for gate in (Gate(metric="n", min=1), Gate(metric="n", max=1), Gate(metric="no_regression", baseline="b"))] == [
        ">=",
        "<=",
        "!=",
    ]
    assert Gate(metric="no_regression", baseline="b").threshold is None


@pytest.mark.parametrize("flag", SHORT_FORMS)
def test_every_short_form_is_a_gate(flag: str):
    gate = short_gate(flag, 0.5)
    assert gate.threshold == 0.5
    assert gate.op == (">=" if flag.startswith("min-") else "<=")
