"""Offline work on every core gives what one process gives."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from omniforge_cli.adapters import workers as adapter
from omniforge_cli.core.run import Analyzer, Sample
from omniforge_cli.evals.plan import Plan
from omniforge_cli.evals.runner import run_samples
from omniforge_cli.files.evalset import load_evalset
from omniforge_cli.files.settings import read_settings
from omniforge_cli.wiring.routing import RouterSpec, build_router, load_taxonomy
from omniforge_cli.wiring.workers import in_order, offline_samples
from tests.evals.making import plan
from tests.limits import no_more_open_files


def intent_plan() -> Plan:
    return replace(plan(1), evalset=load_evalset("intent"))


def untimed(sample: Sample) -> Sample:
    return replace(sample, latency_ms=0.0)


@pytest.mark.parametrize("cores", [1, 2])
async def test_the_samples_are_those_of_one_process_in_the_order_of_the_plan(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "n_cores", lambda: cores)
    settings, made = read_settings({"analyzer": "local"}), intent_plan()
    found = [sample async for sample in offline_samples(settings, Analyzer.LOCAL, made.attempts())]
    router = build_router(RouterSpec(settings=settings, loaded=load_taxonomy(settings.taxonomy), analyzer=Analyzer.LOCAL))
    alone = [sample async for sample in run_samples(made.attempts(), routers=[router], workers=1, tenant_id=settings.tenant)]
    assert len(found) == len(made.evalset.cases)
    assert list(map(untimed, found)) == list(map(untimed, alone))


async def test_a_consumer_that_stops_ends_the_workers() -> None:
    samples = offline_samples(read_settings({"analyzer": "keyword"}), Analyzer.KEYWORD, intent_plan().attempts())
    assert (await anext(samples)).predicted
    await samples.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(samples)


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
