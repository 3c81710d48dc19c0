from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from omniforge_cli.adapters.direct_provider import DirectProvider
from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.core.errors import ProviderError
from omniforge_cli.routing.provider import ChatMessage, ProviderRequest
from tests.loopback import Loopback, Reply, error, free_port, saying

Serve = Callable[..., Loopback]


def asked(url: str | None, **changes: Any) -> ProviderRequest:
    fields: dict[str, Any] = {
        "model": "openai/gpt-4o-mini",
        "messages": (ChatMessage(role="system", content="Label it."), ChatMessage(role="user", content="hi")),
        "schema": {"type": "object"},
        "api_base": url,
    }
    return ProviderRequest(**{**fields, **changes})


@asynccontextmanager
async def direct(**options: Any) -> AsyncIterator[DirectProvider]:
    provider = DirectProvider(**{"keys": {"OPENAI_API_KEY": "sk-secret"}, **options})
    try:
        yield provider
    finally:
        await provider.close()


async def test_only_what_is_set_goes_over_the_wire(loopback: Serve) -> None:
    server = loopback(saying("{}"))
    async with direct() as provider:
        await provider.complete(asked(server.url, seed=7), timeout_s=5)
        await provider.complete(asked(server.url, response_format="text", temperature=None, max_tokens=None), timeout_s=5)
    full, bare = (request.body for request in server.requests)
    assert full["model"] == "gpt-4o-mini"
    assert full["messages"] == [{"role": "system", "content": "Label it."}, {"role": "user", "content": "hi"}]
    assert full["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert (full["temperature"], full["max_tokens"], full["seed"]) == (0.0, 300, 7)
    assert set(bare) == {"model", "messages"}


async def test_the_key_goes_into_the_header_and_nowhere_else(loopback: Serve) -> None:
    server = loopback(lambda _request: error(401, "Incorrect API key provided: sk-secret"))
    async with direct() as provider:
        with pytest.raises(ProviderError) as caught:
            await provider.complete(asked(server.url), timeout_s=5)
    assert server.requests[0].headers["Authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in f"{caught.value} {vars(caught.value)} {provider!r}"


async def test_an_api_base_without_a_key_is_asked_with_a_placeholder(loopback: Serve) -> None:
    server = loopback(saying("{}"))
    async with direct(keys={}) as provider:
        await provider.complete(asked(server.url, model="qwen/any-name"), timeout_s=5)
    assert server.requests[0].headers["Authorization"] == "Bearer no-key"
    assert server.requests[0].body["model"] == "qwen/any-name"


async def test_no_key_and_no_api_base_is_auth_without_a_call() -> None:
    async with direct(keys={}) as provider:
        with pytest.raises(ProviderError, match="OPENAI_API_KEY") as caught:
            await provider.complete(asked(None), timeout_s=5)
    assert (caught.value.reason, caught.value.attempts, caught.value.retryable) == (FallbackReason.AUTH, 0, False)


async def test_a_server_that_refuses_the_format_is_asked_for_less_and_remembered(loopback: Serve) -> None:
    def rule(request: Any) -> Reply:
        kind = request.body.get("response_format", {}).get("type", "text")
        return Reply(text="{}") if kind == "text" else error(400, f"response_format {kind} is not supported")

    server = loopback(rule)
    async with direct() as provider:
        first = await provider.complete(asked(server.url), timeout_s=5)
        second = await provider.complete(asked(server.url), timeout_s=5)
    assert (first.attempts, second.attempts) == (3, 1)
    kinds = [request.body.get("response_format", {}).get("type") for request in server.requests]
    assert kinds == ["json_schema", "json_object", None, None]


@pytest.mark.parametrize(
    ("complaint", "gone"),
    [
        ("Unsupported value: 'temperature' does not support 0 with this model.", "temperature"),
        ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "max_tokens"),
        ("seed: extra inputs are not permitted", "seed"),
    ],
)
async def test_a_parameter_that_the_model_refuses_is_left_out(loopback: Serve, complaint: str, gone: str) -> None:
    server = loopback(lambda request: error(400, complaint) if gone in request.body else Reply(text="{}"))
    async with direct() as provider:
        assert (await provider.complete(asked(server.url, seed=1), timeout_s=5)).attempts == 2
    if gone == "max_tokens":
        assert server.requests[-1].body["max_completion_tokens"] == 300


async def test_an_unrelated_400_is_asked_once(loopback: Serve) -> None:
    server = loopback(lambda _request: error(400, "context length exceeded"))
    async with direct() as provider:
        with pytest.raises(ProviderError, match="context length exceeded") as caught:
            await provider.complete(asked(server.url), timeout_s=5)
    assert (caught.value.reason, caught.value.retryable, server.n_requests) == (FallbackReason.PROVIDER_ERROR, False, 1)


async def test_connections_are_reused_and_no_more_than_the_concurrency(loopback: Serve) -> None:
    server = loopback(saying("{}"), latency_s=0.01)
    async with direct(concurrency=3) as provider:
        await asyncio.gather(*(provider.complete(asked(server.url), timeout_s=5) for _ in range(12)))
    assert server.n_connections <= 3
    assert server.max_seen_in_flight <= 3


async def test_usage_and_cost_are_those_of_the_reply(loopback: Serve) -> None:
    server = loopback(lambda _request: Reply(text="{}", prompt_tokens=1000, completion_tokens=100))
    async with direct() as provider:
        known = await provider.complete(asked(server.url), timeout_s=5)
        unknown = await provider.complete(asked(server.url, model="openai/no-such-model"), timeout_s=5)
    assert known.usage is not None and unknown.usage is not None
    assert known.usage.cost_usd == pytest.approx(1000 * 1.5e-07 + 100 * 6e-07)
    assert (unknown.usage.prompt_tokens, unknown.usage.cost_usd) == (1000, None)


async def test_after_close_it_opens_anew(loopback: Serve) -> None:
    server = loopback(saying("{}"))
    async with direct() as provider:
        await provider.complete(asked(server.url), timeout_s=5)
        await provider.close()
        await provider.close()
        await provider.complete(asked(server.url), timeout_s=5)
    assert server.n_connections == 2


async def test_cancelling_a_call_leaves_nothing_behind(loopback: Serve) -> None:
    server = loopback(script=["hang"])
    async with direct() as provider:
        call = asyncio.create_task(provider.complete(asked(server.url), timeout_s=30))
        while not server.n_requests:
            await asyncio.sleep(0.005)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("base", ["no url", "ftp://127.0.0.1/v1", "http://", "http://127.0.0.1:99999/v1", "http://127..b/v1"])
async def test_a_base_that_is_no_url_is_told_without_a_call(base: str) -> None:
    async with direct() as provider:
        with pytest.raises(ProviderError) as caught:
            await provider.complete(asked(base), timeout_s=5)
    assert (caught.value.reason, caught.value.retryable) == (FallbackReason.CONNECTION, False)


async def test_a_password_in_the_address_is_not_told() -> None:
    async with direct() as provider:
        with pytest.raises(ProviderError) as caught:
            await provider.complete(asked(f"http://me:hunter2@127.0.0.1:{free_port()}/v1"), timeout_s=5)
    assert "hunter2" not in str(caught.value)


async def test_lone_surrogates_are_replaced_on_the_wire(loopback: Serve) -> None:
    server = loopback(saying("{}"))
    async with direct() as provider:
        await provider.complete(asked(server.url, messages=(ChatMessage(role="user", content="a\ud800b\x00é"),)), timeout_s=5)
    assert server.requests[0].last_user_message == "a\ufffdb\x00é"


async def test_a_server_that_speaks_no_http_is_a_connection_fault() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server, direct() as provider:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ProviderError, match="does not speak HTTP") as caught:
            await provider.complete(asked(f"http://127.0.0.1:{port}/v1"), timeout_s=5)
    assert (caught.value.reason, caught.value.retryable) == (FallbackReason.CONNECTION, False)


async def test_content_in_parts_is_joined(loopback: Serve) -> None:
    parts = [{"type": "text", "text": "{"}, {"type": "image_url"}, {"type": "text", "text": "}"}]
    raw = json.dumps({"choices": [{"message": {"content": parts}}]}).encode()
    server = loopback(lambda _request: Reply(raw=raw))
    async with direct() as provider:
        completion = await provider.complete(asked(server.url), timeout_s=5)
    assert (completion.text, completion.finish_reason, completion.usage) == ("{}", None, None)


async def test_the_systems_proxy_is_asked_once_for_what_is_not_local(loopback: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = loopback(saying("{}"))
    monkeypatch.setenv("http_proxy", proxy.origin)
    async with direct() as provider:
        assert (await provider.complete(asked("http://far.invalid/v1"), timeout_s=5)).text == "{}"
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        near = loopback(saying("near"))
        assert (await provider.complete(asked(near.url), timeout_s=5)).text == "near"
    assert proxy.n_requests == 1


async def test_messages_before_the_last_are_the_same_on_the_wire_from_the_first_time_on(loopback: Serve) -> None:
    server = loopback(saying("{}"))
    earlier = (ChatMessage(role="system", content='say "ü" \\ \n🎉'), ChatMessage(role="assistant", content="half \ud83d"))
    async with direct() as provider:
        for text in ("first", 'second "quoted" 🎉', "third \ud83d"):
            messages = (*earlier, ChatMessage(role="user", content=text))
            await provider.complete(asked(server.url, messages=messages), timeout_s=5)
        await provider.complete(asked(server.url, messages=earlier[:1]), timeout_s=5)
    sent = [[message["content"] for message in request.body["messages"]] for request in server.requests]
    before = ['say "ü" \\ \n🎉', "half \ufffd"]
    assert sent == [[*before, "first"], [*before, 'second "quoted" 🎉'], [*before, "third \ufffd"], before[:1]]


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate of its own, which our client trusts."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key(), serial_number=1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (tmp_path / "both.pem").write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    client = ssl.create_default_context(cafile=str(tmp_path / "both.pem"))
    monkeypatch.setattr(aiohttp, "TCPConnector", partial(aiohttp.TCPConnector, ssl=client))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "both.pem")
    return server


async def test_a_warmed_up_connection_is_the_one_that_the_first_call_goes_over(trusted: ssl.SSLContext) -> None:
    connections, heads = [], []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError):
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                heads.append(head)
                await reader.readexactly(int(found[1]) if (found := re.search(r"Content-Length: (\d+)", head)) else 0)
                body = b"" if head.startswith("HEAD") else json.dumps({"choices": [{"message": {"content": "{}"}}]}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=trusted)
    url = f"https://localhost:{server.sockets[0].getsockname()[1]}/v1"
    async with server, direct() as provider:
        await provider.warm_up("openai/x", url)
        await provider.complete(asked(url), timeout_s=5)
    assert [head.split(" ", 1)[0] for head in heads] == ["HEAD", "POST"]
    assert "Authorization" not in heads[0]
    assert len(connections) == 1


async def test_a_server_without_tls_is_not_warmed_up_and_one_that_is_not_there_is_no_error(loopback: Serve) -> None:
    server = loopback(saying("{}"))
    async with direct() as provider:
        await provider.warm_up("openai/x", server.url)
        await provider.warm_up("openai/x", "https://127.0.0.1:9/v1")
        await provider.warm_up("groq/x", None)
    assert server.n_requests == 0
