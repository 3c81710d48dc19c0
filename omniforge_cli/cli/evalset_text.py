"""Eval sets and what was found in them, as text for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from omniforge_cli.core.evalset import Case, EvalSet
from omniforge_cli.reporting.plaintext import aligned, fitted

if TYPE_CHECKING:
    from omniforge_cli.files.inventory import Difference
    from omniforge_cli.wiring.evalsets import Checked, Listed

_MOST_OF_A_KIND: Final = 20
"""Findings of one kind that are printed for an eval set; JSON has all."""
_BAR: Final = 30


def listing(found: Sequence[Listed]) -> str:
    """One line an eval set."""
    if not found:
        return "There is no eval set; put one at ./evalsets/<name>/<version>.yaml\n"
    rows = [
        (
            entry.ref,
            f"{entry.n_cases} cases" if entry.error is None else "broken",
            entry.state,
            entry.error or fitted(entry.description, 80),
        )
        for entry in found
    ]
    return _lines(aligned(rows, widest=1000))


def cases(evalset: EvalSet) -> str:
    """Every case with its history, the message last."""
    return "\n".join(_case(case) for case in evalset.cases) + f"\n{len(evalset.cases)} cases of {evalset.ref}\n"


def findings(checked: Iterable[Checked]) -> str:
    """For each eval set what is wrong and what to look at."""
    return _lines(line for one in checked for line in _checked(one))


def counts(counted: Mapping[str, Any]) -> str:
    """The numbers of `evalset stats`."""
    chars = counted["message_chars"]
    kinds = [(name.removeprefix("n_").replace("_", " "), str(value)) for name, value in counted.items() if name.startswith("n_") and value]
    parts = [
        f"{counted['evalset']}\n",
        _lines(aligned(kinds, right=(1,))),
        f"message length: median {chars['median']}, 95% under {chars['p95']}, longest {chars['max']} characters\n",
        _bars("labels", counted["labels"]),
        _bars("tags", counted["tags"]) if counted["tags"] else "",
    ]
    return "\n".join(part for part in parts if part)


def difference(found: Difference) -> str:
    """One line a case that differs, one more for each changed key."""
    lines = [f"+ {case}" for case in found.added] + [f"- {case}" for case in found.removed]
    lines += [f"{old} -> {new}" for old, new in found.renamed.items()]
    for case, keys in found.changed.items():
        lines.append(f"~ {case}")
        lines += [f"    {key}: {before!r} -> {after!r}" for key, (before, after) in keys.items()]
    told = (("added", found.added), ("removed", found.removed), ("renamed", found.renamed), ("changed", found.changed))
    counted = ", ".join(f"{len(some)} {word}" for word, some in told)
    return _lines([*lines, f"{counted}, {found.n_same} the same"])


def _checked(one: Checked) -> Iterator[str]:
    by_level = Counter(finding.level.value for finding in one.findings)
    told = ", ".join(f"{by_level[level]} {level}s" for level in ("error", "warning"))
    yield f"{one.ref}: {f'{one.n_cases} cases, ' if one.n_cases else ''}{told}"
    shown: Counter[str] = Counter()
    for finding in one.findings:
        shown[finding.kind] += 1
        if shown[finding.kind] <= _MOST_OF_A_KIND:
            yield f"  {finding.level.value:<7}  {finding.kind:<14}  {finding.message}"
    for kind, number in shown.items():
        if number > _MOST_OF_A_KIND:
            yield f"  … and {number - _MOST_OF_A_KIND} more of {kind}; --format json has all"


def _case(case: Case) -> str:
    tags = f"  [{', '.join(case.tags)}]" if case.tags else ""
    also = f" (or {', '.join(case.acceptable_actions)})" if case.acceptable_actions else ""
    lines = [f"{case.id}  {case.expected_action}{also}{tags}"]
    lines += [f"  {turn.role}: {' '.join(turn.content.split())}" for turn in case.history]
    return _lines([*lines, f"  > {' '.join(case.message.split())}"])


def _bars(title: str, numbers: Mapping[str, int]) -> str:
    most = max(numbers.values(), default=0) or 1
    rows = [(name, str(number), "#" * round(_BAR * number / most)) for name, number in numbers.items()]
    return f"{title}\n" + _lines(f"  {line}" for line in aligned(rows, right=(1,)))


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
