"""`route --batch`: lines in, one JSON line each out, in input order, as they come."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any, BinaryIO, Final

from omniforge_cli.api.router import IntentRouter
from omniforge_cli.cli import output
from omniforge_cli.cli.diagnostics import ExitCode, say
from omniforge_cli.cli.show import tell_analyzer
from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.errors import ConversationFileError, IntentAnalysisError
from omniforge_cli.core.settings import Settings
from omniforge_cli.files.batch import Block, Line, read_blocks, read_lines
from omniforge_cli.wiring.routing import read_agents, read_history
from omniforge_cli.wiring.running import collect_rarely
from omniforge_cli.wiring.running import run as drive
from omniforge_cli.wiring.workers import in_order as in_worker_processes

_AT_ONCE: Final = 16
"""Messages under way at a time where each waits for a provider."""


@dataclass(slots=True)
class _Tally:
    bad: int = 0
    unanswered: int = 0
    fallbacks: dict[str, int] = field(default_factory=dict)


def run(settings: Settings, *, agents: str | None, history: str | None, no_fallback: bool) -> int:
    """Route stdin; exit code 3 when `no_fallback` left a message unanswered."""
    # read once, not by each worker: they may be pipes
    known = () if agents is None else read_agents(agents)
    earlier = () if history is None else read_history(history)
    router = IntentRouter(settings=settings, agents=known, history=earlier, no_fallback=no_fallback)
    tell_analyzer(router, settings)
    tally = _Tally()
    if router.is_offline:
        _run_offline(_answerer(settings, known, earlier, is_ascii=output.is_ascii(), router=router), tally)
    else:
        drive(_run(router, tally), is_offline=False)
    _tell(tally, settings)
    return ExitCode.PROVIDER if tally.unanswered else ExitCode.OK


def _run_offline(answer: _BlockAnswerer, tally: _Tally) -> None:
    """Answers a trickle at once, and in worker processes whatever comes faster than it is answered."""
    blocks = read_blocks(_own_stdin())
    collect_rarely()
    for block in blocks:
        is_fast = block.is_full
        for text, n_bad in in_worker_processes(answer.itself, chain([block], blocks)) if is_fast else (answer(block),):
            tally.bad += n_bad
            if not output.write(text):
                return
        if is_fast:
            return


class _BlockAnswerer:
    """Answers blocks offline: their JSON lines, and how many input lines could not be used.

    A forked worker process has it as it is. To another one it cannot be sent, as a router is no plain value: there `again` makes it anew.
    """

    def __init__(self, router: IntentRouter, *, is_ascii: bool, again: Callable[[], _BlockAnswerer]) -> None:
        self._router = router
        self._again = again
        self._encode = json.JSONEncoder(ensure_ascii=is_ascii, allow_nan=False).encode

    def __call__(self, block: Block) -> tuple[str, int]:
        tally = _Tally()

        async def answers() -> list[dict[str, Any]]:
            return [await _answered(line, self._router, tally) for line in block.read()]

        return "".join([f"{self._encode(told)}\n" for told in drive(answers(), is_offline=True)]), tally.bad

    def __reduce__(self) -> tuple[Callable[[], _BlockAnswerer], tuple[()]]:
        return self._again, ()

    def itself(self) -> _BlockAnswerer:
        """What a worker answers with."""
        return self


def _answerer(
    settings: Settings, agents: Sequence[Agent], history: Sequence[Message], *, is_ascii: bool, router: IntentRouter | None = None
) -> _BlockAnswerer:
    router = router or IntentRouter(settings=settings, agents=agents, history=history)
    return _BlockAnswerer(router, is_ascii=is_ascii, again=partial(_answerer, settings, agents, history, is_ascii=is_ascii))


async def _run(router: IntentRouter, tally: _Tally) -> None:
    async def answer(line: Line) -> dict[str, Any]:
        return await _answered(line, router, tally)

    try:
        async for result in in_order(read_lines(_own_stdin()), answer):
            if not output.json_line(result):
                break
    finally:
        await router.close()


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
