"""All wrappers at once, outermost first: answers, retry, budget, inject, adapter."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from omniforge_cli.adapters.direct_provider import DirectProvider
from omniforge_cli.providers.budget import Budget, BudgetedProvider
from omniforge_cli.providers.cassette import RecordingProvider
from omniforge_cli.providers.inject import InjectingProvider, parse_inject
from omniforge_cli.providers.limits import InFlightLimit
from omniforge_cli.providers.offline import OfflineProvider
from omniforge_cli.providers.retry import RetryingProvider
from omniforge_cli.routing.provider import ChatMessage, Provider, ProviderRequest
from tests.loopback import Loopback, answering, with_faults


def stacked(path: Path, limit: InFlightLimit, inject: str = "503:0.2") -> Provider:
    direct = DirectProvider(keys={}, concurrency=8)
    injecting = InjectingProvider(direct, spec=parse_inject(inject), seed=1)
    budgeted = BudgetedProvider(injecting, budget=Budget(in_flight=limit))
    retrying = RetryingProvider(budgeted, retries=9, whole_deadline=False, rng=random.Random(1), sleep=lambda _seconds: asyncio.sleep(0))
    return RecordingProvider(retrying, path=path, redact=str)


def asking(url: str, number: int) -> ProviderRequest:
    return ProviderRequest(model="any", messages=(ChatMessage(role="user", content=f"message {number}"),), api_base=url)


async def test_faults_of_both_kinds_are_outlived_and_the_answers_replayed(loopback: Callable[..., Loopback], tmp_path: Path) -> None:
    server = loopback(with_faults(answering("any"), {"500": 0.1, "drop": 0.1}, seed=2))
    path, limit = tmp_path / "answers.jsonl", InFlightLimit(8)
    provider = stacked(path, limit)
    completions = await asyncio.gather(*(provider.complete(asking(server.url, number), timeout_s=5) for number in range(40)))
    await provider.close()
    assert sum(completion.attempts for completion in completions) > server.n_requests > 40
    assert any(completion.injected == "503" for completion in completions)
    assert (limit.in_flight, server.max_seen_in_flight <= 8) == (0, True)
    untouched = [number for number, completion in enumerate(completions) if completion.injected is None]
    offline = OfflineProvider(path, redact=str)
    replayed = [await offline.complete(asking(server.url, number), timeout_s=5) for number in untouched]
    assert [completion.text for completion in replayed] == [completions[number].text for number in untouched]


async def test_cancelling_in_the_middle_leaves_no_task_and_no_connection(loopback: Callable[..., Loopback], tmp_path: Path) -> None:
    server = loopback(script=["hang"] * 4)
    limit = InFlightLimit(4)
    provider = stacked(tmp_path / "answers.jsonl", limit, inject="503:0")
    calls = [asyncio.create_task(provider.complete(asking(server.url, number), timeout_s=60)) for number in range(8)]
    while server.n_requests < 4:
        await asyncio.sleep(0.005)
    for call in calls:
        call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.gather(*calls)
    await asyncio.wait(calls)
    await provider.close()
    gc.collect()
    assert limit.in_flight == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
