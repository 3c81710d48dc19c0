"""What `route --batch` reads: JSONL when the first line that is not blank begins with `{`, else one message a line."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.errors import ConversationFileError
from omniforge_cli.files.conversation import agents_from, history_from

_READ_BYTES: Final = 1 << 16
_MOST_LINES: Final = 128
"""Lines of a block: some 30 ms of work, so that a worker process is never long without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One input line: a message, or why it is none."""

    message: str = ""
    id: Any = None
    history: tuple[Message, ...] | None = None
    agents: tuple[Agent, ...] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines that were there at once, as bytes without their ends, from line `first` (1 is the input's first) on.

    `is_full`: more was there, so that whoever writes is ahead of us.
    """

    lines: list[bytes]
    first: int
    is_json: bool
    is_full: bool = False

    def read(self) -> Iterator[Line]:
        """The lines, read; blank ones of JSONL are none."""
        for number, raw in enumerate(self.lines, start=self.first):
            if not self.is_json:
                yield _plain_line(raw, number)
            elif raw.strip():
                yield _json_line(raw, number)


def read_blocks(stream: BinaryIO) -> Iterator[Block]:
    """The lines of a stream as they come, at most 128 at a time.

    Raises:
        ConversationFileError: the stream cannot be read.
    """
    first, is_json, blank = 1, None, list[bytes]()
    for lines, is_full in _arriving(stream):
        if is_json is None:
            if not blank:
                lines[0] = lines[0].removeprefix(codecs.BOM_UTF8)
            blank += lines
            opening = next((line for line in lines if line.strip()), None)
            if opening is None:
                continue
            is_json, lines = opening.lstrip().startswith(b"{"), blank
        for start in range(0, len(lines), _MOST_LINES):
            some = lines[start : start + _MOST_LINES]
            yield Block(lines=some, first=first, is_json=is_json, is_full=is_full)
            first += len(some)


def read_lines(stream: BinaryIO) -> Iterator[Line]:
    """The same, line by line; raises as it does."""
    for block in read_blocks(stream):
        yield from block.read()


def _arriving(stream: BinaryIO) -> Iterator[tuple[list[bytes], bool]]:
    """Whole lines as they come, at least one, and whether that is half of what is asked for or more."""
    begun: list[bytes] = []
    try:
        while content := stream.read1(_READ_BYTES):  # type: ignore[attr-defined]  # BinaryIO lacks what every buffered stream has
            *lines, rest = content.split(b"\n")
            if lines:
                lines[0] = b"".join([*begun, lines[0]])
                begun = []
                yield lines, len(content) * 2 >= _READ_BYTES
            begun.append(rest)
    except OSError as exc:
        raise ConversationFileError(f"standard input cannot be read ({exc.strerror or exc})") from exc
    last = b"".join(begun)
    if last:
        yield [last], False


def _plain_line(raw: bytes, number: int) -> Line:
    try:
        return Line(message=raw.decode("utf-8").rstrip("\r"))
    except UnicodeDecodeError as exc:
        return Line(error=f"line {number}: not UTF-8 text (byte 0x{raw[exc.start]:02x})")


def _json_line(raw: bytes, number: int) -> Line:
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        return Line(error=f"line {number}: broken JSON: {exc}")
    if not isinstance(row, dict):
        return Line(error=f"line {number}: not an object with a `message`")
    row_id = row.get("id")
    if not _is_finite(row_id):
        return Line(error=f"line {number}: `id` holds a number that JSON does not have")
    if not isinstance(row.get("message"), str):
        return Line(id=row_id, error=f"line {number}: `message` is missing or no text")
    try:
        return Line(
            id=row_id,
            message=row["message"].encode("utf-8", "replace").decode("utf-8"),
            history=history_from(row["history"], f"line {number}") if row.get("history") is not None else None,
            agents=agents_from(row["agents"], f"line {number}") if row.get("agents") is not None else None,
        )
    except ConversationFileError as exc:
        return Line(id=row_id, error=str(exc))


def _is_finite(value: Any) -> bool:
    if value is None or type(value) in (str, int):
        return True
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True
