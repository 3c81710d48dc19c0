"""Samples, arms and a taxonomy for the tests of scoring."""

from __future__ import annotations

from typing import Any

from omniforge_cli.core.decision import FallbackReason, Source, Usage
from omniforge_cli.core.report import ArmReport
from omniforge_cli.core.run import Analyzer, Arm, Sample, SampleError
from omniforge_cli.core.taxonomy import Label, Taxonomy
from omniforge_cli.scoring.summary import ArmAccumulator

ARM = Arm(analyzer=Analyzer.LLM, model="m", prompt="intent@v1", prompt_sha256="ab")
TAXONOMY = Taxonomy(name="letters", labels=tuple(Label(name=name) for name in ("a", "b", "c")))


def answered(expected: str | None = "a", predicted: str = "a", **changes: Any) -> Sample:
    fields: dict[str, Any] = {
        "case_id": "case",
        "case_hash": "hash",
        "arm": 0,
        "repeat": 0,
        "expected": expected,
        "predicted": predicted,
        "correct": expected == predicted,
        "confidence": 0.9,
        "source": Source.LLM,
        "latency_ms": 100.0,
        "calls": 1,
        "usage": Usage(prompt_tokens=10, completion_tokens=2, cost_usd=0.001),
    }
    return Sample(**{**fields, **changes})


def failed(reason: FallbackReason, expected: str = "a", fallback: str | None = None, **changes: Any) -> Sample:
    """Nobody answered, or with `fallback` another analyzer did."""
    plain = {
        "predicted": fallback,
        "correct": fallback == expected,
        "confidence": 0.6 if fallback else None,
        "source": Source.LOCAL if fallback else None,
        "error": SampleError(reason=reason, message="no", attempts=1),
        "usage": None,
    }
    return answered(expected, **{**plain, **changes})


def accumulate(*samples: Sample, taxonomy: Taxonomy = TAXONOMY) -> ArmAccumulator:
    accumulator = ArmAccumulator(taxonomy)
    for number, sample in enumerate(samples):
        accumulator.add(sample if sample.case_id != "case" else _numbered(sample, number))
    return accumulator


def _numbered(sample: Sample, number: int) -> Sample:
    return Sample(**{**{name: getattr(sample, name) for name in Sample.__slots__}, "case_id": f"case-{number}"})


def report_of(*samples: Sample, taxonomy: Taxonomy = TAXONOMY) -> ArmReport:
    return accumulate(*samples, taxonomy=taxonomy).report(ARM)
