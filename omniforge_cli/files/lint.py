"""What is wrong with an eval set, or looks wrong: labels, duplicates, balance, and messages that a prompt or the training data has seen.

Pure: it reads no file and knows no label by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from omniforge_cli.core.conversation import Message
from omniforge_cli.core.evalset import Case, EvalSet
from omniforge_cli.core.identity import nearest
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.files.similar import Text, near_duplicates, nearest_known, plain

IMBALANCE: Final = 5
"""Times that the largest class may be larger than the smallest."""
_TELLING: Final = 20
"""Characters from which a message that two people write alike is no coincidence."""


class Level(StrEnum):
    """An error makes the numbers wrong; a warning is for a person to look at."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found. `kind` is a fixed word for scripts, `cases` the ids it is about."""

    level: Level
    kind: str
    message: str
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A message that a prompt shows or that training has read. `where` names it for a person."""

    text: Text
    where: str


def text_of(message: str, history: Sequence[Message]) -> Text:
    """A message with its history as one comparable text."""
    return Text(message=message, history="\n".join(entry.content for entry in history))


def lint(evalset: EvalSet, taxonomy: Taxonomy) -> list[Finding]:
    """Everything found in the set itself, errors first."""
    found = [*_labels(evalset.cases, taxonomy), *_duplicates(evalset.cases), *_balance(evalset.cases, taxonomy)]
    return sorted(found, key=lambda finding: finding.level is not Level.ERROR)


def leaks(evalset: EvalSet, seen: Sequence[Seen]) -> list[Finding]:
    """Cases whose answer was given away: an error where a telling message stands there as it is, else a warning."""
    texts = [text_of(case.message, case.history) for case in evalset.cases]
    places: dict[tuple[str, str], str] = {}
    for one in seen:
        places.setdefault(one.text.key, one.where)
    exact = {number: places[text.key] for number, text in enumerate(texts) if text.key in places}
    found = []
    for number, where in exact.items():
        level = Level.ERROR if len(plain(texts[number].message)) >= _TELLING else Level.WARNING
        found.append(_finding(level, "leak", f"its message stands in {where} too", evalset.cases[number]))
    for match in nearest_known(texts, [one.text for one in seen]):
        if match.of not in exact:
            said = f"its message is {match.similarity:.0%} like one in {seen[match.other].where}"
            found.append(_finding(Level.WARNING, "near_leak", said, evalset.cases[match.of]))
    return sorted(found, key=lambda finding: finding.level is not Level.ERROR)


def _labels(cases: Sequence[Case], taxonomy: Taxonomy) -> Iterator[Finding]:
    known = set(taxonomy.names)
    unknown: dict[str, list[str]] = {}
    for case in cases:
        for label in (case.expected_action, *case.acceptable_actions):
            if label is not None and label not in known:
                unknown.setdefault(label, []).append(case.id)
    if known.isdisjoint(case.expected_action for case in cases):
        said = f"none of its {len(unknown)} labels is in taxonomy {taxonomy.name}; give the right one with --taxonomy"
        unknown = {}
        yield Finding(level=Level.ERROR, kind="unknown_label", message=said)
    for label, ids in unknown.items():
        said = f"{label!r} is not a label of taxonomy {taxonomy.name}{nearest(label, taxonomy.names)}"
        where = f"case {ids[0]}" + (f" and {len(ids) - 1} more" if len(ids) > 1 else "")
        yield Finding(level=Level.ERROR, kind="unknown_label", message=f"{where}: {said}", cases=tuple(ids))


def _duplicates(cases: Sequence[Case]) -> Iterator[Finding]:
    first: dict[object, Case] = {}
    alone: list[Case] = []
    for case in cases:
        text = text_of(case.message, case.history)
        earlier = first.setdefault((text.key, tuple(agent.id for agent in case.agents)), case)
        if earlier is case:
            alone.append(case)
        elif case.accepts(earlier.expected_action) or earlier.accepts(case.expected_action):
            yield _finding(Level.WARNING, "duplicate", f"the same message as case {earlier.id}", case, earlier)
        else:
            said = f"the same message as case {earlier.id}, there {earlier.expected_action} and here {case.expected_action}"
            yield _finding(Level.ERROR, "contradiction", said, case, earlier)
    for match in near_duplicates([text_of(case.message, case.history) for case in alone]):
        case, earlier = alone[match.of], alone[match.other]
        other_label = "" if case.expected_action == earlier.expected_action else f", which is labelled {earlier.expected_action}"
        yield _finding(Level.WARNING, "near_duplicate", f"{match.similarity:.0%} like case {earlier.id}{other_label}", case, earlier)


def _balance(cases: Sequence[Case], taxonomy: Taxonomy) -> Iterator[Finding]:
    counts = Counter(case.expected_action for case in cases)
    empty = [name for name in taxonomy.names if not counts[name]]
    if empty:
        shown = ", ".join(empty[:12]) + (", …" if len(empty) > 12 else "")
        yield Finding(level=Level.WARNING, kind="empty_class", message=f"{len(empty)} labels have no case: {shown}")
    ranked = counts.most_common()
    (largest, n_largest), (smallest, n_smallest) = ranked[0], ranked[-1]
    if n_largest > IMBALANCE * n_smallest:
        said = f"{largest} has {n_largest} cases and {smallest} {n_smallest}: more than {IMBALANCE} times as many"
        yield Finding(level=Level.WARNING, kind="imbalance", message=said)


def _finding(level: Level, kind: str, said: str, case: Case, *others: Case) -> Finding:
    return Finding(level=level, kind=kind, message=f"case {case.id}: {said}", cases=(case.id, *(other.id for other in others)))
