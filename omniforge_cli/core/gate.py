"""A gate: a metric, a bound and where it applies. Judging it is `scoring/gates.py`, reading it `files/gates.py`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Final

from omniforge_cli.core.errors import GateFileError
from omniforge_cli.core.identity import nearest
from omniforge_cli.core.run import Analyzer

NO_REGRESSION: Final = "no_regression"
"""The metric of a gate that fails when a paired comparison with a baseline says `worse`."""


class Bound(StrEnum):
    """What of a metric is held against the threshold: the value itself, or an end of its 95% interval."""

    VALUE = "value"
    CI_LOW = "ci_low"
    CI_HIGH = "ci_high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One requirement: `min` or `max` of a metric (inclusive), or `no_regression` against a `baseline` (run id or file).

    `metric` is a path into an arm of `report.json`, like `by_tag.followup.accuracy`. `analyzers` and `arms` (names, `*` allowed)
    limit it; empty means all. A gate without a name is called by what it says.

    Raises:
        GateFileError: not exactly one of `min` and `max`, no finite number, a baseline where none belongs, or no such analyzer.
    """

    metric: str
    name: str = ""
    min: float | None = None
    max: float | None = None
    bound: Bound = Bound.VALUE
    analyzers: tuple[str, ...] = ()
    arms: tuple[str, ...] = ()
    baseline: str | None = None

    __pydantic_config__ = {"extra": "forbid"}

    def __post_init__(self) -> None:
        """Check what a schema cannot, split a bound off the path (`accuracy.ci_low`), and give a name."""
        path, _, last = self.metric.rpartition(".")
        if path and last in tuple(Bound):
            if self.bound not in (Bound.VALUE, last):
                raise GateFileError(
                    f"gate {self.name or self.metric!r}: its path says {last} and `bound` says {self.bound.value}; keep one"
                )
            object.__setattr__(self, "metric", path)
            object.__setattr__(self, "bound", Bound(last))
        title = f"{self.metric}{'' if self.bound is Bound.VALUE else '.' + self.bound.value}"
        if self.metric == NO_REGRESSION:
            self._check_regression()
            title = f"no regression from {self.baseline}"
        else:
            self._check_threshold()
            title = f"{title} {self.op} {self.threshold:g}"
        unknown = [name for name in self.analyzers if name not in tuple(Analyzer)]
        if unknown:
            known = [analyzer.value for analyzer in Analyzer]
            raise GateFileError(f"gate {self.name or title!r}: there is no analyzer {unknown[0]!r}{nearest(unknown[0], known)}")
        object.__setattr__(self, "name", self.name or title)

    def _check_regression(self) -> None:
        if not self.baseline or self.min is not None or self.max is not None or self.bound is not Bound.VALUE:
            raise GateFileError(
                f"gate {self.name or self.metric!r}: {NO_REGRESSION} takes a `baseline` (run id or file), and no `min`, `max` or `bound`"
            )

    def _check_threshold(self) -> None:
        given = [number for number in (self.min, self.max) if number is not None]
        if len(given) != 1 or not math.isfinite(given[0]):
            raise GateFileError(f"gate {self.name or self.metric!r}: give exactly one of `min` and `max`, a number")
        if self.baseline is not None:
            raise GateFileError(f"gate {self.name or self.metric!r}: `baseline` belongs to the metric {NO_REGRESSION} alone")

    @property
    def op(self) -> str:
        """`>=` or `<=`; for a regression gate `!=`."""
        return "!=" if self.metric == NO_REGRESSION else ">=" if self.min is not None else "<="

    @property
    def threshold(self) -> float | None:
        """The number to reach or not to pass; None for a regression gate."""
        return self.min if self.min is not None else self.max

    def accepts(self, value: float) -> bool:
        """Whether a measured value passes; a value equal to the threshold does."""
        return (self.min is None or value >= self.min) and (self.max is None or value <= self.max)

    def applies_to(self, analyzer: str, arm: str) -> bool:
        """Whether an arm, by its analyzer and its name, is judged by this gate."""
        return (not self.analyzers or analyzer in self.analyzers) and (not self.arms or any(fnmatchcase(arm, name) for name in self.arms))


SHORT_FORMS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "min-accuracy": ("accuracy", "min"),
        "min-macro-f1": ("macro_f1", "min"),
        "max-p95-ms": ("latency_ms.p95", "max"),
        "max-mean-cost-usd": ("cost_usd.mean", "max"),
        "max-fallback-rate": ("fallback_rate", "max"),
    }
)
"""The flags of `eval` and `replay` that are gates: metric path and which side."""


def short_gate(flag: str, threshold: float) -> Gate:
    """The gate of a short form: `short_gate("min-accuracy", 0.9)`."""
    metric, side = SHORT_FORMS[flag]
    return Gate(metric=metric, min=threshold if side == "min" else None, max=threshold if side == "max" else None)
