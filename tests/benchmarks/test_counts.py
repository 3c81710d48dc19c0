"""What a command costs, counted instead of timed: modules, requests, connections, work on the database, memory left behind."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from omniforge_cli import IntentRouter
from omniforge_cli.cli.main import run
from tests.architecture.sources import ROOT
from tests.loopback import Loopback
from tests.replies import answering

OWN = "omniforge_cli"
LIST_MODULES = "import sys, json; sys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"


def modules_after(*arguments: str) -> list[str]:
    """Every module that a fresh interpreter has loaded once a command line has run, which must succeed."""
    code = f"from omniforge_cli.cli.main import run\nassert run({list(arguments)!r}) == 0\n{LIST_MODULES}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    names: list[str] = json.loads(done.stderr.splitlines()[-1])
    return names


AT_THE_FIRST_REQUEST = """
import socket, sys, json
send = socket.socket.send
def sending(self, data, *flags):
    if bytes(data[:4]) == b"POST":
        socket.socket.send = send
        sys.stderr.write("\\n" + json.dumps(sorted(sys.modules)) + "\\n")
    return send(self, data, *flags)
socket.socket.send = sending
"""


def modules_at_the_first_request(*arguments: str) -> list[str]:
    """Every module that a fresh interpreter has loaded when it sends the first request of a command line."""
    code = f"{AT_THE_FIRST_REQUEST}\nfrom omniforge_cli.cli.main import run\nassert run({list(arguments)!r}) == 0"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    names: list[str] = json.loads(next(line for line in done.stderr.splitlines() if line.startswith("[")))
    return names


def packages(names: list[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def own(names: list[str]) -> int:
    return sum(name.partition(".")[0] == OWN for name in names)


def cases(n: int) -> str:
    path = Path(f"cases-{n}.jsonl")
    path.write_text("".join(json.dumps({"message": f"pause agent {i}", "label": "update_agent"}) + "\n" for i in range(n)), "utf-8")
    return str(path)


def evaluate(server: Loopback, n: int, *more: str) -> None:
    options = ["--model", "openai/x", "--api-base", server.url, "--provider", "direct", "--gates", "none", "--formats", "json", "-q"]
    assert run(["eval", "--evalset", cases(n), *options, *more]) == 0


class CountingConnection:
    """A DuckDB connection that says what it is asked."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, asked: list[str]) -> None:
        self._connection = connection
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, query: str, *values: Any) -> Any:
        self._asked.append(query)
        return self._connection.execute(query, *values)

    def executemany(self, query: str, *values: Any) -> Any:
        self._asked.append(query)
        return self._connection.executemany(query, *values)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that this process gives to DuckDB, openings of a file (`attach`) among them."""
    statements: list[str] = []
    connect = duckdb.connect

    def counting(*arguments: Any, **options: Any) -> CountingConnection:
        return CountingConnection(connect(*arguments, **options), statements)

    monkeypatch.setattr(duckdb, "connect", counting)
    return statements


def test_help_loads_a_handful_of_our_modules_and_nothing_of_others_but_click():
    names = modules_after("--help")
    assert own(names) <= 10
    assert not packages(names) & {"asyncio", "ssl", "subprocess", "platformdirs"}


def test_an_offline_route_with_warm_caches_loads_no_event_loop_and_no_reader():
    modules_after("route", "--analyzer", "local", "pause willow")
    names = modules_after("route", "--analyzer", "local", "pause willow")
    assert not packages(names) & {"asyncio", "ssl", "socket", "subprocess", "yaml", "pydantic", "duckdb", "numpy", "aiohttp", "jinja2"}
    assert own(names) <= 64


def test_a_route_over_the_direct_path_loads_the_client_alone(loopback: Callable[..., Loopback]):
    server = loopback(answering("unknown"))
    arguments = ("route", "--model", "openai/x", "--api-base", server.url, "pause willow")
    modules_after(*arguments)
    names = modules_after(*arguments)
    assert not packages(names) & {"litellm", "openai", "httpx", "yaml", "pydantic", "duckdb", "pandas", "numpy", "rich", "cryptography"}
    assert own(names) <= 64
    assert server.n_requests == 2


def test_a_sample_costs_one_request_and_connections_are_reused(loopback: Callable[..., Loopback]):
    server = loopback(answering("update_agent"), latency_s=0.005)
    evaluate(server, 100, "--concurrency", "8", "--repeats", "2")
    assert server.n_requests == 200
    assert server.n_connections <= 8


def test_an_eval_opens_the_database_for_batches_and_not_for_samples(loopback: Callable[..., Loopback], asked: list[str]):
    server = loopback(answering("update_agent"))
    evaluate(server, 400)
    openings = [statement for statement in asked if statement.startswith("attach")]
    assert openings
    assert len(openings) <= 20
    assert len(asked) <= 150


def test_an_eval_with_every_report_loads_no_data_frame_and_no_terminal_library(loopback: Callable[..., Loopback]):
    server = loopback(answering("update_agent"))
    names = modules_after("eval", "--evalset", cases(5), "--model", "openai/x", "--api-base", server.url, "--gates", "none", "-q")
    assert Path("reports").is_dir()
    assert not packages(names) & {"litellm", "openai", "httpx", "pandas", "pyarrow", "numpy", "rich", "scipy"}


def test_the_first_request_of_an_eval_waits_for_nothing_that_checks_stores_counts_or_reports(loopback: Callable[..., Loopback]):
    server = loopback(answering("update_agent"))
    arguments = ("eval", "--evalset", cases(5), "--model", "openai/x", "--api-base", server.url, "--gates", "none", "-q")
    modules_at_the_first_request(*arguments)  # compiles the prompt version and the taxonomy
    names = modules_at_the_first_request(*arguments)
    assert not packages(names) & {"duckdb", "pydantic", "yaml", "pyarrow", "pandas", "numpy", "rich", "litellm"}
    assert not {f"{OWN}.core.report", f"{OWN}.scoring.summary", f"{OWN}.reporting.terminal", f"{OWN}.evals.replay"} & set(names)
    assert own(names) <= 80


def test_an_eval_hardly_looks_for_garbage(loopback: Callable[..., Loopback]):
    server = loopback(answering("update_agent"))
    evaluate(server, 5)  # imports
    before = sum(generation["collections"] for generation in gc.get_stats())
    evaluate(server, 400)
    assert sum(generation["collections"] for generation in gc.get_stats()) - before <= 5


def test_an_offline_route_never_opens_the_database(asked: list[str]):
    assert run(["route", "--analyzer", "local", "pause willow"]) == 0
    assert asked == []


def test_a_routed_message_leaves_nothing_in_memory():
    router = IntentRouter(analyzer="local")

    async def blocks_after(n: int) -> int:
        for number in range(n):  # words that it has met: what it keeps of new ones is limited by size
            await router.route(f"pause agent {number % 7} on day {number % 11}")
        gc.collect()
        return sys.getallocatedblocks()

    async def growth() -> int:
        warm = await blocks_after(1_000)
        return await blocks_after(1_000) - warm

    assert asyncio.run(growth()) < 200
