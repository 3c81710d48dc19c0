"""Entities found against entities stated: exactly the same, and overlapping.

Only cases that state entities are judged. Values are compared as text, without regard to case and spacing; a list is several values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from omniforge_cli.core.report import PrecisionRecall

Entity = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class EntityCount:
    """How many entities were stated and found, and how many of each have a counterpart on the other side."""

    n_expected: int = 0
    n_found: int = 0
    exact: int = 0
    expected_overlapping: int = 0
    found_overlapping: int = 0
    n_outage: int = 0

    def add(self, expected: Mapping[str, Any], found: Mapping[str, Any] | None, *, outage: bool = False) -> None:
        """Count one sample; `found` is None where nobody answered as asked: everything was missed."""
        stated, seen = flatten(expected), flatten(found or {})
        self.n_expected += len(stated)
        self.n_found += len(seen)
        self.n_outage += len(stated) if outage else 0
        self.exact += (Counter(stated) & Counter(seen)).total()
        self.expected_overlapping += sum(any(overlap(entity, other) for other in seen) for entity in stated)
        self.found_overlapping += sum(any(overlap(entity, other) for other in stated) for entity in seen)

    def merge(self, other: EntityCount) -> None:
        """Count another's samples too."""
        for item in fields(self):
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))

    def score(self, *, overlapping: bool = False, outages_right: bool = False) -> PrecisionRecall:
        """Precision, recall and F1 over all entities of all samples."""
        more = self.n_outage if outages_right else 0
        found_hits = (self.found_overlapping if overlapping else self.exact) + more
        expected_hits = (self.expected_overlapping if overlapping else self.exact) + more
        precision = found_hits / (self.n_found + more) if self.n_found + more else None
        recall = expected_hits / self.n_expected if self.n_expected else None
        both = (precision or 0.0) + (recall or 0.0)
        f1 = None if recall is None else 2 * (precision or 0.0) * recall / both if both else 0.0
        return PrecisionRecall(precision=precision, recall=recall, f1=f1, n=self.n_expected)


def flatten(entities: Mapping[str, Any]) -> list[Entity]:
    """(name, normalised text) of each value; None and empty values state nothing."""
    flat: list[Entity] = []
    for name, value in entities.items():
        for item in value if isinstance(value, list | tuple) else [value]:
            text = "" if item is None else " ".join(str(item).casefold().split())
            if text:
                flat.append((name, text))
    return flat


def overlap(one: Entity, other: Entity) -> bool:
    """The same name, and one text within the other or a word in common."""
    if one[0] != other[0]:
        return False
    return one[1] in other[1] or other[1] in one[1] or not set(one[1].split()).isdisjoint(other[1].split())
