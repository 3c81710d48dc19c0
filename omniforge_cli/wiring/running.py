"""Runs a coroutine, with an event loop only where something has to be waited for."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


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
