"""Gates files.

schema_version: 1
gates:
  - metric: accuracy                     # any number of an arm in report.json, by its path
    min: 0.90                            # or `max`; a value equal to it passes
  - name: follow-ups hold                # optional; without it the gate is called by what it says
    metric: by_tag.followup.accuracy
    min: 0.85
    bound: ci_low                        # value (default), ci_low or ci_high, of metrics that have an interval
    analyzers: [llm]                     # llm, local, keyword, cascade; default all
    arms: ["llm:*:intent@v2"]            # names of arms, `*` allowed; default all
  - metric: no_regression                # fails where a paired comparison says `worse`
    baseline: evalsets/baseline.json     # a run id or a file
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml
from pydantic import TypeAdapter

from omniforge_cli.core.errors import GateFileError
from omniforge_cli.core.gate import Gate
from omniforge_cli.core.identity import nearest
from omniforge_cli.files.contents import decode, read_bytes
from omniforge_cli.files.documents import parse_document, validated
from omniforge_cli.scoring.metrics import check_metric

GATES_SCHEMA_VERSION: Final = 1

_ADAPTER: Final = TypeAdapter(Gate)
_GATE_KEYS: Final = tuple(Gate.__dataclass_fields__)


def load_gates(path: Path) -> tuple[Gate, ...]:
    """The gates of a file, in its order.

    Raises:
        GateFileError: it cannot be read, or holds something that is no gate; the message names file, line and key.
    """
    return parse_gates(decode(read_bytes(path, GateFileError), path, GateFileError), path)


def parse_gates(text: str, path: Path) -> tuple[Gate, ...]:
    """The gates in the text of a file (YAML, or JSON when its name ends so).

    Raises:
        GateFileError: as `load_gates`.
    """
    document = parse_document(text, path, GateFileError)
    if not isinstance(document, dict) or not isinstance(document.get("gates"), list):
        raise GateFileError(f"{path}: a gates file is a mapping with `schema_version` and a list `gates`")
    unknown = [str(key) for key in document if key not in ("schema_version", "gates")]
    if unknown:
        raise GateFileError(f"{path}: unknown key {unknown[0]!r}{nearest(unknown[0], ('schema_version', 'gates'))}")
    version = document.get("schema_version", GATES_SCHEMA_VERSION)
    if version != GATES_SCHEMA_VERSION:
        raise GateFileError(f"{path}: schema_version {version!r} is not {GATES_SCHEMA_VERSION}; a newer omniforge may read it")
    places = _places(text, path, len(document["gates"]))
    gates = tuple(_gate(entry, place) for entry, place in zip(document["gates"], places, strict=True))
    names = [gate.name for gate in gates]
    twice = next((number for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise GateFileError(f"{places[twice]}: gate {names[twice]!r} stands twice; give one of them another name")
    return gates


def _gate(entry: object, where: str) -> Gate:
    if not isinstance(entry, dict):
        raise GateFileError(f"{where}: a gate is a mapping with `metric` and `min` or `max`")
    unknown = [str(key) for key in entry if key not in _GATE_KEYS]
    if unknown:
        raise GateFileError(f"{where}: unknown key {unknown[0]!r}{nearest(unknown[0], _GATE_KEYS)}")
    switch = next((key for key in ("min", "max") if isinstance(entry.get(key), bool)), None)
    if switch is not None:
        raise GateFileError(f"{where}: {switch}: give a number, not yes or no")
    try:
        gate = validated(_ADAPTER, entry, where, GateFileError)
        check_metric(gate.metric, gate.bound)
    except GateFileError as exc:
        raise exc if str(exc).startswith(where) else GateFileError(f"{where}: {exc}") from exc
    return gate


def _places(text: str, path: Path, n: int) -> list[str]:
    """Where each gate stands, for messages: file and line of a YAML file, file and number of a JSON one."""
    if path.suffix == ".json":
        return [f"{path}: gates[{number}]" for number in range(n)]
    entries = next(value.value for key, value in _mapping(yaml.compose(text)) if key.value == "gates")
    return [f"{path}:{entry.start_mark.line + 1}" for entry in entries]


def _mapping(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return list(node.value) if isinstance(node, yaml.MappingNode) else []
