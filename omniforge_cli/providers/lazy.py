"""A provider whose adapter takes seconds to import: loaded in a thread, once, when it is first needed."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.core.errors import ProviderError
from omniforge_cli.routing.provider import Completion, Provider, ProviderRequest


class LazyProvider:
    """Loads the real provider with `load`, off the event loop.

    Callers await `ready()` before the clock of a decision starts; `complete()` loads too when they did not.
    """

    def __init__(self, load: Callable[[], Provider]) -> None:
        self._load = load
        self._loading: asyncio.Task[Provider] | None = None
        self._loaded: Provider | None = None

    async def ready(self) -> None:
        """Wait until the provider is loaded. A load that failed is told by the calls: then a fallback may answer."""
        if self._loaded is not None:
            return
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(asyncio.to_thread(_without_collector, self._load))
        await self._settled(self._loading)

    async def complete(self, request: ProviderRequest, *, timeout_s: float) -> Completion:
        """One completion of the loaded provider.

        Raises:
            ProviderError: also when the adapter cannot be imported (no attempt is made then).
        """
        await self.ready()
        if self._loaded is None:
            raise ProviderError(
                f"the adapter for {request.model} cannot be loaded ({self._failure()}); is everything installed?",
                reason=FallbackReason.PROVIDER_ERROR,
                attempts=0,
            )
        return await self._loaded.complete(request, timeout_s=timeout_s)

    async def close(self) -> None:
        """Release the provider, if there is one; a load under way is waited for, as a thread cannot be stopped."""
        if self._loading is not None:
            await self._settled(self._loading)
        if self._loaded is not None:
            await self._loaded.close()

    async def _settled(self, loading: asyncio.Task[Provider]) -> None:
        if not loading.done():  # it may be another event loop's, long closed
            await asyncio.wait([loading])  # unlike awaiting the task, a caller who gives up does not take it along
        if not loading.cancelled() and loading.exception() is None:
            self._loaded = loading.result()

    def _failure(self) -> str:
        error = self._loading.exception() if self._loading is not None and not self._loading.cancelled() else None
        return " ".join(f"{type(error).__name__}: {error}".split())


def _without_collector(load: Callable[[], Provider]) -> Provider:
    """Load with the garbage collector off, and keep it from what was loaded.

    Measured on litellm: a third of its import is collecting what nobody has dropped, and the first collection after it stops the
    event loop for 0.3 s.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        loaded = load()
        gc.freeze()
        return loaded
    finally:
        if collecting:
            gc.enable()
