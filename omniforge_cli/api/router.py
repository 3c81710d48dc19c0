"""Routing with defaults filled in: the library's main entry."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.decision import RoutingDecision, RoutingRequest
from omniforge_cli.core.run import Analyzer
from omniforge_cli.core.settings import Settings
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.files.settings import read_settings
from omniforge_cli.routing.router import Router
from omniforge_cli.wiring import routing as wiring
from omniforge_cli.wiring.conversations import context_limits
from omniforge_cli.wiring.running import run

_LOG: Final = logging.getLogger(__name__)


class IntentRouter:
    """Routes messages with the effective settings; keywords (`model`, `analyzer`, `taxonomy` …) stand over them like flags.

    With neither a model nor a database configured it works offline: `await IntentRouter().route("pause the invoice bot")`.
    `agents` and `history` are values, or the path of a JSON or YAML file. `no_fallback` raises instead of answering offline. `router` is
    what routes whole requests (for `ChatService`), `choice` says which analyzer decides and why.
    """

    def __init__(
        self,
        *,
        settings: Settings | None = None,
        agents: Sequence[Agent] | str | None = None,
        history: Sequence[Message] | str | None = None,
        no_fallback: bool = False,
        **overrides: Any,
    ) -> None:
        self._settings = settings or read_settings(overrides)
        self.agents = wiring.read_agents(agents) if isinstance(agents, str) else tuple(agents or ())
        self._history = wiring.read_history(history) if isinstance(history, str) else tuple(history or ())
        self._limits = context_limits(self._settings, _LOG.warning)
        self._loaded = wiring.load_taxonomy(self._settings.taxonomy)
        chosen = wiring.choose_analyzer(self._settings)
        self.choice = chosen.why
        self.is_offline = chosen.analyzer in (Analyzer.LOCAL, Analyzer.KEYWORD)
        self._connection: wiring.Connection | None = None
        self.router = self._build(chosen.analyzer, no_fallback)

    @property
    def taxonomy(self) -> Taxonomy:
        """The labels that messages are routed to."""
        return self._loaded.taxonomy

    async def route(
        self,
        message: str,
        *,
        history: Sequence[Message] | None = None,
        agents: Sequence[Agent] | None = None,
        conversation_id: str | None = None,
    ) -> RoutingDecision:
        """The decision for one message. `history` and `agents` stand in for the router's own.

        Raises:
            IntentAnalysisError: `no_fallback` is set and the LLM gave no decision.
        """
        request = RoutingRequest(
            message=message,
            history=self._limits.assemble(self._history if history is None else tuple(history)),
            agents=tuple(self.agents if agents is None else agents),
            tenant_id=self._settings.tenant,
            conversation_id=conversation_id,
        )
        return await self.router.route(request)

    def route_sync(self, message: str, **keywords: Any) -> RoutingDecision:
        """`route` for code without an event loop."""

        async def once() -> RoutingDecision:
            try:
                return await self.route(message, **keywords)
            finally:
                await self.close()

        return run(once(), is_offline=self.is_offline)

    async def warm_up(self) -> None:
        """Open a connection to the model's server before the first message; asks it nothing, and never fails."""
        if self._connection is not None and self._connection.warm_up is not None:
            await self._connection.warm_up()

    async def close(self) -> None:
        """Release the provider's connections. The router can be used again."""
        if self._connection is not None:
            await self._connection.provider.close()

    def _build(self, analyzer: Analyzer, no_fallback: bool) -> Router:
        spec = wiring.RouterSpec(settings=self._settings, loaded=self._loaded, analyzer=analyzer, no_fallback=no_fallback)
        return wiring.build_router(spec if self.is_offline else self._with_llm(spec))

    def _with_llm(self, spec: wiring.RouterSpec) -> wiring.RouterSpec:
        calls = wiring.Calls()
        model = self._settings.model or wiring.DEFAULT_MODEL
        self._connection = wiring.adapter(self._settings, model, calls)
        return wiring.with_llm(spec, model=model, connection=self._connection, calls=calls)
