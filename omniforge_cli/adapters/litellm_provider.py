"""Completions through litellm, which speaks to every provider. Its retries, banners, logs and price look-ups are off: those are ours.

Importing this module takes seconds and must happen in a thread (`providers/lazy.py`).
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import ssl
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # without it litellm fetches its price table over the network, on import

import httpx
import litellm
import openai
import openai.resources.chat
from litellm.exceptions import AuthenticationError
from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER
from litellm.llms.custom_httpx.async_client_cleanup import close_litellm_async_clients
from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

from omniforge_cli.adapters.dialect import REFUSED_PARAMETER, Dialects, ParameterRefused, on_the_wire
from omniforge_cli.adapters.endpoints import PLACEHOLDER_KEY, endpoint, speaks_openai
from omniforge_cli.adapters.faults import (
    MAX_REPLY_BYTES,
    connection_fault,
    not_a_completion,
    one_line,
    said,
    status_fault,
    timeout_fault,
)
from omniforge_cli.adapters.prices import priced
from omniforge_cli.core.decision import FallbackReason, Usage
from omniforge_cli.core.errors import ProviderError
from omniforge_cli.routing.provider import Completion, ProviderRequest

litellm.suppress_debug_info = True  # else each error prints a banner on stdout
litellm.drop_params = True
litellm.telemetry = False
for _name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
    logging.getLogger(_name).handlers.clear()
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)
for _name in ("httpx", "openai"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # at debug they write requests, with the message in them

warnings.filterwarnings("ignore", category=UserWarning, module="pydantic")  # remarks on litellm's models, when they are first used

_CLOSE_SECONDS: Final = 2.0
_ITS_ERRORS: Final = (openai.OpenAIError, httpx.HTTPError, OSError, LookupError, TypeError, AttributeError, ValueError)
"""What litellm lets through: its own exceptions are OpenAI's, and a reply that it does not understand raises the plain ones."""
_NOT_UNDERSTOOD: Final = (ValueError, LookupError, TypeError, AttributeError)
_NO_KEY: Final = re.compile(r"(missing|no|set|provide)\b.{0,40}(api.?key|credentials)", re.IGNORECASE)
_ITS_PREFIX: Final = re.compile(r"^(litellm\.)?\w*(Error|Exception): ")
_OWN_NAMES: Final = frozenset(
    {"openai", "groq", "openrouter", "together_ai", "mistral", "deepseek", "xai", "fireworks_ai", "hosted_vllm", "lm_studio"}
)
"""OpenAI-compatible vendors that litellm knows under the same prefix, with their peculiarities."""


@dataclass(slots=True, kw_only=True)
class _Call:
    """One `complete()` under way: whom it asks (litellm's keyword arguments), and how many requests it has sent."""

    request: ProviderRequest
    whom: Mapping[str, Any]
    where: str
    timeout_s: float
    attempts: int = 0


class LiteLLMProvider:
    """A Provider over litellm.

    `keys` maps variable names (`OPENAI_API_KEY`) to keys, for vendors that speak OpenAI's protocol; for all others litellm reads
    the environment itself. At most `concurrency` calls are under way at once; waiting for a turn is no part of a call's time.
    `clock` is in seconds.
    """

    def __init__(self, *, keys: Mapping[str, str], concurrency: int = 16, clock: Callable[[], float] = perf_counter) -> None:
        self._keys = dict(keys)
        self._in_flight = asyncio.Semaphore(concurrency)
        self._clock = clock
        self._dialects = Dialects()
        _warm_up()

    async def complete(self, request: ProviderRequest, *, timeout_s: float) -> Completion:
        """One completion within `timeout_s` seconds.

        A server that refuses a parameter with a 400 is asked again without it, at once, and remembered.

        Raises:
            ProviderError: with a reason and whether another attempt may help.
        """
        whom, where = self._address(request)
        call = _Call(request=request, whom=whom, where=where, timeout_s=timeout_s)
        try:
            async with self._in_flight, asyncio.timeout(timeout_s):
                return await self._dialects.ask((where, request.model), request, lambda parameters: self._send(call, parameters))
        except TimeoutError as exc:
            raise timeout_fault(where, timeout_s, attempts=call.attempts) from exc

    async def close(self) -> None:
        """Close litellm's connections and end its background tasks. Safe to call twice."""
        with suppress(TimeoutError):  # its callbacks are nobody's business here
            async with asyncio.timeout(_CLOSE_SECONDS):
                await GLOBAL_LOGGING_WORKER.flush()
        await GLOBAL_LOGGING_WORKER.stop()
        await close_litellm_async_clients()  # type: ignore[no-untyped-call]
        litellm.in_memory_llm_clients_cache.flush_cache()  # type: ignore[no-untyped-call]
        # Without the flush the next event loop would be given closed clients; with it, clients close in tasks of their own.
        await asyncio.gather(*getattr(AsyncHTTPHandler, "_finalizer_close_tasks", ()), return_exceptions=True)

    def _address(self, request: ProviderRequest) -> tuple[Mapping[str, Any], str]:
        """How litellm is told whom to ask, and how messages name that."""
        model, api_base = request.model, request.api_base
        if not speaks_openai(model, api_base):
            return {"model": model, "api_base": api_base}, f"{model} through litellm"
        target = endpoint(model, api_base=api_base, keys=self._keys)
        whom = {"api_base": target.url, "api_key": target.key or PLACEHOLDER_KEY}
        where = f"{model} at {target.shown}"
        if model.partition("/")[0] in _OWN_NAMES:
            return {**whom, "model": model}, where
        return {**whom, "model": target.model, "custom_llm_provider": "openai"}, where

    async def _send(self, call: _Call, parameters: Mapping[str, Any]) -> Completion:
        messages = [on_the_wire(message) for message in call.request.messages]
        call.attempts += 1
        started = self._clock()
        try:
            response = await litellm.acompletion(
                **call.whom, messages=messages, **parameters, timeout=call.timeout_s, max_retries=0, num_retries=0
            )
            latency_ms = (self._clock() - started) * 1000.0
            return self._completion(call, response, latency_ms)
        except _ITS_ERRORS as exc:
            raise self._fault(call, exc) from exc

    def _completion(self, call: _Call, response: Any, latency_ms: float) -> Completion:
        choice = response.choices[0]
        text = choice.message.content or ""
        if len(text) > MAX_REPLY_BYTES:
            raise not_a_completion(call.where, f"more than {MAX_REPLY_BYTES} bytes", attempts=call.attempts)
        return Completion(
            text=text,
            finish_reason=choice.finish_reason,
            usage=_usage(getattr(response, "usage", None), call.request.model),
            model=response.model or call.request.model,
            latency_ms=latency_ms,
            attempts=call.attempts,
            adapter="litellm",
        )

    def _fault(self, call: _Call, exc: Exception) -> Exception:
        """Our error for one of litellm's. What really happened stands somewhere down the chain of causes."""
        causes = list(_causes(exc))
        if any(isinstance(cause, TimeoutError | httpx.TimeoutException | openai.APITimeoutError) for cause in causes):
            return timeout_fault(call.where, call.timeout_s, attempts=call.attempts)
        answered = next((cause for cause in causes if isinstance(cause, openai.APIStatusError | httpx.HTTPStatusError)), None)
        if answered is not None:
            return self._status_fault(call, answered.response)
        broken = next((cause for cause in causes if isinstance(cause, OSError | httpx.TransportError | openai.APIConnectionError)), None)
        if broken is not None:
            certificate = any(isinstance(cause, ssl.SSLError) for cause in causes)
            return connection_fault(call.where, str(broken), retryable=not certificate, attempts=call.attempts)
        return self._own_fault(call, exc, causes)

    def _status_fault(self, call: _Call, response: httpx.Response) -> Exception:
        complaint = said(_body(response), secrets=self._keys.values())
        fault = status_fault(response.status_code, complaint, where=call.where, headers=response.headers, attempts=call.attempts)
        return ParameterRefused(complaint, fault) if response.status_code in REFUSED_PARAMETER else fault

    def _own_fault(self, call: _Call, exc: Exception, causes: list[BaseException]) -> ProviderError:
        """No server answered with an error: litellm refused to ask, or did not understand a reply."""
        words = _ITS_PREFIX.sub("", str(exc).partition("Traceback")[0])
        if isinstance(exc, AuthenticationError) or _NO_KEY.search(words):
            return ProviderError(f"{call.where}: {one_line(words)}", reason=FallbackReason.AUTH, attempts=0)
        if "LLM Provider NOT provided" in words:
            words = "no provider is known by that name; write it as vendor/name, or give --api-base"
        elif any(isinstance(cause, _NOT_UNDERSTOOD) for cause in causes) or "invalid response from LLM endpoint" in words:
            return not_a_completion(call.where, words, attempts=call.attempts)
        return ProviderError(f"{call.where}: {one_line(words)}", reason=FallbackReason.PROVIDER_ERROR, attempts=0)


def _warm_up() -> None:
    """A mock completion: litellm imports much of itself at the first call, which would cost a decision its first half second."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        litellm.completion(
            model="openai/none", messages=[{"role": "user", "content": ""}], mock_response="none", api_key=PLACEHOLDER_KEY, num_retries=0
        )


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """The exception and what it came from, without litellm's own wrappings."""
    link: BaseException | None = exc
    while link is not None:
        if not type(link).__module__.startswith("litellm"):
            yield link
        link = link.__cause__ or link.__context__


def _body(response: httpx.Response) -> str:
    try:
        return response.text
    except httpx.ResponseNotRead:
        return ""


def _usage(told: Any, model: str) -> Usage | None:
    """What the provider counted; litellm writes zeros for a reply that told nothing."""
    if told is None or not (told.prompt_tokens or told.completion_tokens):
        return None
    details = getattr(told, "prompt_tokens_details", None)
    return priced(
        model,
        prompt_tokens=told.prompt_tokens,
        completion_tokens=told.completion_tokens,
        cached_tokens=getattr(details, "cached_tokens", None) or 0,
    )
