"""Adds a case to an eval set's file without touching what a person wrote there: comments, order and style stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import yaml

from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.core.evalset import Case
from omniforge_cli.files.evalset import parse_evalset
from omniforge_cli.files.export import json_line, yaml_case

_MEND: Final = "write it as a block list `cases:` that ends the file"


def appended(text: str, path: Path, case: Case) -> str:
    """The file's text with one more case at its end.

    Raises:
        EvalSetError: the id is taken, or the file's form leaves no safe place for another case.
    """
    cases = parse_evalset(text, path).cases
    if any(case.id == other.id for other in cases):
        raise EvalSetError(f"{path}: there is a case {case.id!r} already; give another --id")
    longer = _jsonl(text, case) if path.suffix == ".jsonl" else _yaml(text, path, case)
    if tuple(parse_evalset(longer, path).cases) != (*cases, case):
        raise EvalSetError(f"{path}: no case can be added safely to a file of this form; {_MEND}")
    return longer


def with_id(case: Case, taken: frozenset[str]) -> Case:
    """The case with the next free id of its kind: its first tag, its label and a number."""
    stem = "-".join([*case.tags[:1], (case.expected_action or "").replace("_", "-")])
    number = next(number for number in range(1, len(taken) + 2) if f"{stem}-{number:02d}" not in taken)
    return replace(case, id=f"{stem}-{number:02d}")


def _jsonl(text: str, case: Case) -> str:
    return f"{text.rstrip()}\n{json_line(case)}\n".lstrip("\n")


def _yaml(text: str, path: Path, case: Case) -> str:
    document = yaml.compose(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    cases = document
    if isinstance(document, yaml.MappingNode):
        key, cases = document.value[-1]
        if key.value != "cases":
            raise EvalSetError(f"{path}: `cases` is not its last key; {_MEND}")
    if not isinstance(cases, yaml.SequenceNode) or cases.flow_style:
        raise EvalSetError(f"{path}: `cases` is written in one line; {_MEND}")
    indent = " " * cases.start_mark.column
    lines = yaml_case(case).splitlines(keepends=True)
    gap = "\n" if _is_spaced(text, cases) else ""
    return f"{text.rstrip()}\n{gap}{''.join(indent + line for line in lines)}"


def _is_spaced(text: str, cases: yaml.SequenceNode) -> bool:
    """Whether a blank line stands before the last case."""
    last = cases.value[-1].start_mark.line
    return last > 0 and not text.split("\n")[last - 1].strip()
