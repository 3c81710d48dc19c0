"""What the HTML page says, as plain values for its template: tables with sortable cells, the confusions that fit, diagrams."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from omniforge_cli.core.report import ArmReport, Comparison, Report
from omniforge_cli.reporting import changes, charts, numbers, tradeoffs, view

_MOST_ARMS: Final = 40
_MOST_DETAILED_ARMS: Final = 12
_MOST_CONFUSED: Final = 24
_MOST_CELLS: Final = 2_000
_MOST_ROWS: Final = 600
_MOST_GATES: Final = 100
_MOST_COMPARISONS: Final = 40
_MOST_IDS: Final = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a table that sorts: what is read, and what it is sorted by."""

    text: str
    value: float | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One cell of a confusion matrix; `share` of its row decides how dark it is."""

    n: int
    share: float
    right: bool
    predicted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The labels that are confused most, in taxonomy order, and how many there are in all."""

    labels: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Count, ...]], ...]
    of: int


def values(report: Report) -> dict[str, Any]:
    """Everything that the template reads but the cases."""
    headline = view.headline(report)
    low = _lowest(report)
    accuracy = view.accuracy_name(report)
    comparisons = [_comparison(report, one) for one in report.comparisons[:_MOST_COMPARISONS]]
    detailed = report.arms[:_MOST_DETAILED_ARMS]
    gates = view.gates_by_urgency(report)
    return {
        "headline": headline,
        "set_name": view.evalset_name(report),
        "command": report.command,
        "accuracy": accuracy,
        "arms": [_summary(report, arm, low) for arm in report.arms[:_MOST_ARMS]],
        "more_arms": max(len(report.arms) - _MOST_ARMS, 0),
        "arm_names": [numbers.one_line(arm.name) for arm in report.arms],
        "scale": (numbers.percent(low), "100%"),
        "metrics": [(row.label, row.values[:_MOST_ARMS]) for row in view.metric_rows(report) if row.label != accuracy],
        "gates": [{"gate": gate, "rule": view.gate_rule(gate), "odds": view.gate_odds(gate)} for gate in gates[:_MOST_GATES]],
        "more_gates": max(len(gates) - _MOST_GATES, 0),
        "comparisons": comparisons,
        "changes": [one["changes"] for one in comparisons],
        "more_comparisons": max(len(report.comparisons) - _MOST_COMPARISONS, 0),
        "details": [_details(arm, index, len(detailed)) for index, arm in enumerate(detailed)],
        "more_details": max(len(report.arms) - _MOST_DETAILED_ARMS, 0),
        "facts": _facts(report),
    }


def matrix(arm: ArmReport, most: int) -> Matrix:
    """The confusion matrix, cut to the labels with the most wrong answers where there are too many to draw."""
    labels, counts = arm.confusion.labels, arm.confusion.matrix
    places = range(len(labels))
    missed = [sum(counts[i]) + sum(row[i] for row in counts) - 2 * counts[i][i] for i in places]
    kept = sorted(sorted(places, key=lambda i: (-missed[i], i))[:most])
    rows = tuple(
        (
            labels[i],
            tuple(Count(n=counts[i][j], share=counts[i][j] / max(sum(counts[i]), 1), right=i == j, predicted=labels[j]) for j in kept),
        )
        for i in kept
    )
    return Matrix(labels=tuple(labels[i] for i in kept), rows=rows, of=len(labels))


def _lowest(report: Report) -> float:
    """Where the scale of the accuracy strips begins: a round number below every interval."""
    known = [low for arm in report.arms for low in (arm.accuracy.ci_low, arm.accuracy.value) if low is not None and numbers.known(low)]
    return _tenth_below(known)


def _tenth_below(shares: Sequence[float]) -> float:
    return min(max(int(min(shares, default=0.0) * 10) / 10, 0.0), 0.9)


def _summary(report: Report, arm: ArmReport, low: float) -> dict[str, Any]:
    thresholds = [
        gate.threshold
        for gate in report.gates
        if gate.metric == "accuracy" and gate.arm in {arm.name, ""} and isinstance(gate.threshold, float)
    ]
    return {
        "name": numbers.one_line(arm.name),
        "strip": Markup(charts.strip(arm.accuracy, low, thresholds[0] if thresholds else None)),
        "value": numbers.percent(arm.accuracy.value),
        "interval": numbers.interval(arm.accuracy),
        "has_gate": bool(thresholds),
    }


def _comparison(report: Report, comparison: Comparison) -> dict[str, Any]:
    names = [arm.name for arm in report.arms]
    most = _MOST_IDS // (2 * min(len(report.comparisons), _MOST_COMPARISONS))
    return {
        "words": view.comparison_words(comparison, view.accuracy_name(report)),
        "verdict": comparison.verdict,
        "strip": Markup(charts.difference(comparison.delta)),
        "arms": [names.index(name) for name in (comparison.a, comparison.b) if name in names],
        "lists": [
            {"name": name, "n": numbers.count(len(ids)), "first": list(ids[:20]), "more": max(len(ids) - most, 0)}
            for name, ids in (("broken", comparison.broken), ("fixed", comparison.fixed))
            if ids
        ],
        "changes": {"broken": list(comparison.broken[:most]), "fixed": list(comparison.fixed[:most])},
    }


def _details(arm: ArmReport, index: int, n_arms: int) -> dict[str, Any]:
    """The tables and diagrams of one of `n_arms` arms, which share what a page can hold."""
    most_rows = _MOST_ROWS // n_arms
    by_reasons = (
        ("Reliability", charts.reliability(arm.reliability_bins)),
        ("Risk and coverage", charts.risk_coverage([(one["coverage"], one["risk"]) for one in arm.extra.get("risk_coverage") or ()])),
        ("Cascade", charts.tradeoff([(one["llm_share"], one["accuracy"], one["threshold"]) for one in arm.extra.get("sweep") or ()])),
        ("Latency", charts.latency_histogram(arm.extra.get("latency_histogram") or (), arm.latency_ms.p50, arm.latency_ms.p95)),
    )
    return {
        "index": index,
        "flips": _flip_rows(arm, most_rows),
        "blends": [(head, rows) for head, rows in _blends(arm) if rows],
        "cascade": " ".join(tradeoffs.cascade_sentences(arm)),
        "name": numbers.one_line(arm.name),
        "matrix": matrix(arm, min(_MOST_CONFUSED, math.isqrt(_MOST_CELLS // n_arms))),
        "classes": _class_rows(arm, most_rows),
        "tags": _tag_rows(arm, most_rows),
        "charts": [(name, Markup(chart)) for name, chart in by_reasons if chart],
        "calibration": f"Calibration error {numbers.score(arm.ece)}, Brier score {numbers.score(arm.brier)}. {_trust(arm)}",
    }


def _trust(arm: ArmReport) -> str:
    """From which confidence on an answer can be taken at its word; fitted on one half of the cases, told of the other."""
    fit = arm.extra.get("confidence_threshold")
    if not fit or fit["threshold"] is None or fit["coverage"] is None:
        return ""
    right, wanted, coverage = (numbers.percent(share) for share in (fit["precision"]["value"], fit["wanted"], fit["coverage"]))
    trusted = f"To have {wanted} right, trust answers from {numbers.score(fit['threshold'])} on"
    return f"{trusted}: {right} right, {coverage} of all (held-out half)."


def _class_rows(arm: ArmReport, most: int) -> list[tuple[Cell, ...]]:
    worst = [label for label, _ in view.worst_classes(arm)]
    labels = list(arm.per_class) if len(arm.per_class) <= most else worst[:most]
    return [
        (
            _word(label),
            *(Cell(text=numbers.score(value), value=value) for value in (one.precision, one.recall, one.f1)),
            Cell(text=numbers.count(one.support), value=one.support),
        )
        for label, one in ((label, arm.per_class[label]) for label in labels)
    ]


def _flip_rows(arm: ArmReport, most: int) -> list[tuple[Cell, ...]]:
    return [
        (
            _word(flip.then),
            _word(flip.now),
            Cell(text=numbers.count(flip.n), value=flip.n),
            Cell(text=numbers.percent(flip.share), value=flip.share),
        )
        for flip in changes.flip_rows(arm)[:most]
    ]


def _blends(arm: ArmReport) -> list[tuple[tuple[str, ...], Sequence[tuple[str, ...]]]]:
    return [(tradeoffs.OUTAGE_HEAD, tradeoffs.outage_rows(arm)), (tradeoffs.SWEEP_HEAD, tradeoffs.sweep_rows(arm))]


def _tag_rows(arm: ArmReport, most: int) -> list[tuple[Markup, tuple[Cell, ...]]]:
    """Each tag's strip, from a round number below all of them to 100%, and its numbers."""
    low = _tenth_below([one.accuracy.ci_low for one in arm.by_tag.values() if one.accuracy.ci_low is not None])
    worst_first = [tag for tag, _ in view.worst_tags(arm)]
    tags = [*worst_first, *(tag for tag in arm.by_tag if tag not in set(worst_first))]
    return [
        (
            Markup(charts.strip(one.accuracy, low)),
            (
                _word(tag),
                Cell(text=numbers.percent(one.accuracy.value), value=one.accuracy.value),
                Cell(text=numbers.interval(one.accuracy) or numbers.MISSING, value=one.accuracy.ci_low),
                Cell(text=numbers.count(one.n), value=one.n),
            ),
        )
        for tag, one in ((tag, arm.by_tag[tag]) for tag in tags[: most // 2])
    ]


def _word(text: str) -> Cell:
    shown = numbers.clipped(numbers.one_line(text), 80)
    return Cell(text=shown, value=shown)


def _facts(report: Report) -> list[tuple[str, str]]:
    """Where the numbers come from, so that the page can be believed years later."""
    hashes = [f"{numbers.one_line(arm.prompt)} {(arm.prompt_sha256 or '')[:12]}" for arm in report.arms if arm.prompt]
    facts = [
        ("run", report.run_id),
        ("made", report.created_at),
        ("omniforge", report.omniforge_version),
        ("eval set", f"{view.evalset_name(report)} {str(report.evalset.get('sha256') or '')[:12]}"),
        ("taxonomy", "@".join(str(report.taxonomy[key]) for key in ("name", "version") if report.taxonomy.get(key))),
        ("prompts", ", ".join(dict.fromkeys(hashes))),
        ("settings", _listed(list(report.settings.items()))),
        ("machine", _listed(list(report.machine.items()))),
    ]
    return [(name, numbers.clipped(numbers.one_line(value), 600)) for name, value in facts if value.strip()]


def _listed(pairs: Sequence[tuple[str, Any]]) -> str:
    return ", ".join(f"{name} {value}" for name, value in pairs if value is not None and not isinstance(value, dict | list) and value != "")
