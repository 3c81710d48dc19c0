from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import pytest

from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.core.errors import ProviderError, StorageLocked
from omniforge_cli.providers.answers import CacheMode, RecordedAnswers
from omniforge_cli.routing.provider import ChatMessage, Completion, ProviderRequest
from omniforge_cli.testing import FakeProvider

REQUEST = ProviderRequest(model="m", messages=(ChatMessage(role="user", content="hi"),))


class MemoryAnswerStore:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Completion] = {}

    async def get(self, key: str, *, tenant_id: str) -> Completion | None:
        return self.kept.get((tenant_id, key))

    async def put(self, key: str, request: ProviderRequest, completion: Completion, *, tenant_id: str) -> None:
        assert request.key == key
        self.kept[tenant_id, key] = completion


class LockedAnswerStore:
    async def get(self, key: str, *, tenant_id: str) -> Completion | None:
        await asyncio.sleep(0)
        raise StorageLocked("held by somebody")

    async def put(self, key: str, request: ProviderRequest, completion: Completion, *, tenant_id: str) -> None:
        await asyncio.sleep(0)
        raise StorageLocked("held by somebody")


async def test_the_second_time_is_served_from_the_store_with_its_first_latency() -> None:
    inner = FakeProvider(["one", "two"])
    provider = RecordedAnswers(inner, store=MemoryAnswerStore())
    first = await provider.complete(REQUEST, timeout_s=1)
    again = await provider.complete(REQUEST, timeout_s=1)
    assert (first.cached, again.cached, again.text, len(inner.requests)) == (False, True, "one", 1)
    assert (again.latency_ms, again.usage, again.attempts) == (first.latency_ms, first.usage, 0)


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, repeat=1),
        replace(REQUEST, model="other"),
        replace(REQUEST, temperature=1.0),
        replace(REQUEST, max_tokens=9),
        replace(REQUEST, seed=1),
        replace(REQUEST, schema={"type": "object"}),
        replace(REQUEST, response_format="text"),
        replace(REQUEST, api_base="http://127.0.0.1:1/v1"),
        replace(REQUEST, messages=(ChatMessage(role="system", content="hi"),)),
        replace(REQUEST, tenant_id="another"),
    ],
)
async def test_whatever_can_change_an_answer_is_another_answer(other: ProviderRequest) -> None:
    inner = FakeProvider(["one", "two"])
    provider = RecordedAnswers(inner, store=MemoryAnswerStore())
    await provider.complete(REQUEST, timeout_s=1)
    assert (await provider.complete(other, timeout_s=1)).text == "two"


async def test_refresh_asks_again_and_replaces() -> None:
    store = MemoryAnswerStore()
    inner = FakeProvider(["one", "two"])
    await RecordedAnswers(inner, store=store).complete(REQUEST, timeout_s=1)
    assert (await RecordedAnswers(inner, store=store, mode=CacheMode.REFRESH).complete(REQUEST, timeout_s=1)).text == "two"
    assert (await RecordedAnswers(inner, store=store).complete(REQUEST, timeout_s=1)).text == "two"


async def test_failures_and_injected_faults_are_not_kept() -> None:
    store = MemoryAnswerStore()
    injected = Completion(text="half", injected="bad_json")
    provider = RecordedAnswers(FakeProvider([ProviderError("x", reason=FallbackReason.TIMEOUT), injected]), store=store)
    with pytest.raises(ProviderError):
        await provider.complete(REQUEST, timeout_s=1)
    await provider.complete(REQUEST, timeout_s=1)
    assert not store.kept


async def test_a_store_that_fails_warns_once_and_answers_go_on(caplog: pytest.LogCaptureFixture) -> None:
    provider = RecordedAnswers(FakeProvider(["one"]), store=LockedAnswerStore())
    with caplog.at_level(logging.WARNING):
        texts = [(await provider.complete(REQUEST, timeout_s=1)).text for _ in range(3)]
    assert texts == ["one"] * 3
    assert [record.message for record in caplog.records] == ["answers are not kept from here on: held by somebody"]


async def test_closing_closes_the_inner_one() -> None:
    inner = FakeProvider(["one"])
    await RecordedAnswers(inner, store=MemoryAnswerStore()).close()
    assert inner.closed


async def test_a_store_that_cannot_be_written_warns_too(caplog: pytest.LogCaptureFixture) -> None:
    provider = RecordedAnswers(FakeProvider(["one"]), store=LockedAnswerStore(), mode=CacheMode.REFRESH)
    with caplog.at_level(logging.WARNING):
        await asyncio.gather(*(provider.complete(REQUEST, timeout_s=1) for _ in range(3)))
    assert len(caplog.records) == 1
