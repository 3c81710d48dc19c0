"""Local first, the LLM only where the local answer is not sure enough."""

from __future__ import annotations

from omniforge_cli.core.decision import RoutingDecision, RoutingRequest
from omniforge_cli.routing.analyzer import Analyzer


class CascadeAnalyzer:
    """Answers with `local` when its calibrated confidence reaches `threshold`, else with `llm`."""

    def __init__(self, *, local: Analyzer, llm: Analyzer, threshold: float) -> None:
        self._local = local
        self._llm = llm
        self._threshold = threshold

    async def analyze(self, request: RoutingRequest) -> RoutingDecision:
        """The local decision, or the LLM's.

        Raises:
            IntentAnalysisError: the LLM was needed and failed.
        """
        decision = await self._local.analyze(request)
        if decision.confidence >= self._threshold:
            return decision
        return await self._llm.analyze(request)
