"""Answers that were given before: the outermost wrapper, so that nothing below it is asked twice for the same thing."""

from __future__ import annotations

import logging
from dataclasses import replace
from enum import StrEnum
from typing import Final, Protocol

from omniforge_cli.core.errors import StorageError
from omniforge_cli.routing.provider import Completion, Provider, ProviderRequest

_LOG: Final = logging.getLogger(__name__)


class AnswerStore(Protocol):
    """Keeps completions under the request's key, each tenant's apart."""

    async def get(self, key: str, *, tenant_id: str) -> Completion | None:
        """The stored answer with the latency it first had, or None."""
        ...

    async def put(self, key: str, request: ProviderRequest, completion: Completion, *, tenant_id: str) -> None:
        """Store an answer; one that is there already is replaced."""
        ...


class CacheMode(StrEnum):
    """What a stored answer is good for: `cache` uses it, `refresh` asks again and replaces it."""

    CACHE = "cache"
    REFRESH = "refresh"


class RecordedAnswers:
    """Serves stored answers, and stores the new ones. A store that cannot be used warns once, and every answer is asked for."""

    def __init__(self, inner: Provider, *, store: AnswerStore, mode: CacheMode = CacheMode.CACHE) -> None:
        self._inner = inner
        self._store = store
        self._mode = mode
        self._usable = True

    async def complete(self, request: ProviderRequest, *, timeout_s: float) -> Completion:
        """The stored answer, with the latency it first had and no attempts; or the inner provider's.

        Raises:
            ProviderError: there is none stored and the call failed; failures are never stored.
        """
        if self._mode is CacheMode.CACHE and (stored := await self._get(request)) is not None:
            return replace(stored, cached=True, attempts=0)
        completion = await self._inner.complete(request, timeout_s=timeout_s)
        if completion.injected is None:  # a fault of our own making is nobody's answer
            await self._put(request, completion)
        return completion

    async def close(self) -> None:
        """Release the inner provider."""
        await self._inner.close()

    async def _get(self, request: ProviderRequest) -> Completion | None:
        if not self._usable:
            return None
        try:
            return await self._store.get(request.key, tenant_id=request.tenant_id)
        except StorageError as exc:
            self._give_up(exc)
            return None

    async def _put(self, request: ProviderRequest, completion: Completion) -> None:
        if not self._usable:
            return
        try:
            await self._store.put(request.key, request, completion, tenant_id=request.tenant_id)
        except StorageError as exc:
            self._give_up(exc)

    def _give_up(self, exc: StorageError) -> None:
        if self._usable:
            self._usable = False
            _LOG.warning("answers are not kept from here on: %s", exc)
