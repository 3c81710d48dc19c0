"""What is measured and what came back: arms, samples, and the fingerprint that makes two runs the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final

from omniforge_cli.core.decision import OUTAGE_REASONS, FallbackReason, Source, Usage


class Analyzer(StrEnum):
    """Which analyzer was asked (`auto` is resolved to one of these before anything is measured)."""

    LLM = "llm"
    LOCAL = "local"
    KEYWORD = "keyword"
    CASCADE = "cascade"


class RunStatus(StrEnum):
    """How far a run came. `interrupted` is a run whose process is gone before its end."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    PASS = "pass"
    FAIL = "fail"
    UNDECIDED = "undecided"
    NO_GATES = "no_gates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What is measured: prompt version × model × analyzer. Prompt and model are None for offline analyzers."""

    analyzer: Analyzer
    model: str | None = None
    prompt: str | None = None
    prompt_sha256: str | None = None

    @property
    def name(self) -> str:
        """How reports and gates call it: `llm:gpt-4o-mini:intent@v2`, `local`."""
        return ":".join(part for part in (self.analyzer.value, self.model, self.prompt) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleError:
    """Why an attempt ended without an answer of the analyzer that was asked."""

    reason: FallbackReason
    message: str
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One attempt: case × arm × repeat.

    Three kinds: answered (`error` is None), fallback (`error` and `predicted` are set: another analyzer answered) and
    error (`predicted` is None: nobody did). `latency_ms` is of the whole decision with its retries; `calls` counts the requests
    that were sent (0: no call, its latency is left out of percentiles; also 0 for a cached answer). `position` is the case's place
    in its set.
    """

    case_id: str
    case_hash: str
    arm: int
    repeat: int
    expected: str | None
    predicted: str | None
    correct: bool
    confidence: float | None = None
    source: Source | None = None
    error: SampleError | None = None
    latency_ms: float = 0.0
    calls: int = 0
    cached: bool = False
    usage: Usage | None = None
    is_ambiguous: bool = False
    expected_ambiguous: bool | None = None
    alternative_action: str | None = None
    target_agent_id: str | None = None
    entities: Mapping[str, Any] = field(default_factory=dict)
    expected_entities: Mapping[str, Any] = field(default_factory=dict)
    reasoning: str = ""
    clarifying_question: str | None = None
    message: str = ""
    tags: tuple[str, ...] = ()
    injected: str | None = None
    decided_then: Mapping[str, Any] = field(default_factory=dict)
    position: int = 0

    @property
    def key(self) -> tuple[int, str, int]:
        """Identity inside a run: arm, case, repeat."""
        return (self.arm, self.case_id, self.repeat)

    @property
    def answered(self) -> bool:
        """The analyzer that was asked (or an override) answered."""
        return self.error is None and self.predicted is not None

    @property
    def fell_back(self) -> bool:
        """Another analyzer than the one asked answered."""
        return self.error is not None and self.predicted is not None

    @property
    def errored(self) -> bool:
        """Nobody answered."""
        return self.predicted is None

    @property
    def is_outage(self) -> bool:
        """The provider was not there: this sample says nothing about the prompt."""
        return self.error is not None and self.error.reason in OUTAGE_REASONS

    @property
    def asked_correct(self) -> bool:
        """Right by the analyzer that was asked: a fallback or an error is a miss."""
        return self.answered and self.correct

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; fields that hold their default are left out."""
        plain = {
            name: value
            for name, default, value in zip(_NAMES, _DEFAULTS, _VALUES(self), strict=True)
            if value is not default and value != default
        }
        if self.error is not None:
            plain["error"] = {"reason": self.error.reason.value, "message": self.error.message, "attempts": self.error.attempts}
        if self.usage is not None:
            plain["usage"] = [self.usage.prompt_tokens, self.usage.completion_tokens, self.usage.cost_usd]
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Sample:
        """What `to_dict` gave, back as a sample."""
        values = dict(plain)
        if "error" in values:
            error = values["error"]
            values["error"] = SampleError(reason=FallbackReason(error["reason"]), message=error["message"], attempts=error["attempts"])
        if "usage" in values:
            prompt_tokens, completion_tokens, cost_usd = values["usage"]
            values["usage"] = Usage(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens, cost_usd=cost_usd)
        if "source" in values:
            values["source"] = Source(values["source"])
        if "tags" in values:
            values["tags"] = tuple(values["tags"])
        return cls(**values)


SampleRow = tuple[int, str, int, str]
"""A sample as it is stored: arm, case id, repeat, and all of it as JSON text."""

_LINE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def sample_row(sample: Sample) -> SampleRow:
    """A sample as it is stored. What UTF-8 cannot hold (lone surrogates) stays escaped."""
    plain = sample.to_dict()
    text = _LINE.encode(plain)
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            text = json.dumps(plain, separators=(",", ":"))
    return (sample.arm, sample.case_id, sample.repeat, text)


def sample_from(text: str) -> Sample:
    """The sample that was stored as that JSON text."""
    return Sample.from_dict(json.loads(text))


_REQUIRED = object()
_NAMES: Final = tuple(item.name for item in fields(Sample))
_DEFAULTS: Final = tuple(
    _REQUIRED if item.default is MISSING and item.default_factory is MISSING else {} if item.default is MISSING else item.default
    for item in fields(Sample)
)
_VALUES: Final = attrgetter(*_NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What a run was asked to do. The fields of `RESUMABLE` may differ when it is resumed."""

    concurrency: int | str = 16
    timeout_s: float = 5.0
    retries: int = 2
    repeats: int = 1
    seed: int = 0
    limit: int | None = None
    tags: tuple[str, ...] = ()
    cache: bool = False
    inject: str | None = None
    offline: str | None = None
    api_base: str | None = None
    provider: str = "auto"
    cascade_threshold: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


RESUMABLE = frozenset({"concurrency", "timeout_s", "retries", "cache"})
"""Settings that may change between a run and its resumption (contract, section 5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The head of a stored run. `fingerprint` maps each thing that can change a result to its value or hash."""

    run_id: str
    tenant_id: str
    created_at: datetime
    command: str
    evalset: str
    arms: tuple[Arm, ...]
    fingerprint: Mapping[str, Any]
    status: RunStatus
    output_dir: str
    n_samples: int
    ended_at: datetime | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
