"""The loopback server and the fences round every test."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import aiohttp
import pytest

from tests.conftest import NetworkRefused
from tests.loopback import Known, Loopback, Oracle

HERE = Path(__file__).parent


async def _ask(url: str, message: str) -> tuple[int, dict[str, object]]:
    body = {"model": "m", "messages": [{"role": "user", "content": message}]}
    async with aiohttp.ClientSession() as session, session.post(f"{url}/chat/completions", json=body) as response:
        return response.status, await response.json()


async def test_a_script_answers_first_and_the_rule_afterwards(loopback: Callable[..., Loopback]) -> None:
    server = loopback(script=["429", "ok"])
    statuses = [(await _ask(server.url, "hi"))[0] for _ in range(3)]
    assert statuses == [429, 200, 200]
    assert [request.last_user_message for request in server.requests] == ["hi"] * 3


def test_the_oracle_is_wrong_on_exactly_the_share_asked_for() -> None:
    known = [Known(f"message number {number}", f"label_{number % 4}") for number in range(50)]
    oracle = Oracle(known, share_wrong=0.1, seed=3)
    assert len(oracle.wrong) == 5
    assert sum(oracle.label(entry) != entry.label for entry in known) == 5
    assert Oracle(known, share_wrong=0.1, seed=3).wrong == oracle.wrong


def test_the_oracle_takes_the_longest_ending_and_tells_equal_words_apart_by_history() -> None:
    plain, longer = Known("yes", "a"), Known("oh yes", "b")
    told = Known("yes", "c", ("Shall I pause Willow?",))
    oracle = Oracle([plain, longer, told])
    assert oracle.find("<message>\noh yes", "…") == longer
    assert oracle.find("says: yes", "nothing before") == plain
    assert oracle.find("says: yes", "Shall I pause Willow?\nsays: yes") == told
    assert oracle.find("no", "no") is None


def test_it_runs_as_a_process_and_tells_what_arrived(tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text(json.dumps({"ping": "a", "pong": "b"}))
    command = [sys.executable, str(HERE / "loopback.py"), "--labels", str(labels), "--share-wrong", "0.5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with urlopen(url.removesuffix("/v1") + "/_stats") as response:
            assert json.load(response)["requests"] == 0
        process.terminate()


def test_no_test_leaves_this_machine() -> None:
    with pytest.raises(NetworkRefused), socket.socket() as outside:
        outside.connect(("192.0.2.1", 80))
    with pytest.raises(NetworkRefused):
        socket.getaddrinfo("example.com", 80)
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nowhere.invalid", 80)


def test_a_test_sees_no_key_and_no_home(tmp_path: Path) -> None:
    assert Path.cwd() == tmp_path
    assert not any(name.endswith("_API_KEY") or name.startswith("OMNIFORGE_") for name in os.environ)
    assert not list(Path.home().iterdir())
