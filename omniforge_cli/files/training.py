"""Labelled messages that a model was or will be trained on, read leniently: only to find eval cases among them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from omniforge_cli.files.lint import Seen
from omniforge_cli.files.similar import Text


def seen_in(folder: Path) -> list[Seen]:
    """Every message in the folder's JSONL files, however deep; lines and files of another form are passed over."""
    return [one for path in sorted(folder.rglob("*.jsonl")) for one in _messages(path, folder)]


def _messages(path: Path, folder: Path) -> Iterator[Seen]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            row = _row(line)
            if row is None:
                if number == 1:
                    return
                continue
            yield Seen(text=row, where=f"{folder.name}/{path.relative_to(folder).as_posix()}:{number}")


def _row(line: str) -> Text | None:
    try:
        row = json.loads(line)
        message = row.get("message", row.get("text"))
        history = "\n".join(str(entry["content"]) for entry in row.get("history") or ())
    except (ValueError, RecursionError, AttributeError, TypeError, KeyError):
        return None
    return Text(message=message, history=history) if isinstance(message, str) else None
