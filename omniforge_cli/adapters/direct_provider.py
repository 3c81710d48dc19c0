"""Completions from any endpoint that speaks OpenAI chat completions, over aiohttp: no vendor's SDK, no retries, one call a request.

One event loop at a time: `close()` before the loop ends, after which the provider may be used from another.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from omniforge_cli.adapters.dialect import REFUSED_PARAMETER, Dialects, ParameterRefused, on_the_wire
from omniforge_cli.adapters.endpoints import PLACEHOLDER_KEY, Endpoint, endpoint
from omniforge_cli.adapters.faults import MAX_REPLY_BYTES, connection_fault, not_a_completion, said, status_fault, timeout_fault
from omniforge_cli.adapters.prices import priced
from omniforge_cli.core.decision import Usage
from omniforge_cli.core.errors import ProviderError
from omniforge_cli.routing.provider import ChatMessage, Completion, ProviderRequest

_DNS_SECONDS: Final = 300
_IDLE_SECONDS: Final = 30.0
"""A connection idle for longer is not used again: servers close them, and a POST on a closed one fails."""

_WARM_UP_S: Final = 5.0
_KEPT_ENCODINGS: Final = 8
"""Arms that share a model take turns; more of them than this are encoded anew."""


_JSON: Final = json.JSONEncoder(ensure_ascii=False)
Part = TypeVar("Part")


@dataclass(slots=True, kw_only=True)
class _Call:
    """One `complete()` under way, and how many requests it has sent."""

    request: ProviderRequest
    endpoint: Endpoint
    where: str
    attempts: int = 0


class DirectProvider:
    """A Provider over plain HTTP.

    `keys` maps variable names (`OPENAI_API_KEY`) to keys; they are sent to the endpoint and told to nobody else. No more
    connections are open than `concurrency`. `clock` is in seconds.
    """

    def __init__(self, *, keys: Mapping[str, str], concurrency: int = 16, clock: Callable[[], float] = perf_counter) -> None:
        self._keys = dict(keys)
        self._concurrency = concurrency
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._dialects = Dialects()
        self._endpoints: dict[tuple[str, str | None], Endpoint] = {}
        self._heads: _Encodings[dict[str, Any]] = _Encodings(_head)
        self._beginnings: _Encodings[tuple[ChatMessage, ...]] = _Encodings(_beginning)
        self._proxies: dict[str, str | None] = {}

    async def complete(self, request: ProviderRequest, *, timeout_s: float) -> Completion:
        """One completion within `timeout_s` seconds.

        A server that refuses a parameter with a 400 is asked again without it, at once, and remembered.

        Raises:
            ProviderError: with a reason and whether another attempt may help.
        """
        target = self._endpoint(request.model, request.api_base)
        call = _Call(request=request, endpoint=target, where=f"{request.model} at {target.shown}")
        try:
            async with asyncio.timeout(timeout_s):
                whom = (target.url, target.model)
                return await self._dialects.ask(whom, request, lambda parameters: self._send(call, parameters))
        except TimeoutError as exc:
            raise timeout_fault(call.where, timeout_s, attempts=call.attempts) from exc
        except ValueError as exc:  # aiohttp's InvalidURL, or a host name that IDNA cannot hold
            raise connection_fault(call.where, "the address is no URL", retryable=False, attempts=0) from exc
        except aiohttp.ClientResponseError as exc:
            why = f"it does not speak HTTP: {exc.message}"
            raise connection_fault(call.where, why, retryable=False, attempts=call.attempts) from exc
        except (aiohttp.ClientError, OSError) as exc:
            retryable = not isinstance(exc, aiohttp.ClientSSLError)
            raise connection_fault(call.where, _why(exc), retryable=retryable, attempts=call.attempts) from exc

    async def warm_up(self, model: str, api_base: str | None) -> None:
        """Look a model's server up and open a TLS connection, which the first call then finds: a HEAD request, without a key, for nothing.

        Measured 50 ms away: 54 ms for the first answer instead of 168. Whatever fails here is for that call to tell.
        """
        with contextlib.suppress(ProviderError, aiohttp.ClientError, OSError, ValueError):  # a TimeoutError is an OSError
            url = self._endpoint(model, api_base).url
            if url.startswith("https:"):
                async with (
                    asyncio.timeout(_WARM_UP_S),
                    self._open_session().head(url, allow_redirects=False, proxy=self._proxy(url)) as response,
                ):
                    await response.read()

    async def close(self) -> None:
        """Close the connections. Safe to call twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _send(self, call: _Call, parameters: Mapping[str, Any]) -> Completion:
        started = self._clock()
        status, headers, reply = await self._post(call, self._body(call, parameters))
        if status == 200:
            return _completion(call, reply, (self._clock() - started) * 1000.0)
        complaint = said(reply.decode("utf-8", "replace"), secrets=(call.endpoint.key or PLACEHOLDER_KEY,))
        fault = status_fault(status, complaint, where=call.where, headers=headers, attempts=call.attempts)
        raise ParameterRefused(complaint, fault) if status in REFUSED_PARAMETER else fault

    def _body(self, call: _Call, parameters: Mapping[str, Any]) -> bytes:
        messages = call.request.messages
        head = self._heads.of({"model": call.endpoint.model, **parameters})
        return b"".join((head, self._beginnings.of(messages[:-1]), _message(messages[-1]), b"]}"))

    async def _post(self, call: _Call, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"Content-Type": "application/json"}
        if call.endpoint.key is not None:
            headers["Authorization"] = f"Bearer {call.endpoint.key}"
        posted = self._open_session().post(
            f"{call.endpoint.url}/chat/completions",
            data=body,
            headers=headers,
            allow_redirects=False,
            proxy=self._proxy(call.endpoint.url),
        )
        call.attempts += 1
        async with posted as response:
            received = bytearray()
            async for piece in response.content.iter_any():
                received += piece
                if len(received) > MAX_REPLY_BYTES:
                    raise not_a_completion(call.where, f"more than {MAX_REPLY_BYTES} bytes", attempts=call.attempts)
            return response.status, response.headers, bytes(received)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._concurrency, ttl_dns_cache=_DNS_SECONDS, keepalive_timeout=_IDLE_SECONDS)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=aiohttp.ClientTimeout(total=None, sock_connect=None), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    def _endpoint(self, model: str, api_base: str | None) -> Endpoint:
        """Where a model lives, read once: taking an address apart at every call is slow."""
        known = self._endpoints.get((model, api_base))
        if known is None:
            known = self._endpoints[model, api_base] = endpoint(model, api_base=api_base, keys=self._keys)
        return known

    def _proxy(self, url: str) -> str | None:
        """The proxy that the system names for this address, looked up once: reading the environment at every call is slow."""
        if url not in self._proxies:
            parts = urlsplit(url)
            bypassed = proxy_bypass(parts.hostname or "")
            self._proxies[url] = None if bypassed else getproxies().get(parts.scheme)
        return self._proxies[url]


class _Encodings(Generic[Part]):
    """The JSON of the few values that were sent most recently, of a part of the body that is the same for every case of an arm.

    The parameters with the reply's schema and the messages before the last are twenty times as long as what changes. They are the same
    objects every time, so that finding them compares no text.
    """

    def __init__(self, encode: Callable[[Part], bytes]) -> None:
        self._encode = encode
        self._known: list[tuple[Part, bytes]] = []

    def of(self, part: Part) -> bytes:
        """The JSON of this part."""
        for known, encoded in self._known:
            if known == part:
                return encoded
        encoded = self._encode(part)
        self._known = [(part, encoded), *self._known[: _KEPT_ENCODINGS - 1]]
        return encoded


def _head(parameters: dict[str, Any]) -> bytes:
    """The body up to its first message."""
    return _JSON.encode(parameters).encode()[:-1] + b', "messages": ['


def _beginning(messages: tuple[ChatMessage, ...]) -> bytes:
    """The messages before the last, each with its comma."""
    return b"".join(_message(message) + b", " for message in messages)


def _message(message: ChatMessage) -> bytes:
    return _JSON.encode(on_the_wire(message)).encode()


def _completion(call: _Call, body: bytes, latency_ms: float) -> Completion:
    try:
        reply = json.loads(body)
        choice = reply["choices"][0]
        text = _text(choice["message"].get("content"))
        finish_reason = choice.get("finish_reason")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError) as exc:
        raise not_a_completion(call.where, body[:80].decode("utf-8", "replace"), attempts=call.attempts) from exc
    return Completion(
        text=text,
        finish_reason=finish_reason if isinstance(finish_reason, str) else None,
        usage=_usage(reply.get("usage"), call.request.model),
        model=str(reply.get("model") or call.endpoint.model),
        latency_ms=latency_ms,
        attempts=call.attempts,
        adapter="direct",
    )


def _text(content: Any) -> str:
    """The reply's text; nothing said is an empty text, which is for the reader of the reply to judge."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if part.get("type") == "text")


def _usage(told: Any, model: str) -> Usage | None:
    if not isinstance(told, dict):
        return None
    details = told.get("prompt_tokens_details")
    return priced(
        model,
        prompt_tokens=_count(told.get("prompt_tokens")),
        completion_tokens=_count(told.get("completion_tokens")),
        cached_tokens=_count(details.get("cached_tokens")) if isinstance(details, dict) else 0,
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _why(exc: Exception) -> str:
    """The cause in the system's own words."""
    number = getattr(exc, "errno", None)
    if isinstance(number, int) and number > 0:
        return os.strerror(number)
    return str(exc) or type(exc).__name__
