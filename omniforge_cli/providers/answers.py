"""Answers that were given before: the outermost wrapper, so that nothing below it is asked twice for the same thing."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from omniforge_cli.routing.provider import Completion, Provider, ProviderRequest


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
    """Serves stored answers, and stores the new ones."""

    def __init__(self, inner: Provider, *, store: AnswerStore, mode: CacheMode = CacheMode.CACHE) -> None:
        self._inner = inner
        self._store = store
        self._mode = mode

    async def complete(self, request: ProviderRequest, *, timeout_s: float) -> Completion:
        """The stored answer, or the inner provider's.

        Raises:
            ProviderError: there is none stored and the call failed; failures are never stored.
        """
        if self._mode is CacheMode.CACHE:
            stored = await self._store.get(request.key, tenant_id=request.tenant_id)
            if stored is not None:
                return stored
        completion = await self._inner.complete(request, timeout_s=timeout_s)
        await self._store.put(request.key, request, completion, tenant_id=request.tenant_id)
        return completion

    async def close(self) -> None:
        """Release the inner provider."""
        await self._inner.close()
