"""How a command runs: a coroutine with an event loop only where something has to be waited for, the garbage collector, and threads."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

Result = TypeVar("Result")
_COLLECT_EVERY: Final = 100_000
_SWITCH_S: Final = 0.0005


def run(coroutine: Coroutine[Any, Any, Result], *, is_offline: bool) -> Result:
    """What the coroutine returns. An offline one never waits, so it needs no event loop, whose import is a fifth of `route`'s time."""
    if not is_offline:
        import asyncio

        return asyncio.run(coroutine)
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    coroutine.close()
    raise RuntimeError("an offline analyzer waited for something")


def collect_rarely() -> None:
    """Look for unreachable cycles once in 100,000 new objects, and not at the end.

    An eval makes few, and looking for them took a sixth of its time.
    """
    gc.set_threshold(_COLLECT_EVERY)
    atexit.register(gc.disable)


def share_often() -> None:
    """Let the event loop have the interpreter soon, whatever another thread imports or writes: at every answer it would wait 5 ms."""
    sys.setswitchinterval(_SWITCH_S)
