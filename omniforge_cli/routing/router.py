"""The order of things: override, the analyzer that was asked, then its fallbacks; and how long it all took."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

from omniforge_cli.core.decision import RoutingDecision, RoutingRequest
from omniforge_cli.core.errors import IntentAnalysisError
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.routing.analyzer import Analyzer
from omniforge_cli.routing.override import override

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """How routing one message ended.

    `decision` is None when nobody answered; `error` is set when the analyzer that was asked failed, with or without a fallback's answer.
    """

    decision: RoutingDecision | None
    error: IntentAnalysisError | None
    latency_ms: float


class Router:
    """Routes messages: `asked` decides, `fallbacks` stand in for it in their order."""

    def __init__(
        self,
        *,
        taxonomy: Taxonomy,
        asked: Analyzer,
        fallbacks: Sequence[Analyzer] = (),
        ready: Callable[[], Awaitable[None]] | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._taxonomy = taxonomy
        self._asked = asked
        self._fallbacks = tuple(fallbacks)
        self._ready = ready
        self._clock = clock

    async def route(self, request: RoutingRequest) -> RoutingDecision:
        """The decision for one message.

        Raises:
            IntentAnalysisError: the analyzer that was asked failed and there is no fallback.
        """
        routed = await self.attempt(request)
        if routed.decision is None:
            assert routed.error is not None  # a message is decided or it failed
            raise routed.error
        return routed.decision

    async def attempt(self, request: RoutingRequest) -> Routed:
        """The same, with a failure as a value. The clock runs from when imports are done until the answer stands."""
        settled = override(self._taxonomy, request)
        if settled is None and self._ready is not None:
            await self._ready()
        started = self._clock()
        if settled is not None:
            return self._ended(settled, None, started, request)
        try:
            return self._ended(await self._asked.analyze(request), None, started, request)
        except IntentAnalysisError as error:
            return await self._fall_back(error, started, request)

    async def _fall_back(self, error: IntentAnalysisError, started: float, request: RoutingRequest) -> Routed:
        for analyzer in self._fallbacks:
            try:
                decision = await analyzer.analyze(request)
            except IntentAnalysisError:
                continue
            _LOG.warning("fallback", extra={"reason": error.reason.value, "answered_by": decision.source.value})
            told = replace(decision, fallback_reason=error.reason, usage=error.usage, attempts=error.attempts, injected=error.injected)
            return self._ended(told, error, started, request)
        return Routed(decision=None, error=error, latency_ms=self._elapsed_ms(started))

    def _ended(self, decision: RoutingDecision, error: IntentAnalysisError | None, started: float, request: RoutingRequest) -> Routed:
        latency_ms = decision.latency_ms if decision.cached else self._elapsed_ms(started)
        told = replace(decision, latency_ms=latency_ms, conversation_id=request.conversation_id)
        return Routed(decision=told, error=error, latency_ms=latency_ms)

    def _elapsed_ms(self, started: float) -> float:
        return (self._clock() - started) * 1000.0
