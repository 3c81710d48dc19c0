"""`route --batch`: lines in, one JSON line each out, in input order, as they come."""

from __future__ import annotations

import asyncio
import codecs
import io
import json
import os
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from omniforge_cli.api.router import IntentRouter
from omniforge_cli.cli import output
from omniforge_cli.cli.diagnostics import ExitCode, say
from omniforge_cli.cli.show import tell_analyzer
from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.errors import ConversationFileError, IntentAnalysisError
from omniforge_cli.core.settings import Settings
from omniforge_cli.files.conversation import agents_from, history_from
from omniforge_cli.wiring.running import run as drive

_AT_ONCE: Final = 16
"""Messages under way at a time where each waits for a provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One input line: a message, or why it is none."""

    message: str = ""
    id: Any = None
    history: tuple[Message, ...] | None = None
    agents: tuple[Agent, ...] | None = None
    error: str | None = None


@dataclass(slots=True)
class _Tally:
    bad: int = 0
    unanswered: int = 0
    fallbacks: dict[str, int] = field(default_factory=dict)


def run(settings: Settings, *, agents: str | None, history: str | None, no_fallback: bool) -> int:
    """Route stdin; exit code 3 when `no_fallback` left a message unanswered."""
    router = IntentRouter(settings=settings, agents=agents, history=history, no_fallback=no_fallback)
    return drive(_run(settings, router), is_offline=router.is_offline)


async def _run(settings: Settings, router: IntentRouter) -> int:
    tell_analyzer(router, settings)
    tally = _Tally()

    async def answer(line: Line) -> dict[str, Any]:
        return await _answered(line, router, tally)

    try:
        if router.is_offline:
            for line in read_lines(_stdin()):
                if not output.json_line(await answer(line)):
                    break
        else:
            async for result in in_order(read_lines(_own_stdin()), answer):
                if not output.json_line(result):
                    break
    finally:
        await router.close()
    _tell(tally, settings)
    return ExitCode.PROVIDER if tally.unanswered else ExitCode.OK


def _tell(tally: _Tally, settings: Settings) -> None:
    if settings.verbosity < 0:
        return
    if tally.bad:
        say(f"omniforge: {tally.bad} of the input lines could not be used; their output lines say why in `error`")
    for reason, count in sorted(tally.fallbacks.items()):
        say(f"omniforge: the LLM did not answer {count} messages ({reason}); see `source` in each line for who did")


async def _answered(line: Line, router: IntentRouter, tally: _Tally) -> dict[str, Any]:
    head = {} if line.id is None else {"id": line.id}
    if line.error is not None:
        tally.bad += 1
        return {**head, "error": line.error}
    try:
        decision = await router.route(line.message, history=line.history, agents=line.agents)
    except IntentAnalysisError as exc:
        tally.unanswered += 1
        return {**head, "error": str(exc), "fallback_reason": exc.reason.value}
    if decision.fallback_reason is not None:
        tally.fallbacks[decision.fallback_reason.value] = tally.fallbacks.get(decision.fallback_reason.value, 0) + 1
    return {**head, **decision.to_dict()}


async def in_order(lines: Iterator[Line], answer: Callable[[Line], Any]) -> AsyncIterator[dict[str, Any]]:
    """Answers in input order, a bounded number under way; each is given out as soon as those before it are."""
    under_way: deque[asyncio.Task[dict[str, Any]]] = deque()
    reading: asyncio.Future[Line | None] | None = None
    try:
        reading = _read_ahead(lines)
        while reading is not None or under_way:
            waited: list[asyncio.Future[Any]] = [task for task in (reading, under_way[0] if under_way else None) if task is not None]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            while under_way and under_way[0].done():
                yield under_way.popleft().result()
            if reading is not None and reading.done() and len(under_way) < _AT_ONCE:
                line = reading.result()
                reading = None
                if line is not None:
                    under_way.append(asyncio.create_task(answer(line)))
                    reading = _read_ahead(lines)
            elif reading is not None and reading.done() and under_way:
                await asyncio.wait([under_way[0]])
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def _read_ahead(lines: Iterator[Line]) -> asyncio.Future[Line | None]:
    """The next line, or None. Read on a daemon thread: neither Ctrl-C nor a reader that went away waits for a line that may never come."""
    loop = asyncio.get_running_loop()
    reading: asyncio.Future[Line | None] = loop.create_future()

    def done(line: Line | None, error: ConversationFileError | None) -> None:
        if reading.cancelled():
            return
        if error is None:
            reading.set_result(line)
        else:
            reading.set_exception(error)

    def read() -> None:
        line: Line | None = None
        error: ConversationFileError | None = None
        try:
            line = next(lines, None)
        except ConversationFileError as exc:
            error = exc
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(done, line, error)

    threading.Thread(target=read, daemon=True).start()
    return reading


def _stdin() -> BinaryIO:
    return io.BytesIO() if sys.stdin is None else sys.stdin.buffer


def _own_stdin() -> BinaryIO:
    """Standard input opened anew: Python cannot shut down while a thread reads from its own."""
    try:
        return open(os.dup(_stdin().fileno()), "rb")  # noqa: PTH123 - a descriptor, not a path
    except OSError:
        return _stdin()


def read_lines(stream: BinaryIO) -> Iterator[Line]:
    """Lines of a batch: JSONL when the first line that is not blank begins with `{`, else one message a line."""
    blank: list[bytes] = []
    numbered = enumerate(_raw(stream), start=1)
    for number, first in numbered:
        if number == 1:
            first = first.removeprefix(codecs.BOM_UTF8)
        if not first.strip():
            blank.append(first)
            continue
        if first.lstrip().startswith(b"{"):
            yield _json_line(first, number)
            for number, raw in numbered:
                if raw.strip():
                    yield _json_line(raw, number)
        else:
            yield from (_plain_line(raw, position) for position, raw in enumerate([*blank, first], start=1))
            yield from (_plain_line(raw, number) for number, raw in numbered)
        return


def _raw(stream: BinaryIO) -> Iterator[bytes]:
    try:
        yield from stream
    except OSError as exc:
        raise ConversationFileError(f"standard input cannot be read ({exc.strerror or exc})") from exc


def _plain_line(raw: bytes, number: int) -> Line:
    try:
        return Line(message=raw.decode("utf-8").rstrip("\r\n"))
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
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True
