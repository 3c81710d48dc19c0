from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator

import pytest

from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.core.errors import ProviderError
from omniforge_cli.providers.lazy import LazyProvider
from omniforge_cli.routing.provider import ChatMessage, Provider, ProviderRequest
from omniforge_cli.testing import FakeProvider

REQUEST = ProviderRequest(model="m", messages=(ChatMessage(role="user", content="hi"),))


@pytest.fixture(autouse=True)
def _thaw() -> Iterator[None]:
    yield
    gc.unfreeze()


async def test_it_loads_once_in_a_thread_with_the_collector_off() -> None:
    seen: list[tuple[bool, bool]] = []

    def load() -> Provider:
        seen.append((threading.current_thread() is threading.main_thread(), gc.isenabled()))
        return FakeProvider(["yes"])

    lazy = LazyProvider(load)
    await asyncio.gather(lazy.ready(), lazy.ready())
    assert (await lazy.complete(REQUEST, timeout_s=1)).text == "yes"
    assert seen == [(False, False)]
    assert gc.isenabled()


async def test_the_event_loop_goes_on_meanwhile() -> None:
    release = threading.Event()
    lazy = LazyProvider(lambda: FakeProvider(["yes"]) if release.wait(5) else FakeProvider(["late"]))
    waiting = asyncio.create_task(lazy.ready())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    release.set()
    await waiting
    assert (await lazy.complete(REQUEST, timeout_s=1)).text == "yes"


async def test_complete_loads_what_nobody_made_ready() -> None:
    assert (await LazyProvider(lambda: FakeProvider(["yes"])).complete(REQUEST, timeout_s=1)).text == "yes"


async def test_an_adapter_that_cannot_be_loaded_is_a_provider_error_without_a_call() -> None:
    def load() -> Provider:
        raise ImportError("No module named 'litellm'")

    lazy = LazyProvider(load)
    await lazy.ready()
    with pytest.raises(ProviderError, match="No module named 'litellm'") as caught:
        await lazy.complete(REQUEST, timeout_s=1)
    assert (caught.value.reason, caught.value.attempts, caught.value.retryable) == (FallbackReason.PROVIDER_ERROR, 0, False)
    await lazy.close()


async def test_a_caller_who_gives_up_does_not_take_the_load_along() -> None:
    release = threading.Event()
    lazy = LazyProvider(lambda: FakeProvider(["yes"]) if release.wait(5) else FakeProvider(["late"]))
    first = asyncio.create_task(lazy.ready())
    await asyncio.sleep(0.01)
    first.cancel()
    release.set()
    assert (await lazy.complete(REQUEST, timeout_s=1)).text == "yes"


def test_it_serves_one_event_loop_after_another() -> None:
    lazy = LazyProvider(lambda: FakeProvider(["yes"]))

    async def ask() -> str:
        completion = await lazy.complete(REQUEST, timeout_s=1)
        await lazy.close()
        return completion.text

    assert [asyncio.run(ask()) for _ in range(2)] == ["yes", "yes"]


async def test_close_without_a_load_loads_nothing_and_after_one_closes_it() -> None:
    inner = FakeProvider(["yes"])
    lazy = LazyProvider(lambda: inner)
    await lazy.close()
    assert not inner.closed
    await lazy.ready()
    await lazy.close()
    assert inner.closed
