"""One body for every adapter that calls a provider: the same faults mean the same thing, whoever made the call."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from omniforge_cli.core.decision import FallbackReason, Usage
from omniforge_cli.core.errors import ProviderError
from omniforge_cli.routing.provider import ChatMessage, Provider, ProviderRequest
from tests.loopback import FAULTS, Loopback, Reply, error, free_port, saying

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydantic")  # as the adapter does; pytest forgets that between tests
Serve = Callable[..., Loopback]
GOOD = '{"action_type": "any"}'
KEYS = {"OPENAI_API_KEY": "sk-secret"}


@pytest.fixture(scope="module")
def adapters() -> dict[str, Callable[[], Provider]]:
    from omniforge_cli.adapters.direct_provider import DirectProvider
    from omniforge_cli.adapters.litellm_provider import LiteLLMProvider

    gc.freeze()  # else each collection below walks all of litellm
    return {
        "direct": lambda: DirectProvider(keys=KEYS, concurrency=4),
        "litellm": lambda: LiteLLMProvider(keys=KEYS, concurrency=4),
    }


@pytest.fixture(params=["direct", "litellm"])
async def provider(request: pytest.FixtureRequest, adapters: dict[str, Callable[[], Provider]]) -> AsyncIterator[Provider]:
    made = adapters[request.param]()
    yield made
    await made.close()
    gc.collect()  # an unclosed session would warn here, and a warning is an error
    await asyncio.sleep(0.01)  # litellm's clients close in tasks that the collector starts
    assert asyncio.all_tasks() == {asyncio.current_task()}


def asked(url: str | None, **changes: Any) -> ProviderRequest:
    fields: dict[str, Any] = {
        "model": "openai/gpt-4o-mini",
        "messages": (ChatMessage(role="system", content="Label it."), ChatMessage(role="user", content="hi")),
        "schema": {"type": "object"},
        "api_base": url,
    }
    return ProviderRequest(**{**fields, **changes})


REASON = FallbackReason
FAILURES = {
    # fault: (reason, retryable)
    "hang": (REASON.TIMEOUT, True),
    "408": (REASON.TIMEOUT, True),
    "drop": (REASON.CONNECTION, True),
    "drop_before": (REASON.CONNECTION, True),
    "400": (REASON.PROVIDER_ERROR, False),
    "404": (REASON.PROVIDER_ERROR, False),
    "401": (REASON.AUTH, False),
    "403": (REASON.AUTH, False),
    "429": (REASON.RATE_LIMITED, True),
    "429_1s": (REASON.RATE_LIMITED, True),
    "429_bare": (REASON.RATE_LIMITED, True),
    "500": (REASON.PROVIDER_ERROR, True),
    "502": (REASON.PROVIDER_ERROR, True),
    "503": (REASON.PROVIDER_ERROR, True),
    "html": (REASON.BAD_OUTPUT, False),
    "not_json": (REASON.BAD_OUTPUT, False),
    "no_choices": (REASON.BAD_OUTPUT, False),
    "huge": (REASON.BAD_OUTPUT, False),
}
REPLIES = {
    # fault: (text, finish reason)
    "ok": (GOOD, "stop"),
    "wrong_type": (GOOD, "stop"),
    "no_usage": (GOOD, "stop"),
    "malformed": ("{'action_type': " + GOOD, "stop"),
    "fenced": (f"Sure! Here it is:\n```json\n{GOOD}\n```\nAnything else?", "stop"),
    "truncated": (GOOD[:11], "stop"),
    "length": (GOOD[:11], "length"),
    "empty": ("", "stop"),
    "null_content": ("", "stop"),
}


def test_every_fault_of_the_loopback_server_is_tried() -> None:
    assert set(FAILURES) | set(REPLIES) | {"slow"} == set(FAULTS)


@pytest.mark.parametrize("fault", FAILURES)
async def test_a_failure_has_its_reason(provider: Provider, loopback: Serve, fault: str) -> None:
    server = loopback(saying(GOOD), script=[fault])
    with pytest.raises(ProviderError) as caught:
        await provider.complete(asked(server.url), timeout_s=0.3 if fault == "hang" else 10)
    assert (caught.value.reason, caught.value.retryable) == FAILURES[fault]
    assert (caught.value.attempts, server.n_requests) == (1, 1)
    assert caught.value.retry_after_s == {"429": 0.0, "429_1s": 1.0}.get(fault)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize("fault", REPLIES)
async def test_a_reply_is_handed_on_as_it_came(provider: Provider, loopback: Serve, fault: str) -> None:
    server = loopback(saying(GOOD), script=[fault])
    completion = await provider.complete(asked(server.url), timeout_s=10)
    assert (completion.text, completion.finish_reason) == REPLIES[fault]
    assert (completion.attempts, server.n_requests, completion.cached) == (1, 1, False)
    known = Usage(prompt_tokens=120, completion_tokens=12, cost_usd=pytest.approx(2.52e-05))  # type: ignore[arg-type]
    assert completion.usage == (None if fault == "no_usage" else known)


async def test_the_same_request_goes_over_the_wire(provider: Provider, loopback: Serve) -> None:
    server = loopback(saying(GOOD))
    await provider.complete(asked(server.url, seed=7), timeout_s=10)
    sent = server.requests[0]
    assert sent.headers["Authorization"] == "Bearer sk-secret"
    assert sent.body == {
        "model": "gpt-4o-mini",
        "messages": [{"role": "system", "content": "Label it."}, {"role": "user", "content": "hi"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "routing_decision", "schema": {"type": "object"}}},
        "temperature": 0.0,
        "max_tokens": 300,
        "seed": 7,
    }


@pytest.mark.parametrize("model", ["gpt-4o-mini", "openai/qwen", "qwen/any-name", "hosted_vllm/some", "llama.cpp/some", "lm_studio/some"])
async def test_any_name_is_asked_at_an_api_base(provider: Provider, loopback: Serve, model: str) -> None:
    server = loopback(saying(GOOD))
    assert (await provider.complete(asked(server.url, model=model), timeout_s=10)).text == GOOD
    assert model.endswith(server.requests[0].body["model"])


async def test_a_refused_connection_is_no_server_error(provider: Provider) -> None:
    with pytest.raises(ProviderError) as caught:
        await provider.complete(asked(f"http://127.0.0.1:{free_port()}/v1"), timeout_s=10)
    assert (caught.value.reason, caught.value.retryable) == (REASON.CONNECTION, True)


async def test_a_name_that_does_not_resolve_is_a_connection_fault(provider: Provider) -> None:
    with pytest.raises(ProviderError) as caught:
        await provider.complete(asked("http://nowhere.invalid/v1"), timeout_s=10)
    assert caught.value.reason == REASON.CONNECTION


async def test_no_key_is_auth_without_a_call(provider: Provider) -> None:
    with pytest.raises(ProviderError, match="GROQ_API_KEY") as caught:
        await provider.complete(asked(None, model="groq/llama-3.1-8b-instant"), timeout_s=10)
    assert (caught.value.reason, caught.value.attempts) == (REASON.AUTH, 0)


async def test_the_key_is_in_no_message(provider: Provider, loopback: Serve) -> None:
    server = loopback(lambda _request: error(401, "Incorrect API key provided: sk-secret"))
    with pytest.raises(ProviderError, match="Incorrect API key") as caught:
        await provider.complete(asked(server.url), timeout_s=10)
    assert "sk-secret" not in str(caught.value)


async def test_the_response_format_steps_down_once_and_for_all(provider: Provider, loopback: Serve) -> None:
    def rule(request: Any) -> Reply:
        kind = request.body.get("response_format", {}).get("type")
        return Reply(text=GOOD) if kind is None else error(400, f"response_format {kind} is not supported")

    server = loopback(rule)
    attempts = [(await provider.complete(asked(server.url), timeout_s=10)).attempts for _ in range(2)]
    assert attempts == [3, 1]
    assert [request.body.get("response_format", {}).get("type") for request in server.requests] == [
        "json_schema",
        "json_object",
        None,
        None,
    ]


async def test_nothing_is_written_to_the_terminal(provider: Provider, loopback: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    server = loopback(saying(GOOD), script=["ok", "500", "401", "html"])
    for _ in range(4):
        try:
            await provider.complete(asked(server.url), timeout_s=10)
        except ProviderError:
            continue
    assert capfd.readouterr() == ("", "")


async def test_cancelling_a_call_leaves_nothing_behind(provider: Provider, loopback: Serve) -> None:
    server = loopback(script=["hang"])
    call = asyncio.create_task(provider.complete(asked(server.url), timeout_s=30))
    while not server.n_requests:
        await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_a_drip_of_bytes_does_not_stretch_the_timeout(provider: Provider, loopback: Serve) -> None:
    server = loopback(lambda _request: Reply(text=GOOD, delay_s=5))
    with pytest.raises(ProviderError) as caught:
        await provider.complete(asked(server.url), timeout_s=0.2)
    assert caught.value.reason == REASON.TIMEOUT


async def test_after_close_it_can_be_used_again(provider: Provider, loopback: Serve) -> None:
    server = loopback(saying(GOOD))
    for _ in range(2):
        assert (await provider.complete(asked(server.url), timeout_s=10)).text == GOOD
        await provider.close()


async def test_text_that_utf8_cannot_hold_is_replaced(provider: Provider, loopback: Serve) -> None:
    server = loopback(saying(GOOD))
    await provider.complete(asked(server.url, messages=(ChatMessage(role="user", content="a\ud800b\x00é"),)), timeout_s=10)
    assert server.requests[0].last_user_message == "a\ufffdb\x00é"
