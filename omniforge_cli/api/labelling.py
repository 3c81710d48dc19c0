"""From production to eval set: turns of a replay, chosen and written as cases for a person to label."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from omniforge_cli.api.evaluation import Measurement
from omniforge_cli.files.writing import write_whole

_UNSURE: Final = 0.6
"""Confidence under which a turn is worth a person's look."""
_OF_EACH: Final = 10
"""Turns of each decided action type in a stratified choice."""


def write_cases(measurement: Measurement, path: Path, *, choose: str, seed: int) -> int:
    """Write turns of the replay's first arm as JSONL cases; how many there are.

    `choose`: `changed` (another answer than then), `unsure` (confidence under 0.6), `stratified` (ten of each action type, by `seed`).
    What was decided then stands as `expected_action` for the person to confirm, and both answers in `note`. Texts are redacted.

    Raises:
        SettingsError: the file cannot be written.
    """
    finished = measurement.finished
    histories = {case.id: case.history for case in measurement.plan.evalset.cases}
    chosen = _chosen(list(finished.cases(0)), choose, seed)
    redact = measurement.redact
    rows = [
        {
            "id": case["id"],
            "message": case["message"],
            "expected_action": case["expected"] or case["predicted"],
            "history": [{"role": message.role, "content": redact(message.content)} for message in histories[case["id"]]],
            "tags": ["replayed"],
            "note": f"decided then: {case['expected']}; decided now: {case['predicted']}; to be labelled by a person",
        }
        for case in chosen
        if case["expected"] or case["predicted"]
    ]
    write_whole(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return len(rows)


def _chosen(cases: Iterable[Mapping[str, Any]], choose: str, seed: int) -> list[Mapping[str, Any]]:
    first = [case for case in cases if case["repeat"] == 0]
    if choose == "changed":
        return [case for case in first if case["expected"] is not None and not case["correct"]]
    if choose == "unsure":
        return [case for case in first if (case["confidence"] or 0.0) < _UNSURE]
    by_action: dict[str, list[Mapping[str, Any]]] = {}
    for case in first:
        by_action.setdefault(str(case["predicted"]), []).append(case)
    rng = random.Random(seed)
    return [case for action in sorted(by_action) for case in rng.sample(by_action[action], min(_OF_EACH, len(by_action[action])))]
