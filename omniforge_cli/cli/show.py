"""Decisions as text for a person, and the hints that go with them on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omniforge_cli.cli.diagnostics import say
from omniforge_cli.core.decision import RoutingDecision
from omniforge_cli.core.settings import Settings

if TYPE_CHECKING:
    from omniforge_cli.api.router import IntentRouter


def decision_text(decision: RoutingDecision) -> str:
    """A few aligned lines: the action first, then what is known about it."""
    by = decision.model or decision.source.value
    rows = [("agent", decision.target_agent_id)]
    rows += [
        (key.replace("_", " "), ", ".join(map(str, value)) if isinstance(value, list) else str(value))
        for key, value in decision.entities.items()
    ]
    rows += [
        ("because", decision.reasoning),
        ("or else", decision.alternative_action if decision.is_ambiguous else None),
        ("ask", decision.clarifying_question),
    ]
    width = max((len(name) for name, value in rows if value), default=0)
    lines = [f"{decision.action_type}  {decision.confidence:.0%} sure, by {by}, {decision.latency_ms:.1f} ms"]
    lines += [f"  {name:<{width}}  {' '.join(value.split())}" for name, value in rows if value]
    return "\n".join(lines) + "\n"


def tell_analyzer(router: IntentRouter, settings: Settings) -> None:
    """Say which analyzer `auto` chose and why, once."""
    if settings.analyzer == "auto" and settings.verbosity >= 0:
        say(f"omniforge: {router.choice}")


def tell_fallback(decision: RoutingDecision, settings: Settings) -> None:
    """Say that another analyzer than the LLM answered, and how to get the LLM's answer."""
    if decision.fallback_reason is None or settings.verbosity < 0:
        return
    mend = {
        "auth": "set the provider's key (OPENAI_API_KEY …) or --api-base",
        "timeout": "try a longer --timeout",
        "rate_limited": "try again later",
        "connection": "check the network and --api-base",
    }.get(decision.fallback_reason.value, "try again, or look with -v")
    say(f"omniforge: the LLM did not answer ({decision.fallback_reason.value}); {decision.source.value} did. {mend[0].upper()}{mend[1:]}.")
