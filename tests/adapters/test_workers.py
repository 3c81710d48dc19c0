"""Worker processes that answer chunks in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from omniforge_cli.adapters.workers import Workers

PARENT = os.getpid()


def doubler() -> Callable[[int], int]:
    return lambda number: number * 2


def teller() -> Callable[[float], tuple[float, int]]:
    def answer(seconds: float) -> tuple[float, int]:
        time.sleep(seconds)
        return seconds, os.getpid()

    return answer


def mortal() -> Callable[[int], int]:
    def answer(number: int) -> int:
        if number == 7 and os.getpid() != PARENT:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    return answer


def test_answers_come_in_the_order_of_the_chunks_from_other_processes() -> None:
    delays = [0.05, 0.0, 0.01, 0.0, 0.02, 0.0]
    with Workers(teller, 2) as workers:
        answers = list(workers.in_order(delays))
    assert [seconds for seconds, _ in answers] == delays
    assert os.getpid() not in {process for _, process in answers}


def test_a_bounded_number_of_chunks_is_taken_ahead() -> None:
    taken = 0

    def chunks() -> Iterator[int]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield number

    with Workers(doubler, 2) as workers:
        answers = workers.in_order(chunks())
        assert next(answers) == 0
        time.sleep(0.05)
        assert taken < 20


def test_an_answer_does_not_wait_for_the_next_chunk() -> None:
    released = threading.Event()

    def chunks() -> Iterator[int]:
        yield 1
        assert released.wait(30)
        yield 2

    with Workers(doubler, 2) as workers:
        answers = workers.in_order(chunks())
        assert next(answers) == 2
        released.set()
        assert next(answers) == 4


def test_a_worker_that_is_killed_loses_nothing() -> None:
    with Workers(mortal, 2) as workers:
        assert list(workers.in_order(range(40))) == list(range(40))


def test_what_reading_raises_is_raised() -> None:
    def chunks() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    with Workers(doubler, 2) as workers, pytest.raises(OSError, match="the disk is gone"):
        list(workers.in_order(chunks()))


def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    told = tmp_path / "processes"
    script = (
        "import os, sys, time; from tests.adapters.test_workers import teller; from omniforge_cli.adapters.workers import Workers\n"
        "if __name__ == '__main__':\n"
        "    with Workers(teller, 2) as workers:\n"
        "        processes = {process for _, process in workers.in_order([0.1] * 4)}\n"
        f"        open({str(told)!r}, 'w').write(' '.join(map(str, processes)))\n"
        "        print('ready', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        parent.kill()
    processes = [int(word) for word in told.read_text().split()]
    assert processes
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{process}").exists() for process in processes) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [process for process in processes if Path(f"/proc/{process}").exists()]
