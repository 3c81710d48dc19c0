"""The one thing that every analyzer does."""

from __future__ import annotations

from typing import Protocol

from omniforge_cli.core.decision import RoutingDecision, RoutingRequest
from omniforge_cli.core.taxonomy import Taxonomy


class Analyzer(Protocol):
    """Decides what a message wants."""

    async def analyze(self, request: RoutingRequest) -> RoutingDecision:
        """The decision for one message.

        Raises:
            IntentAnalysisError: no decision; its `reason` says why.
        """
        ...


def clarifying_question(taxonomy: Taxonomy, action: str, alternative: str | None) -> str:
    """What to ask back when a decision is unsure: between two labels, or openly when only "none of these" is left."""
    named = [name for name in (action, alternative) if name is not None and name != taxonomy.none_of_these]
    if len(named) < 2:
        return taxonomy.clarification_open
    first, second = (taxonomy.label(name).spoken for name in named)
    return taxonomy.clarification.format(first=first, second=second)
