"""`report.json`, and the summary of a stored run, back to a `Report`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from omniforge_cli.core.errors import RunMismatch
from omniforge_cli.core.report import REPORT_SCHEMA_VERSION, ArmReport, Comparison, GateResult, Report
from omniforge_cli.files.contents import decode, read_bytes
from omniforge_cli.files.documents import validated

_ARM: Final = TypeAdapter(ArmReport)
_COMPARISONS: Final = TypeAdapter(tuple[Comparison, ...])
_GATES: Final = TypeAdapter(tuple[GateResult, ...])
_REPORT_FIELDS: Final = frozenset(field.name for field in fields(Report)) - {"extra"}
_ARM_FIELDS: Final = frozenset(field.name for field in fields(ArmReport)) - {"extra"}


def read_report(path: Path) -> Report:
    """The report in a `report.json`.

    Raises:
        RunMismatch: it is none, or of a newer schema.
    """
    try:
        document = json.loads(decode(read_bytes(path, RunMismatch), path, RunMismatch))
    except (ValueError, RecursionError) as exc:
        raise RunMismatch(f"{path}: broken JSON: {exc}") from exc
    return report_from(document, str(path))


def report_from(document: object, where: str) -> Report:
    """The report in a JSON object.

    Raises:
        RunMismatch: it is none, or of a newer schema.
    """
    if not isinstance(document, Mapping) or not _REPORT_FIELDS - {"cases_file"} <= set(document):
        raise RunMismatch(f"{where}: not a report of omniforge")
    if document["schema_version"] != REPORT_SCHEMA_VERSION:
        raise RunMismatch(f"{where}: schema_version {document['schema_version']!r} is not {REPORT_SCHEMA_VERSION}")
    known = {key: document[key] for key in _REPORT_FIELDS & set(document)}
    return Report(
        **{
            **known,
            "arms": tuple(_arm(arm, where) for arm in document["arms"]),
            "comparisons": validated(_COMPARISONS, document["comparisons"], f"{where}: comparisons", RunMismatch),
            "gates": validated(_GATES, document["gates"], f"{where}: gates", RunMismatch),
            "extra": {key: value for key, value in document.items() if key not in _REPORT_FIELDS},
        }
    )


def _arm(plain: Any, where: str) -> ArmReport:
    if not isinstance(plain, Mapping):
        raise RunMismatch(f"{where}: an arm is no object")
    known = {key: value for key, value in plain.items() if key in _ARM_FIELDS}
    extra = {key: value for key, value in plain.items() if key not in _ARM_FIELDS}
    return validated(_ARM, {**known, "extra": extra}, f"{where}: arm {plain.get('name')}", RunMismatch)
