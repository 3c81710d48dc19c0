"""BANKING77's CSV form (github.com/PolyAI-LDN/task-specific-datasets): the columns `text,category`."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final

from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.core.evalset import Case

_HEADER: Final = ["text", "category"]


def is_banking77(text: str) -> bool:
    """Whether a text begins with the header of that form."""
    return next(csv.reader(io.StringIO(text.partition("\n")[0])), []) == _HEADER


def read_banking77(text: str, path: Path) -> list[Case]:
    """The cases in file order; some of the published messages hold line breaks, which stay.

    Raises:
        EvalSetError: another header, a row that has not two fields, or broken quotes.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    cases: list[Case] = []
    try:
        if next(reader, None) != _HEADER:
            raise EvalSetError(f"{path}:1: the header of BANKING77 is `text,category`; try another --format")
        for row in reader:
            if len(row) != 2:
                raise EvalSetError(f"{path}:{reader.line_num}: {len(row)} fields, not `text,category`")
            cases.append(Case(id=f"{len(cases) + 1:05d}", message=row[0], expected_action=row[1]))
    except csv.Error as exc:
        raise EvalSetError(f"{path}:{reader.line_num}: broken CSV: {exc}") from exc
    return cases
