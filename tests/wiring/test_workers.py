"""Offline work on every core gives what one process gives."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from omniforge_cli.adapters import workers as adapter
from omniforge_cli.wiring.workers import in_order
from tests.limits import no_more_open_files


def worker_of() -> Callable[[int], int]:
    return lambda _: os.getpid()


def test_one_core_needs_no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "n_cores", lambda: 1)
    assert set(in_order(worker_of, range(3))) == {os.getpid()}
    monkeypatch.setattr(adapter, "n_cores", lambda: 2)
    assert os.getpid() not in set(in_order(worker_of, range(3)))


def test_where_there_can_be_no_other_processes_this_one_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "n_cores", lambda: 2)
    with no_more_open_files():
        answers = in_order(lambda: lambda number: (number * 2, os.getpid()), [1, 2, 3])
    assert list(answers) == [(number, os.getpid()) for number in (2, 4, 6)]
