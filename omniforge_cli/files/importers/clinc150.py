"""CLINC150's JSON form (github.com/clinc/oos-eval): named splits, each a list of `[text, intent]`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.core.evalset import Case
from omniforge_cli.core.identity import nearest


def is_clinc150(document: object) -> bool:
    """Whether a JSON value is a mapping of splits to pairs of strings (judged by the first pair of each)."""
    return (
        isinstance(document, dict)
        and bool(document)
        and all(isinstance(rows, list) and all(map(_is_pair, rows[:1])) for rows in document.values())
    )


def read_clinc150(document: Mapping[str, Any], path: Path, splits: Sequence[str]) -> list[Case]:
    """The cases of the named splits, all where none is named; tagged with their split, numbered within it.

    Raises:
        EvalSetError: a split is not in the file, or an entry is no pair of text and intent.
    """
    for split in splits:
        if split not in document:
            raise EvalSetError(f"{path}: there is no split {split!r}{nearest(split, document)}")
    cases = []
    for split in splits or document:
        for number, row in enumerate(document[split], start=1):
            if not _is_pair(row):
                raise EvalSetError(f"{path}: {split}[{number - 1}]: not a pair of text and intent")
            cases.append(Case(id=f"{split}-{number:05d}", message=row[0], expected_action=row[1], tags=(split,)))
    return cases


def _is_pair(row: object) -> bool:
    return isinstance(row, list) and len(row) == 2 and all(isinstance(part, str) for part in row)
