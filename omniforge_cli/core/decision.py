"""The routing decision and what it is made from: values only, no rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from omniforge_cli.core.conversation import Agent, Message

DECISION_SCHEMA_VERSION: Final = 1


class Source(StrEnum):
    """Which analyzer's answer a decision is."""

    OVERRIDE = "override"
    LLM = "llm"
    LOCAL = "local"
    KEYWORD = "keyword"


class FallbackReason(StrEnum):
    """Why the LLM's answer was not used."""

    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    PROVIDER_ERROR = "provider_error"
    CONNECTION = "connection"
    AUTH = "auth"
    BAD_OUTPUT = "bad_output"
    EMPTY_OUTPUT = "empty_output"


OUTAGE_REASONS: Final = frozenset(
    {
        FallbackReason.TIMEOUT,
        FallbackReason.RATE_LIMITED,
        FallbackReason.PROVIDER_ERROR,
        FallbackReason.CONNECTION,
        FallbackReason.AUTH,
    }
)
"""Reasons that say nothing about the prompt: the provider was not there. The other two are wrong answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens and USD of one or more calls; `cost_usd` is None when a price is not known."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None

    def __add__(self, other: Usage) -> Usage:
        """Sum; an unknown price makes the sum's price unknown."""
        known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cost_usd=(self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRequest:
    """One message to route, with what is known around it. `repeat` numbers attempts at the same case."""

    message: str
    history: tuple[Message, ...] = ()
    agents: tuple[Agent, ...] = ()
    tenant_id: str = "default-tenant"
    conversation_id: str | None = None
    repeat: int = 0

    @property
    def skills(self) -> tuple[str, ...]:
        """The skills known to the platform: the union of the agents' skills, in first-seen order."""
        return tuple(dict.fromkeys(skill for agent in self.agents for skill in agent.skills))


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingDecision:
    """What the user wants, how sure that is, and how it was found (contract, section 2)."""

    action_type: str
    confidence: float
    source: Source
    target_agent_id: str | None = None
    entities: Mapping[str, Any] = field(default_factory=dict)
    reasoning: str = ""
    is_ambiguous: bool = False
    alternative_action: str | None = None
    clarifying_question: str | None = None
    fallback_reason: FallbackReason | None = None
    model: str | None = None
    prompt: str | None = None
    conversation_id: str | None = None
    latency_ms: float = 0.0
    usage: Usage | None = None
    cached: bool = False
    attempts: int = 0
    injected: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The contract's JSON object: plain values in the contract's order."""
        usage = self.usage
        return {
            "schema_version": DECISION_SCHEMA_VERSION,
            "action_type": self.action_type,
            "confidence": self.confidence,
            "target_agent_id": self.target_agent_id,
            "entities": dict(self.entities),
            "reasoning": self.reasoning,
            "is_ambiguous": self.is_ambiguous,
            "alternative_action": self.alternative_action,
            "clarifying_question": self.clarifying_question,
            "source": self.source.value,
            "fallback_reason": self.fallback_reason.value if self.fallback_reason else None,
            "model": self.model,
            "prompt": self.prompt,
            "conversation_id": self.conversation_id,
            "latency_ms": round(self.latency_ms, 3),
            "usage": None
            if usage is None
            else {
                "prompt_tokens": usage.prompt_tokens,
                "completion_tokens": usage.completion_tokens,
                "cost_usd": usage.cost_usd,
            },
        }
