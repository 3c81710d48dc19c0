"""What a report says and in which order: verdict, metric rows, worst things first. Every writer draws from here, so that they agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from omniforge_cli.core.decision import OUTAGE_REASONS
from omniforge_cli.core.report import ArmReport, ClassScore, Comparison, Estimate, GateResult, GateStatus, Report, TagScore, Verdict
from omniforge_cli.reporting import numbers
from omniforge_cli.scoring.explain import explain, grade

CasesOf = Callable[[int], Iterable[Mapping[str, Any]]]
"""The samples of the arm with that number, from the beginning at every call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The verdict: `title` in one or two words, `sentence` why, `subject` what was measured."""

    status: str
    title: str
    sentence: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """One metric of every arm, as text; short reports show the essential rows alone."""

    label: str
    values: tuple[str, ...]
    essential: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusedPair:
    """`n` of the `answered` samples that expect one label were given another."""

    expected: str
    predicted: str
    n: int
    answered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonWords:
    """A comparison as a person without statistics reads it."""

    title: str
    detail: str
    also: str


class Outcome(StrEnum):
    """How one sample ended, for the reader of a report."""

    RIGHT = "right"
    WRONG = "wrong"
    ERROR = "error"
    UNLABELLED = "unlabelled"


def headline(report: Report) -> Headline:
    """The verdict of a run."""
    return Headline(
        status=report.status,
        title=report.status.replace("_", " ").upper(),
        sentence=" ".join(part for part in (_agreement_sentence(report), _verdict_sentence(report)) if part),
        subject=" · ".join(part for part in (evalset_name(report), _size(report), _arms(report), report.run_id) if part),
    )


def evalset_name(report: Report) -> str:
    """`intent@v1`, or what a replay or a comparison was made from."""
    name, version = report.evalset.get("name"), report.evalset.get("version")
    return numbers.one_line("@".join(str(part) for part in (name, version) if part) or report.command)


def accuracy_name(report: Report) -> str:
    """What accuracy means in this run: in a replay, agreement with the decisions made then."""
    return report.measure


def metric_rows(report: Report) -> list[MetricRow]:
    """The summary of all arms, a row per metric; rows that no arm measured are left out."""
    rows = [
        MetricRow(label=label, values=tuple(value(arm) for arm in report.arms), essential=essential)
        for label, value, essential in _METRICS
        if not (label == "system accuracy" and all(arm.system_accuracy == arm.accuracy for arm in report.arms))
    ]
    always = {"accuracy", "fallbacks", "errors"}
    rows = [row for row in rows if row.label in always or any(value not in {numbers.MISSING, ""} for value in row.values)]
    return [replace(row, label=row.label.replace("accuracy", accuracy_name(report))) for row in rows]


def top_confusions(arm: ArmReport, limit: int | None = None) -> list[ConfusedPair]:
    """The most frequent wrong answers first; equals in the taxonomy's order."""
    labels, matrix = arm.confusion.labels, arm.confusion.matrix
    pairs = [
        ConfusedPair(expected=labels[row], predicted=labels[column], n=n, answered=sum(counts))
        for row, counts in enumerate(matrix)
        for column, n in enumerate(counts)
        if row != column and n
    ]
    return sorted(pairs, key=lambda pair: -pair.n)[:limit]


def worst_classes(arm: ArmReport, limit: int | None = None) -> list[tuple[str, ClassScore]]:
    """Labels of which some sample was missed, lowest recall first; equals by support, then name."""
    missed = [(label, one) for label, one in arm.per_class.items() if one.support and one.recall is not None and one.recall < 1]
    return sorted(missed, key=lambda pair: (pair[1].recall, -pair[1].support, pair[0]))[:limit]


def worst_tags(arm: ArmReport, limit: int | None = None) -> list[tuple[str, TagScore]]:
    """Tags with some wrong answer, lowest accuracy first; equals by size, then name."""
    missed = [(tag, one) for tag, one in arm.by_tag.items() if one.accuracy.value is not None and one.accuracy.value < 1]
    return sorted(missed, key=lambda pair: (pair[1].accuracy.value, -pair[1].n, pair[0]))[:limit]


def gates_by_urgency(report: Report) -> list[GateResult]:
    """Failed gates, undecided ones, then those that passed; each group in the file's order. In a replay accuracy is agreement."""
    order = {GateStatus.FAIL: 0, GateStatus.UNDECIDED: 1, GateStatus.PASS: 2}
    name = accuracy_name(report)
    told = [replace(gate, metric=name) if gate.metric == "accuracy" else gate for gate in report.gates]
    return sorted(told, key=lambda gate: order[GateStatus(gate.status)])


def gate_rule(gate: GateResult) -> str:
    """`accuracy >= 0.9, observed 0.8846`."""
    observed, threshold = numbers.gate_numbers(gate.observed, gate.threshold)
    rule = " ".join(part for part in (numbers.one_line(gate.metric), numbers.one_line(gate.op)) if part)
    if gate.threshold is not None:
        rule = f"{rule} {threshold}"
    return f"{rule}, observed {observed}" if gate.observed is not None else f"{rule}, not measured"


def gate_odds(gate: GateResult) -> str:
    """How often this gate errs at this size, where that is known."""
    parts = [
        f"{name} {numbers.percent(value)}"
        for name, value in (("false alarms", gate.false_alarm), ("power", gate.power))
        if numbers.known(value)
    ]
    return ", ".join(parts)


def comparison_words(comparison: Comparison, measure: str = "accuracy") -> ComparisonWords:
    """A comparison in sentences, and the numbers that somebody who knows statistics asks for; `measure` is the report's `accuracy_name`."""
    a, b = numbers.one_line(comparison.a), numbers.one_line(comparison.b)
    verdict = Verdict(comparison.verdict)
    title = f"Cannot tell {b} from {a}" if verdict is Verdict.CANNOT_TELL else f"{b} is {grade(verdict, measure)} than {a}"
    measured = comparison.mcnemar_p if comparison.p_adjusted is None else comparison.p_adjusted
    also = [numbers.p_value(measured)] if numbers.known(measured) else []
    also += [
        f"{name} {_signed_delta(text, one)}"
        for name, one, text in (
            ("macro-F1", comparison.delta_macro_f1, numbers.score),
            ("latency", comparison.delta_latency_ms, numbers.milliseconds),
            ("cost a message", comparison.delta_cost_usd, numbers.usd),
        )
        if one is not None and numbers.known(one.value)
    ]
    return ComparisonWords(title=title, detail=numbers.one_line(explain(comparison, measure)), also=", ".join(also))


def outcome(case: Mapping[str, Any]) -> Outcome:
    """A provider that was not there is an error; an unusable reply is a wrong answer, like any other that is not right."""
    reason = failure_reason(case)
    if case.get("expected") is None:
        return Outcome.UNLABELLED
    if reason in OUTAGE_REASONS or (case.get("predicted") is None and reason is None):
        return Outcome.ERROR
    return Outcome.RIGHT if case.get("correct") and reason is None else Outcome.WRONG


def failure_reason(case: Mapping[str, Any]) -> str | None:
    """Why the analyzer that was asked gave no usable answer, or None."""
    error = case.get("error")
    reason = error.get("reason") if isinstance(error, Mapping) else case.get("fallback_reason")
    return str(reason) if reason else None


def inline_cases(report: Report) -> CasesOf:
    """The samples that the report itself holds."""
    return lambda arm: report.arms[arm].cases or ()


def _agreement_sentence(report: Report) -> str:
    """In a replay of one arm: how many turns are decided as they were."""
    if report.command != "replay" or len(report.arms) != 1:
        return ""
    arm = report.arms[0]
    if not arm.n:
        return "No turn has a decision made then to agree with."
    changed = sum(flip["n"] for flip in arm.extra.get("flips") or ())
    told = "1 is not" if changed == 1 else f"{numbers.count(changed)} are not" if changed else "none changed"
    return f"{numbers.percent(arm.accuracy.value)} of {numbers.counted(arm.n, 'turn')} decided as then, {told}."


def _verdict_sentence(report: Report) -> str:
    total = len(report.gates)
    failed = [gate for gate in report.gates if gate.status == GateStatus.FAIL]
    undecided = [gate for gate in report.gates if gate.status == GateStatus.UNDECIDED]
    if report.status == "no_gates":
        return "Measured only: no gate was set, so nothing here could fail."
    if report.status == "pass":
        return "The only gate passed." if total == 1 else f"All {total} gates passed."
    if failed:
        more = f" {len(undecided)} undecided." if undecided else ""
        return f"{len(failed)} of {total} gates failed: {_names(failed)}.{more}"
    if undecided:
        return f"{len(undecided)} of {total} gates undecided, which is never a pass: {_names(undecided)}."
    return "Too many answers are missing to decide anything."


def _names(gates: Sequence[GateResult], limit: int = 3) -> str:
    names = list(dict.fromkeys(numbers.one_line(gate.name) for gate in gates))
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _size(report: Report) -> str:
    n_cases = report.evalset.get("n_cases")
    return numbers.counted(n_cases, "case") if isinstance(n_cases, int) else ""


def _arms(report: Report) -> str:
    return f"{len(report.arms)} arms" if len(report.arms) > 1 else ""


def _signed_delta(text: Callable[[float | None], str], delta: Estimate) -> str:
    value = numbers.signed(text(delta.value))
    if not (numbers.known(delta.ci_low) and numbers.known(delta.ci_high)):
        return value
    return f"{value} ({numbers.signed(text(delta.ci_low))} to {numbers.signed(text(delta.ci_high))})"


def _pair(first: str, second: str) -> str:
    return numbers.MISSING if first == second == numbers.MISSING else f"{first} / {second}"


def _reasons(arm: ArmReport) -> str:
    return ", ".join(f"{reason} {numbers.count(n)}" for reason, n in sorted(arm.fallback_reasons.items(), key=lambda one: -one[1]) if n)


def _tokens(arm: ArmReport) -> str:
    counts = arm.tokens.get("prompt", 0), arm.tokens.get("completion", 0)
    return _pair(numbers.count(counts[0]), numbers.count(counts[1])) if any(counts) else ""


def _where_answered(arm: ArmReport) -> str:
    """What the analyzer that was asked is worth when its provider is there."""
    measured = arm.extra.get("answered_accuracy")
    return numbers.share_with_interval(Estimate(**measured)) if measured and arm.n_answered < arm.n else ""


def _steadiness(arm: ArmReport) -> str:
    """With repeats: cases that are right now and then, and cases that never are."""
    stability = arm.extra.get("stability")
    return f"{numbers.count(stability['n_flaky'])} / {numbers.count(stability['n_always_wrong'])}" if stability else ""


def _or_nothing(n: int) -> str:
    return numbers.count(n) if n else ""


_METRICS: tuple[tuple[str, Callable[[ArmReport], str], bool], ...] = (
    ("accuracy", lambda arm: numbers.share_with_interval(arm.accuracy), True),
    ("system accuracy", lambda arm: numbers.share_with_interval(arm.system_accuracy), True),
    ("accuracy where answered", _where_answered, False),
    ("macro-F1", lambda arm: numbers.score(arm.macro_f1), True),
    ("samples", lambda arm: numbers.count(arm.n), False),
    ("fallbacks", lambda arm: numbers.count_of(arm.n_fallbacks, arm.n), True),
    ("errors", lambda arm: numbers.count_of(arm.n_errors, arm.n), True),
    ("why unanswered", _reasons, True),
    ("unlabelled", lambda arm: _or_nothing(arm.n_unlabelled), True),
    ("latency p50 / p95", lambda arm: _pair(numbers.milliseconds(arm.latency_ms.p50), numbers.milliseconds(arm.latency_ms.p95)), True),
    ("latency p99 / max", lambda arm: _pair(numbers.milliseconds(arm.latency_ms.p99), numbers.milliseconds(arm.latency_ms.max)), False),
    ("cached answers", lambda arm: _or_nothing(arm.latency_ms.n_cached), True),
    ("cost a message", lambda arm: numbers.usd(arm.cost_usd.mean), True),
    ("cost in total", lambda arm: numbers.usd(arm.cost_usd.total), True),
    ("tokens in / out", _tokens, False),
    ("asked back", lambda arm: numbers.percent(arm.clarification_rate), True),
    (
        "asking back, precision / recall",
        lambda arm: _pair(numbers.percent(arm.ambiguity.precision), numbers.percent(arm.ambiguity.recall)),
        False,
    ),
    ("entities F1", lambda arm: numbers.score(arm.entities.f1), False),
    ("calibration error", lambda arm: numbers.score(arm.ece), False),
    ("Brier score", lambda arm: numbers.score(arm.brier), False),
    ("flip rate", lambda arm: numbers.percent(arm.flip_rate), True),
    ("flaky / always wrong", _steadiness, True),
)
