"""Routes without a network: the trained classifier, what the conversation adds, and the entities named."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

from omniforge_cli.core.decision import RoutingDecision, RoutingRequest, Source
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.routing.analyzer import clarifying_question
from omniforge_cli.routing.classifier import Classifier
from omniforge_cli.routing.entities import extract
from omniforge_cli.routing.followup import FollowupModel, combine
from omniforge_cli.routing.phrases import Phrases
from omniforge_cli.routing.situation import read_situation

_REMEMBERED: Final = 1_024
"""Messages without history whose decision is kept."""
_SHORT: Final = 300
"""Characters of a message that is likely to be said again in the same words."""


class LocalAnalyzer:
    """Decides in well under a millisecond; its confidence is the calibrated probability of the label."""

    def __init__(self, classifier: Classifier, taxonomy: Taxonomy, *, phrases: Phrases, followup: FollowupModel) -> None:
        self._classifier = classifier
        self._taxonomy = taxonomy
        self._phrases = phrases
        self._followup = followup
        self._decide_alone = lru_cache(_REMEMBERED)(lambda message: self._decide(RoutingRequest(message=message)))

    async def analyze(self, request: RoutingRequest) -> RoutingDecision:
        """The decision for one message; it never fails."""
        return self.decide(request)

    def decide(self, request: RoutingRequest) -> RoutingDecision:
        """The same without an event loop, for batches. What is said again and again alone ("thanks!") is decided once."""
        if request.history or request.agents or len(request.message) > _SHORT:
            return self._decide(request)
        known = self._decide_alone(request.message)
        return replace(known, entities={name: list(told) if isinstance(told, list) else told for name, told in known.entities.items()})

    def _decide(self, request: RoutingRequest) -> RoutingDecision:
        situation = read_situation(request, self._phrases)
        combined = combine(request, situation, scorer=self._classifier, taxonomy=self._taxonomy, model=self._followup)
        probabilities, labels = combined.probabilities, self._classifier.labels
        confidence = max(probabilities)
        best = probabilities.index(confidence)
        others = [*probabilities[:best], -1.0, *probabilities[best + 1 :]]
        action, alternative = labels[best], labels[others.index(max(others))] if len(labels) > 1 else None
        ambiguous = confidence < self._taxonomy.clarification_threshold or (
            action == self._taxonomy.none_of_these and self._classifier.asks_on_none
        )
        found = extract(request, situation, phrases=self._phrases)
        return RoutingDecision(
            action_type=action,
            confidence=confidence,
            source=Source.LOCAL,
            target_agent_id=found.target_agent_id,
            entities=found.entities,
            reasoning=combined.reason or self._reasoning(request, action),
            is_ambiguous=ambiguous,
            alternative_action=alternative,
            clarifying_question=clarifying_question(self._taxonomy, action, alternative) if ambiguous else None,
        )

    def _reasoning(self, request: RoutingRequest, action: str) -> str:
        names = [name for agent in request.agents for name in (agent.id, agent.name)]
        told = self._classifier.evidence(request.message, action, names)
        if not told:
            return "the wording as a whole is nearest to this action type"
        return f"the wording points there, most of all {', '.join(repr(words) for words in told)}"
