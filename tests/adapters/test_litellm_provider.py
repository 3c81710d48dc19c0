"""What is litellm's alone; everything it shares with the direct adapter is in tests/contracts/test_provider_contract.py."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.core.errors import ProviderError
from omniforge_cli.routing.provider import ChatMessage, Provider, ProviderRequest
from tests.loopback import Loopback, answering

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydantic")  # as the adapter does; pytest forgets that between tests
ROOT = Path(__file__).parents[2]
MESSAGES = (ChatMessage(role="user", content="hi"),)


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    from omniforge_cli.adapters.litellm_provider import LiteLLMProvider

    made = LiteLLMProvider(keys={})
    yield made
    await made.close()
    gc.collect()
    await asyncio.sleep(0.01)  # litellm's clients close in tasks that the collector starts: here, and not in somebody else's test


@pytest.mark.parametrize(
    ("model", "reason", "told"),
    [
        ("anthropic/claude-x", FallbackReason.AUTH, "ANTHROPIC_API_KEY"),
        ("gemini/flash", FallbackReason.AUTH, "GEMINI_API_KEY"),
        ("nonsense", FallbackReason.PROVIDER_ERROR, "write it as vendor/name"),
    ],
)
async def test_what_litellm_refuses_to_ask_is_no_attempt(provider: Provider, model: str, reason: FallbackReason, told: str) -> None:
    with pytest.raises(ProviderError, match=told) as caught:
        await provider.complete(ProviderRequest(model=model, messages=MESSAGES), timeout_s=5)
    assert (caught.value.reason, caught.value.attempts, caught.value.retryable) == (reason, 0, False)
    assert "Traceback" not in str(caught.value)


async def test_another_vendors_protocol_is_spoken_and_its_errors_read(
    provider: Provider, loopback: Callable[..., Loopback], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant")
    server = loopback()
    request = ProviderRequest(model="anthropic/claude-x", messages=MESSAGES, api_base=server.origin)
    with pytest.raises(ProviderError) as caught:  # the loopback knows no /v1/messages and says 404
        await provider.complete(request, timeout_s=5)
    assert server.requests[0].path == "/v1/messages"
    assert (caught.value.reason, caught.value.attempts) == (FallbackReason.PROVIDER_ERROR, 1)


def test_a_whole_process_writes_its_answers_and_nothing_else(loopback: Callable[..., Loopback]) -> None:
    server = loopback(answering("any"), script=["ok", "500", "hang"])
    code = """
import asyncio, sys
from omniforge_cli.core.errors import ProviderError
from omniforge_cli.providers.lazy import LazyProvider
from omniforge_cli.routing.provider import ChatMessage, ProviderRequest

def load():
    from omniforge_cli.adapters.litellm_provider import LiteLLMProvider
    return LiteLLMProvider(keys={})

async def main(times):
    request = ProviderRequest(model="openai/x", messages=(ChatMessage(role="user", content="hi"),), api_base=sys.argv[1])
    await lazy.ready()
    for _ in range(times):
        try:
            print((await lazy.complete(request, timeout_s=1)).adapter)
        except ProviderError as error:
            print(error.reason.value)
    await lazy.close()

lazy = LazyProvider(load)
assert "litellm" not in sys.modules
asyncio.run(main(3))
asyncio.run(main(1))
"""
    done = subprocess.run(
        [sys.executable, "-W", "always::ResourceWarning", "-c", code, server.url],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.1"},
        check=False,
    )
    assert done.stdout.split() == ["litellm", "provider_error", "timeout", "litellm"]
    assert done.stderr == ""
