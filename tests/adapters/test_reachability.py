from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from omniforge_cli.adapters.reachability import reach
from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.core.errors import ProviderError


@asynccontextmanager
async def answering(status: str | None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that answers every request so, or never; its address and the requests that came."""
    came: list[bytes] = []
    ended = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(await reader.readuntil(b"\r\n\r\n"))
        if status is None:
            await reader.read()  # until the client gives up
        else:
            writer.write(f"HTTP/1.1 {status}\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\n{{}}".encode())
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", came
    finally:
        server.close()
        async with asyncio.timeout(5):
            await ended.wait()


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "405 Method Not Allowed"])
async def test_a_server_that_answers_is_there_even_without_a_list_of_models(status: str):
    async with answering(status) as (address, came):
        told = await reach("m-1", api_base=f"{address}/v1", keys={"OPENAI_API_KEY": "sk-1"}, timeout_s=5)
    assert told.startswith(f"{address} answered {status.split()[0]} in ")
    (request,) = came
    assert request.startswith(b"GET /v1/models HTTP/1.1\r\n")
    assert b"Authorization: Bearer sk-1\r\n" in request


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("401 Unauthorized", FallbackReason.AUTH),
        ("503 Service Unavailable", FallbackReason.PROVIDER_ERROR),
        ("307 Temporary Redirect", FallbackReason.PROVIDER_ERROR),
    ],
)
async def test_a_refusal_is_told_and_a_key_follows_no_redirect(status: str, reason: FallbackReason):
    async with answering(status) as (address, came):
        with pytest.raises(ProviderError) as caught:
            await reach("m-1", api_base=address, keys={"OPENAI_API_KEY": "sk-1"}, timeout_s=5)
    assert caught.value.reason is reason
    assert "sk-1" not in str(caught.value)
    assert len(came) == 1


async def test_a_server_that_never_answers_is_given_up():
    async with answering(None) as (address, _):
        with pytest.raises(ProviderError, match=r"did not answer within 0\.05 s"):
            await reach("m-1", api_base=address, keys={}, timeout_s=0.05)


async def test_without_a_key_nothing_is_asked():
    with pytest.raises(ProviderError, match="no key; set OPENAI_API_KEY") as caught:
        await reach("gpt-4o-mini", api_base=None, keys={}, timeout_s=1)
    assert caught.value.attempts == 0
