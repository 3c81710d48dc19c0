"""Offline work on every core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from omniforge_cli.adapters.workers import Workers

Chunk = TypeVar("Chunk")
Answer = TypeVar("Answer")


def in_order(prepare: Callable[[], Callable[[Chunk], Answer]], chunks: Iterable[Chunk]) -> Iterator[Answer]:
    """What `prepare()` answers to each chunk, in order: in a worker process a core, or here where there is one core or can be no others.

    `prepare` is called once a process; it, the chunks and the answers must be picklable. The processes start now.
    """
    from omniforge_cli.adapters.workers import Workers, n_cores

    try:
        workers = Workers(prepare, n_cores()) if n_cores() > 1 else None
    except (OSError, ImportError, NotImplementedError):  # a sandbox without what processes share
        workers = None
    return map(prepare(), chunks) if workers is None else _answers(workers, chunks)


def _answers(workers: Workers[Chunk, Answer], chunks: Iterable[Chunk]) -> Iterator[Answer]:
    with workers:
        yield from workers.in_order(chunks)
