"""Eval sets: YAML, JSONL (also `message,label` alone) and CSV. Every fault is named with its file and line or case."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.errors import ConversationFileError, EvalSetError
from omniforge_cli.core.evalset import Case, EvalSet
from omniforge_cli.core.identity import nearest, sha256
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.evals.spool import kept
from omniforge_cli.files.contents import decode, read_bytes
from omniforge_cli.files.conversation import agents_from, history_from
from omniforge_cli.files.resources import find_version, versions

SUFFIXES: Final = (".yaml", ".yml", ".jsonl", ".csv")
EVALSET_SCHEMA_VERSION: Final = 1
_LABEL_KEYS: Final = ("expected_action", "label", "category", "intent")
_MESSAGE_KEYS: Final = ("message", "text")
_NEEDED: Final = frozenset({"message", "expected_action"})
_TEXTS: Final = _NEEDED | {"id", "note", "description"}
"""What most cases consist of."""
_HALF_PAIR: Final = re.compile("[\ud800-\udfff]")
_NESTED_KEYS: Final = frozenset({"expected_entities", "history", "agents"})
"""Columns of a CSV file that hold JSON."""


def load_evalset(ref: str) -> EvalSet:
    """The eval set that a reference (`intent`, `intent@v1`) or a path names.

    Raises:
        EvalSetError: there is none, or it is broken; the message names file, line or case.
    """
    path = Path(ref)
    if path.suffix not in SUFFIXES and not path.is_file():
        path = find_version("evalsets", ref, SUFFIXES, EvalSetError)
        return replace(read_evalset(path), name=path.parent.name, version=path.stem)
    return read_evalset(path)


def list_evalsets() -> list[tuple[str, str, Path]]:
    """(name, version, file) of every eval set in `./evalsets` and in the package."""
    return list(versions("evalsets", SUFFIXES))


def read_evalset(path: Path) -> EvalSet:
    """One eval set file; raises EvalSetError."""
    content = read_bytes(path, EvalSetError)
    return replace(parse_evalset(decode(content, path, EvalSetError), path), sha256=sha256(content))


def parse_evalset(text: str, path: Path) -> EvalSet:
    """The eval set in the text of a file, whose name says which form it has; raises EvalSetError."""
    head: Mapping[str, Any] = {}
    written: Iterable[tuple[str, Any]]
    if path.suffix == ".jsonl":
        written = _jsonl(text, path)
    elif path.suffix == ".csv":
        written = _csv(text, path)
    else:
        head, written = _yaml(text, path)
    cases = kept(_unique((case_from(row, where, number) for number, (where, row) in enumerate(written, start=1)), path))
    if not cases:
        raise EvalSetError(f"{path}: it has no cases")
    return EvalSet(
        name=str(head.get("name") or path.stem),
        version=str(head.get("version") or "v1"),
        description=str(head.get("description") or ""),
        cases=cases,
    )


def check_labels(evalset: EvalSet, taxonomy: Taxonomy) -> None:
    """Refuse labels that the taxonomy does not have.

    Raises:
        EvalSetError: with the first such case and the nearest label.
    """
    known = taxonomy.names
    for case in evalset.cases:
        for label in (case.expected_action, *case.acceptable_actions):
            if label is not None and label not in known:
                raise EvalSetError(
                    f"eval set {evalset.ref}, case {case.id}: {label!r} is not a label of taxonomy {taxonomy.name}{nearest(label, known)}"
                )


def joined(evalsets: list[EvalSet]) -> EvalSet:
    """Several eval sets as one: ids become `set/id`, `sets` lists the parts. One alone stays as it is."""
    if len(evalsets) == 1:
        return replace(evalsets[0], sets=(evalsets[0].ref,))
    refs = [evalset.ref for evalset in evalsets]
    if len(set(refs)) != len(refs):
        raise EvalSetError(f"the eval set {next(ref for ref in refs if refs.count(ref) > 1)} was given twice")
    names = [evalset.name for evalset in evalsets]
    prefixes = names if len(set(names)) == len(names) else refs
    cases = tuple(
        replace(case, id=f"{prefix}/{case.id}") for prefix, evalset in zip(prefixes, evalsets, strict=True) for case in evalset.cases
    )
    return EvalSet(
        name="+".join(names),
        version="+".join(evalset.version for evalset in evalsets),
        cases=cases,
        sha256=sha256("\n".join(evalset.sha256 for evalset in evalsets)),
        sets=tuple(refs),
    )


def _yaml(text: str, path: Path) -> tuple[Mapping[str, Any], list[tuple[str, Any]]]:
    from omniforge_cli.files.documents import parse_document  # noqa: PLC0415 - cases as JSON lines must not pay for YAML

    document = parse_document(text, path, EvalSetError)
    if isinstance(document, list):
        document = {"cases": document}
    if not isinstance(document, dict) or not isinstance(document.get("cases"), list):
        raise EvalSetError(f"{path}: an eval set is a mapping with a list `cases`")
    unknown = set(document) - {"schema_version", "name", "version", "description", "cases"}
    if unknown:
        raise EvalSetError(f"{path}: unknown key {sorted(map(str, unknown))[0]!r}; remove it or correct its name")
    version = document.get("schema_version", EVALSET_SCHEMA_VERSION)
    if version != EVALSET_SCHEMA_VERSION:
        raise EvalSetError(f"{path}: schema_version {version!r} is not {EVALSET_SCHEMA_VERSION}; a newer omniforge may read it")
    return document, [(f"{path}, case {number}", row) for number, row in enumerate(document["cases"], start=1)]


def _lines(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def _jsonl(text: str, path: Path) -> Iterable[tuple[str, Any]]:
    for number, line in enumerate(_lines(text), start=1):
        if not line.strip():
            continue
        try:
            yield f"{path}:{number}", json.loads(line)
        except (ValueError, RecursionError) as exc:
            raise EvalSetError(f"{path}:{number}: broken JSON: {exc}") from exc


def _csv(text: str, path: Path) -> Iterable[tuple[str, Any]]:
    csv.field_size_limit(2**31 - 1)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if None in row:
                raise EvalSetError(f"{path}:{reader.line_num}: more fields than the header has; quote fields that hold a comma")
            filled = {key: value for key, value in row.items() if value not in (None, "") or key in _MESSAGE_KEYS}
            yield f"{path}:{reader.line_num}", {key: _nested(value) if key in _NESTED_KEYS else value for key, value in filled.items()}
    except csv.Error as exc:
        raise EvalSetError(f"{path}:{reader.reader.line_num}: broken CSV: {exc}") from exc


def _nested(cell: str) -> Any:
    """What a CSV cell holds as JSON, where it is JSON; else the text, which the reader of the case will refuse or take."""
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


def case_from(row: object, where: str, number: int) -> Case:
    """A case from the plain values of one entry, the `number`-th; raises EvalSetError, which begins with `where`."""
    if not isinstance(row, dict):
        raise EvalSetError(f"{where}: a case is a mapping with `message` and `expected_action`")
    renamed = _renamed(_renamed(row, _LABEL_KEYS), _MESSAGE_KEYS)
    if _is_plain(renamed):
        return Case(**{**renamed, "id": renamed.get("id") or f"{number:05d}"})
    from omniforge_cli.files.written_case import written_case  # noqa: PLC0415 - plain cases must not pay for pydantic

    written = written_case(renamed, where)
    try:
        history: tuple[Message, ...] = history_from(written.history or [], where)
        agents: tuple[Agent, ...] = agents_from(written.agents or [], where)
    except ConversationFileError as exc:
        raise EvalSetError(str(exc)) from exc
    try:
        entities: dict[str, Any] = json.loads(json.dumps(written.expected_entities or {}, default=str, allow_nan=False))
    except (ValueError, TypeError, RecursionError) as exc:
        raise EvalSetError(f"{where}: expected_entities: only text, numbers and lists of them can be expected ({exc})") from exc
    return Case(
        id=written.id or f"{number:05d}",
        message=written.message,
        expected_action=written.expected_action,
        acceptable_actions=written.acceptable_actions,
        expected_entities=entities,
        expected_ambiguous=written.expected_ambiguous,
        history=history,
        agents=agents,
        tags=written.tags,
        note=written.note or "",
        description=written.description or "",
    )


def _is_plain(row: Mapping[str, Any]) -> bool:
    """Whether there is nothing to check or to convert: a message, what is expected of it, and texts that UTF-8 can hold."""
    return _NEEDED <= row.keys() <= _TEXTS and all(
        type(value) is str and (value.isascii() or not _HALF_PAIR.search(value)) for value in row.values()
    )


def _renamed(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The row with the first of several accepted names for one key turned into its proper name."""
    wanted = names[0]
    found = next((name for name in names if name in row), None)
    return dict(row) if found is None or found == wanted else {wanted if key == found else key: value for key, value in row.items()}


def _unique(cases: Iterable[Case], path: Path) -> Iterator[Case]:
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            raise EvalSetError(f"{path}: the case id {case.id!r} stands twice; ids must be unique")
        seen.add(case.id)
        yield case
