"""Offline work on every core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Chunk = TypeVar("Chunk")
Answer = TypeVar("Answer")


def in_order(prepare: Callable[[], Callable[[Chunk], Answer]], chunks: Iterable[Chunk]) -> Iterator[Answer]:
    """What `prepare()` answers to each chunk, in order: in a worker process a core, or here where there is one core only.

    `prepare` is called once a process; it, the chunks and the answers must be picklable.
    """
    from omniforge_cli.adapters.workers import Workers, n_cores

    if n_cores() == 1:
        answer = prepare()
        yield from map(answer, chunks)
        return
    with Workers(prepare, n_cores()) as workers:
        yield from workers.in_order(chunks)
