"""The metrics of an arm by their path in `report.json`: what there is, its value and interval, and over how many cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from omniforge_cli.core.errors import GateFileError
from omniforge_cli.core.gate import NO_REGRESSION, Bound
from omniforge_cli.core.identity import nearest
from omniforge_cli.core.report import ArmReport, ClassScore, Cost, Estimate, Latency, PrecisionRecall, TagScore
from omniforge_cli.scoring.statistics import wilson


def _paths(head: str, kind: Any) -> list[str]:
    return [f"{head}.{item.name}" for item in fields(kind)]


FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {
    "per_class": tuple(item.name for item in fields(ClassScore)),
    "by_tag": tuple(item.name for item in fields(TagScore)),
}
"""Metrics of one label or tag: `per_class.<label>.recall`."""

_SHARES: Final = (
    "accuracy",
    "system_accuracy",
    "answered_accuracy",
    "fallback_accuracy",
    "fallback_rate",
    "error_rate",
    "clarification_rate",
    "flip_rate",
)

_PLAIN: Final = (
    *_SHARES,
    *("macro_f1", "ece", "brier", "n", "n_answered", "n_errors", "n_fallbacks", "n_outages", "n_unlabelled"),
    *("tokens.prompt", "tokens.completion", "stability.variance.within_share"),
    *_paths("latency_ms", Latency),
    *_paths("cost_usd", Cost),
    *_paths("ambiguity", PrecisionRecall),
    *_paths("entities", PrecisionRecall),
    *_paths("entities_overlapping", PrecisionRecall),
)

_PASS_HAT: Final = "stability.pass_hat_k."

_UNMEASURED: Final = {
    "latency_ms": "no call was made, or only cached answers came back",
    "cost_usd": "the price of the model is not known",
    "flip_rate": "it needs --repeats 2 or more",
    "stability": "it needs --repeats 2 or more",
    "ece": "no answer came with a confidence",
    "brier": "no answer came with a confidence",
    "ambiguity": "no case is marked as ambiguous, or nothing was asked back",
    "entities": "no case states entities, or none was found",
    "entities_overlapping": "no case states entities, or none was found",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A metric of an arm. Shares have an interval and `n_cases`, the independent cases they are over (repeats count once)."""

    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    n_cases: int | None = None

    def at(self, bound: Bound) -> float | None:
        """The value, or an end of its interval."""
        return {Bound.VALUE: self.value, Bound.CI_LOW: self.ci_low, Bound.CI_HIGH: self.ci_high}[bound]


def check_metric(path: str, bound: Bound = Bound.VALUE) -> None:
    """Refuse what no arm could ever have; a label or tag without samples is not refused here.

    Raises:
        GateFileError: no such metric (the message names the nearest), or a bound of one that has no interval.
    """
    head, name, leaf = _split(path)
    if head in FAMILIES:
        if not name or leaf not in FAMILIES[head]:
            known = [f"{head}.{name or '<name>'}.{one}" for one in FAMILIES[head]]
            raise GateFileError(f"{path!r} is not a metric{nearest(path, known)}")
    elif path not in _PLAIN and path != NO_REGRESSION and not (path.startswith(_PASS_HAT) and leaf.isdigit()):
        templates = [f"{family}.<name>.{one}" for family, leaves in FAMILIES.items() for one in leaves]
        raise GateFileError(f"{path!r} is not a metric{nearest(path, [*_PLAIN, *templates, NO_REGRESSION])}")
    if bound is not Bound.VALUE and not _is_share(path):
        raise GateFileError(f"{path!r} has no interval; gate on its value (leave `bound` out)")


def measure(report: ArmReport, path: str) -> Measured:
    """The metric of that path; all None where it was not measured.

    Raises:
        GateFileError: no such metric.
    """
    check_metric(path)
    found = _dig(report, path)
    if isinstance(found, Mapping):
        found = Estimate(**found)
    value = found.value if isinstance(found, Estimate) else found
    if value is None or not _is_share(path):
        return Measured(value=value)
    n_cases = _independent_cases(report, path)
    if isinstance(found, Estimate):
        return Measured(value=value, ci_low=found.ci_low, ci_high=found.ci_high, n_cases=n_cases)
    low, high = wilson(value * n_cases, n_cases)
    return Measured(value=value, ci_low=low, ci_high=high, n_cases=n_cases)


def why_unmeasured(report: ArmReport, path: str) -> str:
    """Why a metric has no value, in a few words."""
    head, name, _ = _split(path)
    if head not in FAMILIES:
        return _UNMEASURED.get(head, "there was nothing to measure it on")
    known = getattr(report, head)
    noun = "label" if head == "per_class" else "tag"
    return (
        f"it has no samples or no answers to go by, {noun} {name!r}"
        if name in known
        else f"no sample has the {noun} {name!r}{nearest(name, known)}"
    )


def _split(path: str) -> tuple[str, str, str]:
    """Head, label or tag (which may hold dots), leaf."""
    head, _, rest = path.partition(".")
    name, _, leaf = rest.rpartition(".")
    return head, name, leaf


def _is_share(path: str) -> bool:
    head, _, leaf = _split(path)
    return path in _SHARES or (head, leaf) in (("by_tag", "accuracy"), ("per_class", "recall"), ("per_class", "precision"))


def _dig(report: ArmReport, path: str) -> Any:
    head, name, leaf = _split(path)
    steps = [head, name, leaf] if head in FAMILIES else path.split(".")
    found: Any = report.extra if head in report.extra else report
    for step in steps:
        found = found.get(step) if isinstance(found, Mapping) else getattr(found, step, None)
    return found


def _independent_cases(report: ArmReport, path: str) -> int:
    """How many different cases a share is over, at least 1: its samples, with repeats of a case counted once."""
    head, name, leaf = _split(path)
    if path == "flip_rate":
        return max(1, int(report.extra["stability"]["n_cases"]))
    if head == "per_class":
        column = report.confusion.labels.index(name)
        n_samples = report.per_class[name].support if leaf == "recall" else sum(row[column] for row in report.confusion.matrix)
    elif head == "by_tag":
        n_samples = report.by_tag[name].n
    else:
        sizes = {"answered_accuracy": report.n_answered, "fallback_accuracy": report.n_fallbacks}
        n_samples = report.extra.get("n_clear", report.n) if path == "clarification_rate" else sizes.get(path, report.n)
    return max(1, round(n_samples * report.extra.get("n_cases", report.n) / report.n)) if report.n else 1
