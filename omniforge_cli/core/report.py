"""The report of a run, as values: what `report.json` holds (contract, section 5). Nothing is rounded here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from omniforge_cli.core.run import Sample

REPORT_SCHEMA_VERSION: Final = 1


class Verdict(StrEnum):
    """What a paired comparison can honestly say."""

    BETTER = "better"
    WORSE = "worse"
    CANNOT_TELL = "cannot_tell"


class GateStatus(StrEnum):
    """How a gate ended; `undecided` is never a pass."""

    PASS = "pass"
    FAIL = "fail"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its 95% interval; all None where nothing was measured."""

    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """Precision, recall and F1 of one label; None where undefined."""

    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Rows are expected labels, columns predicted ones, both in taxonomy order; answered samples only."""

    labels: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Samples whose confidence fell into (low, high]: how sure they were and how right."""

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagScore:
    """Accuracy over the samples of one tag."""

    n: int
    accuracy: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds of decisions that made a call: nearest-rank percentiles. `n_cached` answers are left out."""

    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    max: float | None
    mean: float | None
    n: int
    n_cached: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """USD; None where a price is not known."""

    total: float | None
    mean: float | None
    p95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionRecall:
    """Precision, recall and F1 of entities or of asking back."""

    precision: float | None
    recall: float | None
    f1: float | None = None
    n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmReport:
    """Everything measured of one arm. `extra` holds what later features add (stability, sweep, outage blend …)."""

    name: str
    prompt: str | None
    prompt_sha256: str | None
    model: str | None
    analyzer: str
    n: int
    n_answered: int
    n_errors: int
    n_fallbacks: int
    n_outages: int
    accuracy: Estimate
    system_accuracy: Estimate
    macro_f1: float | None
    per_class: Mapping[str, ClassScore]
    confusion: Confusion
    ece: float | None
    brier: float | None
    reliability_bins: tuple[ReliabilityBin, ...]
    ambiguity: PrecisionRecall
    clarification_rate: float | None
    entities: PrecisionRecall
    by_tag: Mapping[str, TagScore]
    latency_ms: Latency
    tokens: Mapping[str, int]
    cost_usd: Cost
    fallback_rate: float | None
    error_rate: float | None
    fallback_reasons: Mapping[str, int]
    flip_rate: float | None = None
    n_unlabelled: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)
    cases: Sequence[Mapping[str, Any]] | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `extra`'s keys stand beside the others, `cases` is absent when it is None."""
        plain = asdict(replace(self, cases=None))  # asdict would copy twenty thousand cases
        extra = plain.pop("extra")
        plain.pop("cases")
        plain.update(extra)
        if self.cases is not None:
            plain["cases"] = list(self.cases)
        return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two arms or runs, paired case by case; `delta` is accuracy of b minus accuracy of a."""

    a: str
    b: str
    n: int
    fixed: tuple[str, ...]
    broken: tuple[str, ...]
    delta: Estimate
    mcnemar_p: float | None
    p_adjusted: float | None
    verdict: Verdict
    detectable_delta: float | None
    needed_n: int | None = None
    delta_macro_f1: Estimate | None = None
    delta_latency_ms: Estimate | None = None
    delta_cost_usd: Estimate | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """One gate on one arm."""

    name: str
    arm: str
    metric: str
    op: str
    threshold: float | str | None
    observed: float | str | None
    status: GateStatus
    why: str
    false_alarm: float | None = None
    power: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run: what `report.json` holds."""

    run_id: str
    created_at: str
    omniforge_version: str
    command: str
    evalset: Mapping[str, Any]
    taxonomy: Mapping[str, Any]
    machine: Mapping[str, Any]
    settings: Mapping[str, Any]
    arms: tuple[ArmReport, ...]
    comparisons: tuple[Comparison, ...] = ()
    gates: tuple[GateResult, ...] = ()
    status: str = "no_gates"
    cases_file: str | None = None
    schema_version: int = REPORT_SCHEMA_VERSION
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def measure(self) -> str:
        """What accuracy means in this run: in a replay, agreement with the decisions made then."""
        return "agreement" if self.command == "replay" else "accuracy"

    def to_dict(self) -> dict[str, Any]:
        """The contract's JSON object, plain values."""
        plain: dict[str, Any] = {
            "schema_version": self.schema_version,
            "run_id": self.run_id,
            "created_at": self.created_at,
            "omniforge_version": self.omniforge_version,
            "command": self.command,
            "evalset": dict(self.evalset),
            "taxonomy": dict(self.taxonomy),
            "machine": dict(self.machine),
            "settings": dict(self.settings),
            "arms": [arm.to_dict() for arm in self.arms],
            "comparisons": [asdict(comparison) for comparison in self.comparisons],
            "gates": [asdict(gate) for gate in self.gates],
            "status": self.status,
            **self.extra,
        }
        if self.cases_file is not None:
            plain["cases_file"] = self.cases_file
        return plain


def case_of(sample: Sample, redact: Callable[[str], str]) -> dict[str, Any]:
    """A sample as the report's case object; every text that a person or a model wrote goes through `redact`."""
    error = sample.error
    usage = sample.usage
    return {
        "id": sample.case_id,
        "expected": sample.expected,
        "predicted": sample.predicted,
        "correct": sample.correct,
        "confidence": sample.confidence,
        "source": sample.source.value if sample.source else None,
        "fallback_reason": error.reason.value if error else None,
        "latency_ms": round(sample.latency_ms, 3),
        "cached": sample.cached,
        "repeat": sample.repeat,
        "case_hash": sample.case_hash,
        "message": redact(sample.message),
        "tags": list(sample.tags),
        "error": None if error is None else {"reason": error.reason.value, "message": redact(error.message), "attempts": error.attempts},
        "calls": sample.calls,
        "is_ambiguous": sample.is_ambiguous,
        "alternative_action": sample.alternative_action,
        "target_agent_id": redact(sample.target_agent_id) if sample.target_agent_id else None,
        "entities": _redacted(sample.entities, redact),
        "expected_entities": _redacted(sample.expected_entities, redact),
        "reasoning": redact(sample.reasoning),
        "clarifying_question": redact(sample.clarifying_question) if sample.clarifying_question else None,
        "usage": None
        if usage is None
        else {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens, "cost_usd": usage.cost_usd},
        "injected": sample.injected,
        **({"decided_then": _redacted(sample.decided_then, redact)} if sample.decided_then else {}),
    }


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: _redacted(item, redact) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(item, redact) for item in value]
    return value
