"""A small taxonomy and requests for the tests of routing."""

from __future__ import annotations

from typing import Any

from omniforge_cli.core.decision import RoutingDecision, RoutingRequest, Source
from omniforge_cli.core.taxonomy import Label, Taxonomy

DESK = Taxonomy(
    name="desk",
    labels=(
        Label(name="give_refund", phrase="get your money back", keywords=("refund", "money back")),
        Label(name="track_parcel", phrase="know where your parcel is", keywords=("where is", "parcel", "包裹")),
        Label(name="other", keywords=("hello",)),
    ),
    none_of_these="other",
    addressed_to_agent="track_parcel",
    clarification_threshold=0.5,
)


def asked(message: str, **more: Any) -> RoutingRequest:
    return RoutingRequest(message=message, **more)


def decided(action: str = "give_refund", confidence: float = 0.9, source: Source = Source.LOCAL, **more: Any) -> RoutingDecision:
    return RoutingDecision(action_type=action, confidence=confidence, source=source, **more)
