"""A run that asks no provider: carried out in worker processes, which hand back batches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from omniforge_cli.core.run import Analyzer
from omniforge_cli.core.settings import Settings
from omniforge_cli.evals.batch import Batch, Task, batch_of
from omniforge_cli.evals.plan import Plan
from omniforge_cli.evals.record import INLINE_SAMPLES
from omniforge_cli.evals.runner import sample_of
from omniforge_cli.evals.spool import CHUNK, packed
from omniforge_cli.wiring.routing import RouterSpec, build_router, load_taxonomy
from omniforge_cli.wiring.running import run
from omniforge_cli.wiring.workers import in_order

Answer = TypeVar("Answer")


def offline_batches(settings: Settings, plan: Plan, paired: bool, done: Sequence[int] = b"") -> AsyncGenerator[Batch, None]:
    """The samples of a plan's only arm, in order, by an analyzer that waits for nobody; without the attempts that are marked as done."""
    inline = plan.n_samples <= INLINE_SAMPLES
    work = partial(_batches, settings, plan.arms[0].analyzer, inline, paired)
    return _without_blocking(in_order(work, _tasks(plan, bytes(done))))


def _tasks(plan: Plan, done: bytes) -> Iterator[Task]:
    n = len(plan.evalset.cases)
    for repeat in range(plan.settings.repeats):
        for first, text in zip(range(0, n, CHUNK), packed(plan.evalset.cases), strict=True):
            number = repeat * n + first
            marks = done[number : number + CHUNK]
            if not marks or not all(marks):
                yield Task(packed=text, first=first, repeat=repeat, done=marks)


def _batches(settings: Settings, analyzer: Analyzer, inline: bool, paired: bool) -> Callable[[Task], Batch]:
    loaded = load_taxonomy(settings.taxonomy)
    router = build_router(RouterSpec(settings=settings, loaded=loaded, analyzer=analyzer))

    async def batch(task: Task) -> Batch:
        samples = [await sample_of(attempt, router, settings.tenant) for attempt in task.attempts()]
        return batch_of(samples, loaded.taxonomy, inline=inline, paired=paired)

    return lambda task: run(batch(task), is_offline=True)


async def _without_blocking(answers: Iterator[Answer]) -> AsyncGenerator[Answer, None]:
    waiting: asyncio.Future[Answer | None] | None = None
    loop = asyncio.get_running_loop()
    try:
        while True:
            waiting = loop.run_in_executor(None, next, answers, None)
            answer = await asyncio.shield(waiting)
            if answer is None:
                return
            yield answer
    finally:
        if waiting is not None and not waiting.done():  # a thread is in there still
            await asyncio.wait([waiting])
        close = getattr(answers, "close", None)
        if close is not None:
            close()
