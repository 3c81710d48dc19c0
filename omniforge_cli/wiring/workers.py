"""Offline work on every core."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from omniforge_cli.core.run import Analyzer, Sample
from omniforge_cli.core.settings import Settings
from omniforge_cli.wiring.running import run

if TYPE_CHECKING:
    from omniforge_cli.adapters.workers import Workers
    from omniforge_cli.evals.plan import Attempt

Chunk = TypeVar("Chunk")
Answer = TypeVar("Answer")
_ATTEMPTS: Final = 64
"""Attempts of a chunk: some 30 ms of work."""


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


def offline_samples(settings: Settings, analyzer: Analyzer, attempts: Iterator[Attempt]) -> AsyncGenerator[Sample, None]:
    """The sample of each attempt, in order, by an analyzer that waits for nobody."""
    chunks = iter(lambda: list(islice(attempts, _ATTEMPTS)), [])
    return _without_blocking(in_order(partial(_sampler, settings, analyzer), chunks))


async def _without_blocking(answers: Iterator[list[Sample]]) -> AsyncGenerator[Sample, None]:
    waiting: asyncio.Future[list[Sample] | None] | None = None
    loop = asyncio.get_running_loop()
    try:
        while True:
            waiting = loop.run_in_executor(None, next, answers, None)
            samples = await asyncio.shield(waiting)
            if samples is None:
                return
            for sample in samples:
                yield sample
    finally:
        if waiting is not None and not waiting.done():  # a thread is in there still
            await asyncio.wait([waiting])
        close = getattr(answers, "close", None)
        if close is not None:
            close()


def _sampler(settings: Settings, analyzer: Analyzer) -> Callable[[list[Attempt]], list[Sample]]:
    from omniforge_cli.evals.runner import sample_of
    from omniforge_cli.wiring.routing import RouterSpec, build_router, load_taxonomy

    router = build_router(RouterSpec(settings=settings, loaded=load_taxonomy(settings.taxonomy), analyzer=analyzer))

    async def samples(attempts: list[Attempt]) -> list[Sample]:
        return [await sample_of(attempt, router, settings.tenant) for attempt in attempts]

    return lambda attempts: run(samples(attempts), is_offline=True)
