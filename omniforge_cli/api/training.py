"""`train`: from labelled messages to a folder that routes offline, for any set of labels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.core.evalset import EvalSet
from omniforge_cli.core.identity import nearest, sha256
from omniforge_cli.core.taxonomy import Label, Taxonomy
from omniforge_cli.files.evalset import check_labels, read_evalset
from omniforge_cli.files.taxonomy import dump_taxonomy
from omniforge_cli.files.writing import write_whole
from omniforge_cli.wiring.routing import load_taxonomy
from omniforge_cli.wiring.storage import now
from omniforge_cli.wiring.training import Fitted, fit

_USUAL_NONE: Final = ("oos", "unknown")
"""Labels that mean "none of these" where nobody says otherwise (contract, section 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What was learned, where it lies, and how good it is on messages that it did not see."""

    folder: Path
    taxonomy: Taxonomy
    card: Mapping[str, Any]


def train(*, data: Path, out: Path, taxonomy: str | None = None, none_label: str | None = None, seed: int = 0) -> Trained:
    """Fit the `local` analyzer for a set of labels and write it into `out`: `taxonomy.yaml`, `weights.json`, `card.json`.

    `data` is JSONL, CSV or YAML with messages and labels. Without a `taxonomy` (name or file) the labels are those of the data.

    Raises:
        EvalSetError: the data is broken, has too few messages of a label, or a label that the taxonomy lacks.
        SettingsError: scikit-learn is not installed, or the folder cannot be written.
    """
    messages = read_evalset(data)
    labels = load_taxonomy(taxonomy).taxonomy if taxonomy else _labels_of(messages, out.name)
    labels = replace(labels, none_of_these=_none_of_these(labels, none_label))
    check_labels(messages, labels)
    fitted = fit([(case.message, case.expected_action or "") for case in messages.cases], labels, seed=seed)
    learned = replace(labels, clarification_threshold=fitted.clarification_threshold)
    card = _card(messages, learned, fitted)
    write_whole(out / "taxonomy.yaml", dump_taxonomy(learned))
    write_whole(out / "card.json", json.dumps(card, ensure_ascii=False, indent=2) + "\n")
    write_whole(out / "weights.json", fitted.weights)
    return Trained(folder=out, taxonomy=learned, card=card)


def _labels_of(messages: EvalSet, name: str) -> Taxonomy:
    names = sorted({case.expected_action for case in messages.cases if case.expected_action})
    return Taxonomy(name=name or messages.name, labels=tuple(Label(name=label) for label in names))


def _none_of_these(labels: Taxonomy, asked: str | None) -> str | None:
    if asked is not None:
        if asked not in labels.names:
            raise EvalSetError(f"--none-label: {asked!r} is no label{nearest(asked, labels.names)}")
        return asked
    return labels.none_of_these or next((name for name in _USUAL_NONE if name in labels.names), None)


def _card(messages: EvalSet, taxonomy: Taxonomy, fitted: Fitted) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "taxonomy": taxonomy.name,
        "weights_sha256": sha256(fitted.weights),
        "created": f"{now():%Y-%m-%d}",
        "data": {"file": messages.name, "messages": len(messages.cases), "sha256": messages.sha256},
        "labels": len(taxonomy.names),
        "none_of_these": taxonomy.none_of_these,
        "held_out": {"accuracy": fitted.accuracy, "ece": fitted.ece},
        "clarification_threshold": fitted.clarification_threshold,
        "size_bytes": len(fitted.weights.encode()),
    }
