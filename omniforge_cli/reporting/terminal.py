"""A report -> plain text for a terminal: verdict first, then what an engineer asks next. Text must be redacted by the caller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from omniforge_cli.core.report import ArmReport, GateResult, GateStatus, Report
from omniforge_cli.reporting import changes, numbers, tradeoffs, view
from omniforge_cli.reporting.plaintext import BOLD, DIM, GREEN, RED, YELLOW, aligned, displayed_width, encodable, fitted, paint, wrapped

_STATUS_COLORS = {"pass": GREEN, "fail": RED, "undecided": YELLOW}
_MANY_LABELS = 20
_WORST = 5
_IDS = 8
_FLIPS = 10
_TURNS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    width: int
    color: bool

    def bold(self, text: str) -> str:
        return paint(text, BOLD, color=self.color)

    def dim(self, text: str) -> str:
        return paint(text, DIM, color=self.color)

    def status(self, text: str, status: str) -> str:
        return paint(text, BOLD, *filter(None, [_STATUS_COLORS.get(status)]), color=self.color)


def render(report: Report, *, files: Sequence[str] = (), width: int = 80, color: bool = False, encoding: str = "utf-8") -> str:
    """The report in lines of at most about `width` columns (at least 48), in characters that `encoding` has.

    `files` are the paths that were written; `color` adds ANSI styles.
    """
    page = _Page(width=max(width, 48), color=color)
    blocks = [_verdict(report, page), *_summary(report, page)]
    blocks += [block for arm in report.arms for block in _arm(report, arm, page)]
    blocks += [_gates(report, page), _comparisons(report, page), _files(files, page)]
    text = "\n\n".join("\n".join(block) for block in blocks if block)
    return encodable(text + "\n", encoding)


def _verdict(report: Report, page: _Page) -> list[str]:
    headline = view.headline(report)
    first, *rest = wrapped(f"{headline.title}  {headline.sentence}", page.width)
    title = page.status(headline.title, headline.status)
    return [title + first.removeprefix(headline.title), *rest, *map(page.dim, wrapped(headline.subject, page.width))]


def _summary(report: Report, page: _Page) -> list[list[str]]:
    """Arms side by side, as many as fit; the rest in tables below."""
    rows = [row for row in view.metric_rows(report) if row.essential]
    if not report.arms or not rows:
        return []
    room = page.width - max(len(row.label) for row in rows)
    columns = [[arm.name, *(row.values[i] for row in rows)] for i, arm in enumerate(report.arms)]
    groups: list[list[list[str]]] = [[]]
    for column in columns:
        taken = sum(_column_width(one, room) for one in groups[-1])
        if groups[-1] and taken + _column_width(column, room) > room:
            groups.append([])
        groups[-1].append(column)
    tables = []
    for group in groups:
        cells = [["", *(column[0] for column in group)]]
        cells += [[row.label, *(column[i + 1] for column in group)] for i, row in enumerate(rows)]
        lines = aligned(cells, widest=room - 2)
        tables.append([page.bold(lines[0]), *lines[1:]])
    return tables


def _column_width(column: Sequence[str], room: int) -> int:
    return min(max(map(displayed_width, column)), room - 2) + 2


def _arm(report: Report, arm: ArmReport, page: _Page) -> list[list[str]]:
    if report.command == "replay":
        blocks = [_flips(arm, page), _turns(report, arm, page), _tags(arm, page)]
    else:
        blocks = [_classes(report, arm, page), _confusions(arm, page), _tags(arm, page)]
    blocks += [_outage(arm, page), _cascade(arm, page)]
    blocks = [block for block in blocks if block]
    if blocks and len(report.arms) > 1:
        blocks[0].insert(0, page.bold(fitted(arm.name, page.width)))
    return blocks


def _flips(arm: ArmReport, page: _Page) -> list[str]:
    found = changes.flip_rows(arm)
    if not found:
        return []
    rows = [[flip.then, "→", flip.now, numbers.count(flip.n), numbers.percent(flip.share)] for flip in found[:_FLIPS]]
    lines = aligned([["decided then", "", "decided now", "turns", "of all"], *rows], right=(3, 4), widest=max((page.width - 24) // 2, 12))
    tail = [page.dim(f"and {numbers.counted(len(found) - _FLIPS, 'more kind')} of change")] if len(found) > _FLIPS else []
    return [page.bold(lines[0]), *lines[1:], *tail]


def _turns(report: Report, arm: ArmReport, page: _Page) -> list[str]:
    shown, total = changes.turns_of(report, arm, _TURNS)
    if not shown:
        return []
    lines = [page.bold("changed turns" if len(shown) == total else f"changed turns, {len(shown)} of {numbers.count(total)}")]
    for turn in shown:
        lines.append(fitted(f"{turn.id}  {turn.message}", page.width))
        rows = [[name, one.action, one.confidence, one.reasoning] for name, one in changes.sides(turn)]
        lines += [f"  {fitted(line, page.width - 2)}" for line in aligned(rows, widest=page.width)]
    return lines


def _classes(report: Report, arm: ArmReport, page: _Page) -> list[str]:
    shown = [(label, one) for label, one in arm.per_class.items() if one.support or one.precision is not None]
    title = "label"
    if len(shown) > _MANY_LABELS or len(report.arms) > 2:
        shown, title = view.worst_classes(arm, _WORST * 2), "label, worst first"
    if not shown:
        return []
    rows = [
        [label, numbers.score(one.precision), numbers.score(one.recall), numbers.score(one.f1), numbers.count(one.support)]
        for label, one in shown
    ]
    lines = aligned([[title, "precision", "recall", "F1", "support"], *rows], right=(1, 2, 3, 4), widest=max(page.width - 40, 12))
    left_out = sum(1 for one in arm.per_class.values() if one.support) - len(shown)
    tail = [page.dim(f"and {numbers.counted(left_out, 'more label')}")] if left_out > 0 else []
    return [page.bold(lines[0]), *lines[1:], *tail]


def _confusions(arm: ArmReport, page: _Page) -> list[str]:
    pairs = view.top_confusions(arm)
    if not pairs:
        return []
    rows = [[pair.expected, "→", pair.predicted, f"{numbers.count(pair.n)} of {numbers.count(pair.answered)}"] for pair in pairs[:_WORST]]
    tail = [page.dim(f"and {numbers.count(len(pairs) - _WORST)} more")] if len(pairs) > _WORST else []
    return [page.bold("confused most"), *aligned(rows, right=(3,), widest=max((page.width - 20) // 2, 12)), *tail]


def _tags(arm: ArmReport, page: _Page) -> list[str]:
    worst = view.worst_tags(arm, _WORST)
    if not worst:
        return []
    rows = [[tag, numbers.share_with_interval(one.accuracy), numbers.counted(one.n, "sample")] for tag, one in worst]
    return [page.bold("weakest tags"), *aligned(rows, right=(2,), widest=max(page.width - 40, 12))]


def _outage(arm: ArmReport, page: _Page) -> list[str]:
    rows = tradeoffs.outage_rows(arm)
    if not rows:
        return []
    lines = aligned([tradeoffs.OUTAGE_HEAD, *rows], right=(1, 2))
    return [page.bold(lines[0]), *lines[1:]]


def _cascade(arm: ArmReport, page: _Page) -> list[str]:
    lines = [line for sentence in tradeoffs.cascade_sentences(arm) for line in wrapped(sentence, page.width)]
    rows = tradeoffs.sweep_rows(arm)
    if rows:
        table = aligned([tradeoffs.SWEEP_HEAD, *rows], right=(1, 2, 3, 4))
        lines += [page.bold(table[0]), *table[1:]]
    return lines


def _gates(report: Report, page: _Page) -> list[str]:
    if not report.gates:
        return []
    many_arms = len(report.arms) > 1
    return [page.bold("gates"), *(line for gate in view.gates_by_urgency(report) for line in _gate(gate, many_arms, page))]


def _gate(gate: GateResult, many_arms: bool, page: _Page) -> list[str]:
    status = GateStatus(gate.status).value
    where = f" [{numbers.one_line(gate.arm)}]" if many_arms and gate.arm else ""
    odds = view.gate_odds(gate)
    words = f"{numbers.one_line(gate.name)}{where}: {view.gate_rule(gate)}{f' ({odds})' if odds else ''}"
    first, *rest = wrapped(words, page.width - 11, " " * 11)
    why = wrapped(numbers.one_line(gate.why), page.width - 11, " " * 11) if gate.status != GateStatus.PASS else []
    return [page.status(f"{status:<9}", status) + "  " + first.lstrip(), *rest, *map(page.dim, why)]


def _comparisons(report: Report, page: _Page) -> list[str]:
    if not report.comparisons:
        return []
    lines = [page.bold("comparisons")]
    for comparison in report.comparisons:
        words = view.comparison_words(comparison, view.accuracy_name(report))
        lines += wrapped(words.title, page.width)
        lines += wrapped(words.detail, page.width, "  ")
        lines += map(page.dim, wrapped(f"({words.also})", page.width, "  ")) if words.also else ()
        for name, ids in (("fixed", comparison.fixed), ("broken", comparison.broken)):
            lines += map(page.dim, wrapped(f"{name}: {_listed(ids)}", page.width, "  ")) if ids else ()
    return lines


def _listed(ids: Sequence[str]) -> str:
    more = f" and {numbers.count(len(ids) - _IDS)} more" if len(ids) > _IDS else ""
    return ", ".join(map(numbers.one_line, ids[:_IDS])) + more


def _files(files: Sequence[str], page: _Page) -> list[str]:
    return [page.bold("written"), *(f"  {numbers.one_line(file)}" for file in files)] if files else []
