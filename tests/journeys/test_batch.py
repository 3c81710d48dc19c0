"""`omniforge route --batch` as a process: a stream in, a stream out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

import pytest

from tests.architecture.sources import ROOT
from tests.loopback import Loopback

Start = Callable[..., Loopback]


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "omniforge_cli", "route", "--batch", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process, process.stdin, process.stdout
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            with suppress(BrokenPipeError):
                pipe.close()  # type: ignore[union-attr]


def ways(loopback: Start) -> dict[str, list[str]]:
    return {"offline": ["--analyzer", "keyword"], "llm": ["--api-base", loopback().url]}


def tell(stdin: IO[bytes], line: bytes) -> None:
    stdin.write(line)
    stdin.flush()


@pytest.mark.parametrize("way", ["offline", "llm"])
def test_each_line_is_answered_before_the_next_has_come(way: str, loopback: Start):
    with started(*ways(loopback)[way]) as (process, stdin, stdout):
        for number in range(3):
            tell(stdin, json.dumps({"id": number, "message": "which agents ran last night?"}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(stdout.readline())
            assert (answer["id"], answer["schema_version"]) == (number, 1)
        stdin.close()
        assert process.wait(10) == 0


@pytest.mark.parametrize("way", ["offline", "llm"])
def test_an_interrupt_does_not_wait_for_a_line_that_never_comes(way: str, loopback: Start):
    with started(*ways(loopback)[way]) as (process, stdin, stdout):
        tell(stdin, b"which agents ran last night?\n")
        assert stdout.readline().startswith(b'{"schema_version": 1')
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr is not None
        assert process.stderr.read().endswith(b"omniforge: interrupted\n")


@pytest.mark.parametrize("way", ["offline", "llm"])
def test_a_reader_that_goes_away_ends_it_without_an_error(way: str, loopback: Start):
    with started(*ways(loopback)[way]) as (process, stdin, stdout):
        tell(stdin, b"which agents ran last night?\n")
        stdout.readline()
        stdout.close()
        tell(stdin, b"which agents ran last night?\n")
        assert process.wait(10) == 0


@pytest.mark.parametrize("way", ["offline", "llm"])
def test_an_empty_input_has_an_empty_answer(way: str, loopback: Start):
    with started(*ways(loopback)[way]) as (process, stdin, stdout):
        stdin.close()
        assert (stdout.read(), process.wait(10)) == (b"", 0)


def test_bad_lines_stand_in_their_place_and_the_rest_goes_on():
    content = b'{"id": "a", "message": "hello"}\n{"id": "b"}\nnonsense\n{"id": "c", "message": "hello", "id2": 1}\n'
    with started("--analyzer", "keyword") as (process, stdin, stdout):
        stdin.write(content)
        stdin.close()
        rows = [json.loads(line) for line in stdout]
        assert [row.get("id") for row in rows] == ["a", "b", None, "c"]
        assert ["error" in row for row in rows] == [False, True, True, False]
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert b"2 of the input lines could not be used" in process.stderr.read()


@pytest.mark.parametrize("n_lines", [1, 10_000])
def test_agents_and_history_may_come_through_pipes(n_lines: int):
    def through_a_pipe(value: object) -> int:
        reading, writing = os.pipe()
        os.write(writing, json.dumps(value).encode())
        os.close(writing)
        return reading

    agents, history = through_a_pipe(["Willow"]), through_a_pipe([{"role": "user", "content": "hello"}])
    flags = ["--analyzer", "local", "--agents", f"/dev/fd/{agents}", "--history", f"/dev/fd/{history}"]
    done = subprocess.run(
        [sys.executable, "-m", "omniforge_cli", "route", "--batch", *flags],
        input=b"@Willow go on\n" * n_lines,
        capture_output=True,
        pass_fds=(agents, history),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    os.close(agents)
    os.close(history)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["target_agent_id"] for line in done.stdout.splitlines()] == ["Willow"] * n_lines


def test_without_a_fallback_an_unanswered_message_is_exit_3(loopback: Start):
    server = loopback(script=["500"] * 20)
    with started("--api-base", server.url, "--no-fallback", "--timeout", "2") as (process, stdin, stdout):
        stdin.write(b"hello\n")
        stdin.close()
        (row,) = [json.loads(line) for line in stdout]
        assert row["fallback_reason"] == "provider_error"
        assert process.wait(10) == 3


def test_a_single_message_that_is_not_typed_yet_is_interrupted_at_once(loopback: Start):
    keyboard, terminal = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "omniforge_cli", "route", "--api-base", loopback().url],
        stdin=terminal,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stderr is not None
    try:
        assert process.stderr.readline() == b"Type a message, then Ctrl-D.\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
        os.close(keyboard)
        os.close(terminal)


def test_a_batch_on_every_core_answers_as_one_core_does_and_in_order():
    lines = b"".join(json.dumps({"id": number, "message": f"pause the night desk at {number}"}).encode() + b"\n" for number in range(2000))
    content = lines + b"oops\n" + lines
    answers = []
    for split in (len(content), 0):  # all at once, and in a trickle that is answered as it comes
        with started("--analyzer", "local", "--quiet") as (_, stdin, stdout):
            if split:
                feeder = threading.Thread(target=lambda stdin=stdin: (stdin.write(content), stdin.close()))
                feeder.start()
                answers.append([json.loads(line) for line in stdout])
                feeder.join()
            else:
                answers.append([])
                for line in [*lines.splitlines(keepends=True)[:40], b"oops\n"]:
                    tell(stdin, line)
                    answers[-1].append(json.loads(stdout.readline()))
    fast, slow = answers
    assert [answer.get("id") for answer in fast] == [*range(2000), None, *range(2000)]
    assert fast[2000]["error"].startswith("line 2001: broken JSON")
    assert slow[40]["error"].startswith("line 41: broken JSON")
    for answer in (*fast, *slow):
        answer.pop("latency_ms", None)
    assert fast[:40] == slow[:40]


def test_ctrl_c_ends_a_batch_on_every_core_at_once_and_without_a_traceback():
    with started("--analyzer", "local") as (process, stdin, stdout):
        stop = threading.Event()

        def feed() -> None:
            with suppress(OSError, ValueError):
                while not stop.is_set():
                    stdin.write(b"pause the night desk\n" * 5000)

        feeder = threading.Thread(target=feed)
        feeder.start()
        reader = threading.Thread(target=lambda: [None for _ in stdout], daemon=True)
        assert stdout.readline()
        reader.start()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        stop.set()
        feeder.join(20)
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
