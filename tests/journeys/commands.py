"""Runs the command line inside the test's process, which saves the start of an interpreter; and small conversations to run it on."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from omniforge_cli.cli.main import run


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def json_lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


class Omniforge:
    """`omniforge("runs", "list")` -> Done."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Done:
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        self._capsys.readouterr()
        code = run(arguments)
        told = self._capsys.readouterr()
        return Done(code=int(code), out=told.out, err=told.err)


def conversation(id_: str, turns: Iterable[tuple[str, str | None]], *, tenant: str | None = None, day: int = 1) -> dict[str, Any]:
    """A conversation in the interchange form: user messages with what was decided about each (None: nothing), and a reply to each."""
    messages: list[dict[str, Any]] = []
    for minute, (text, action) in enumerate(turns):
        stamp = f"2026-03-{day:02}T10:{minute:02}:00Z"
        metadata = {} if action is None else {"decision": {"action_type": action, "confidence": 0.7, "reasoning": "as it was then"}}
        messages += [
            {"role": "user", "content": text, "created_at": stamp, "metadata": metadata},
            {"role": "assistant", "content": f"reply {minute}", "created_at": stamp.replace(":00Z", ":30Z"), "metadata": {}},
        ]
    head = {"conversation_id": id_, "user_id": "ada", "title": f"about {id_}", "created_at": f"2026-03-{day:02}T10:00:00Z"}
    return {**head, **({"tenant_id": tenant} if tenant else {}), "messages": messages}


def write_lines(path: str, rows: Sequence[Any]) -> str:
    """Write JSONL; the path."""
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def only_report(folder: str = "reports") -> dict[str, Any]:
    """The one `report.json` under the folder."""
    (path,) = Path(folder).glob("*/report.json")
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return report
