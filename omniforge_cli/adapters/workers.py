"""Worker processes that answer chunks of work, so that an offline batch uses every core."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any, Final, Generic, TypeVar

Chunk = TypeVar("Chunk")
Answer = TypeVar("Answer")
_AHEAD: Final = 2
"""Chunks a worker that are under way or wait to be taken: enough that none ever waits, few enough that memory stays flat."""


def n_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers(Generic[Chunk, Answer]):
    """Processes of which each calls `prepare()` once, and what that returns with each chunk. To be used in a `with` block.

    `prepare` must be picklable, as must chunks and answers. A worker that dies (out of memory) loses nothing: what it had is answered here.
    """

    def __init__(self, prepare: Callable[[], Callable[[Chunk], Answer]], n_workers: int) -> None:
        self._prepare = prepare
        self._n_ahead = n_workers * _AHEAD
        context = get_context("fork" if sys.platform == "linux" else "spawn")
        self._pool = ProcessPoolExecutor(n_workers, mp_context=context, initializer=_begin, initargs=(prepare,))
        self._pool.submit(int)  # forks now, before there is a second thread
        self._own: Callable[[Chunk], Answer] | None = None
        self._is_closed = threading.Event()

    def __enter__(self) -> Workers[Chunk, Answer]:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the processes, each after the chunk it is at; what waits is given up."""
        self._is_closed.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def in_order(self, chunks: Iterable[Chunk]) -> Iterator[Answer]:
        """The answers in the order of the chunks, each as soon as those before it are given.

        Chunks are read on a thread of their own: an answer that is there does not wait for the next chunk. What reading raises, is raised.
        """
        waiting: queue.Queue[tuple[Chunk, Future[Answer]] | Exception | None] = queue.Queue(self._n_ahead)
        threading.Thread(target=self._feed, args=(chunks, waiting), daemon=True).start()
        while (given := waiting.get()) is not None:
            if isinstance(given, Exception):
                raise given
            chunk, future = given
            try:
                answer = future.result()
            except BrokenProcessPool:
                answer = self._answer(chunk)
            yield answer

    def _feed(self, chunks: Iterable[Chunk], waiting: queue.Queue[Any]) -> None:
        try:
            for chunk in chunks:
                if self._is_closed.is_set():
                    return
                waiting.put((chunk, self._submitted(chunk)))
        except Exception as exc:  # raised again where the answers are waited for
            waiting.put(exc)
        else:
            waiting.put(None)

    def _submitted(self, chunk: Chunk) -> Future[Answer]:
        try:
            return self._pool.submit(_work, chunk)
        except BrokenProcessPool as exc:
            broken: Future[Answer] = Future()
            broken.set_exception(exc)
            return broken

    def _answer(self, chunk: Chunk) -> Answer:
        self._own = self._own or self._prepare()
        return self._own(chunk)


_prepared: Callable[[Any], Any] | None = None
"""What this process answers chunks with, where it is a worker."""


def _begin(prepare: Callable[[], Callable[[Any], Any]]) -> None:
    global _prepared
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of the group; the first one decides what it means
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _prepared = prepare()


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(chunk: Any) -> Any:
    assert _prepared is not None  # the initializer ran, or the pool is broken
    return _prepared(chunk)
