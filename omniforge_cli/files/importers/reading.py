"""Which form a file has, and its cases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.core.evalset import Case
from omniforge_cli.files.contents import decode, read_bytes
from omniforge_cli.files.documents import parse_document
from omniforge_cli.files.evalset import parse_evalset
from omniforge_cli.files.importers.banking77 import is_banking77, read_banking77
from omniforge_cli.files.importers.clinc150 import is_clinc150, read_clinc150
from omniforge_cli.files.importers.promptfoo import is_promptfoo, read_promptfoo

FORMS: Final = ("auto", "clinc150", "banking77", "jsonl", "csv", "yaml", "promptfoo")
_SUFFIXES: Final = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".yaml": "yaml", ".yml": "yaml"}


def read_cases(path: Path, form: str = "auto", splits: Sequence[str] = ()) -> tuple[Case, ...]:
    """The cases of a file in one of `FORMS`; `splits` chooses among those of CLINC150.

    Raises:
        EvalSetError: it is not of that form, or nothing is left.
    """
    text = decode(read_bytes(path, EvalSetError), path, EvalSetError)
    cases = _cases(text, path, form, tuple(splits))
    if not cases:
        raise EvalSetError(f"{path}: there is no case in it")
    return tuple(cases)


def _cases(text: str, path: Path, form: str, splits: tuple[str, ...]) -> Sequence[Case]:
    kind = _SUFFIXES.get(path.suffix.lower(), "") if form == "auto" else form
    if kind in ("clinc150", "promptfoo", "json", "yaml"):
        document = parse_document(text, path, EvalSetError)
        if kind == "clinc150" or (form == "auto" and is_clinc150(document)):
            return _clinc150(document, path, splits)
        if splits:
            raise EvalSetError(f"{path}: only CLINC150's form has splits; leave --split out")
        if kind == "promptfoo" or (form == "auto" and is_promptfoo(document)):
            return read_promptfoo(document, path)
        return parse_evalset(text, path.with_suffix(".json" if kind == "json" else ".yaml")).cases
    if splits:
        raise EvalSetError(f"{path}: only CLINC150's form has splits; leave --split out")
    if kind == "banking77" or (kind == "csv" and form == "auto" and is_banking77(text)):
        return read_banking77(text, path)
    if kind in ("csv", "jsonl"):
        return parse_evalset(text, path.with_suffix(f".{kind}")).cases
    raise EvalSetError(f"{path}: its name does not say which form it has; give --format ({', '.join(FORMS[1:])})")


def _clinc150(document: Any, path: Path, splits: tuple[str, ...]) -> list[Case]:
    if not is_clinc150(document):
        raise EvalSetError(f"{path}: not CLINC150's form, a mapping of splits to lists of [text, intent]")
    return read_clinc150(document, path, splits)
