"""What the LLM analyzer asks of a provider of chat completions: a frozen request, a reply, one method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from omniforge_cli.core.decision import Usage
from omniforge_cli.core.identity import content_hash
from omniforge_cli.core.prompt import ResponseFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """One rendered message on the wire."""

    role: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRequest:
    """Everything that can change an answer, and no secret. `schema` is the JSON schema of the reply."""

    model: str
    messages: tuple[ChatMessage, ...]
    response_format: ResponseFormat = "json_schema"
    schema: Mapping[str, Any] | None = None
    temperature: float | None = 0.0
    max_tokens: int | None = 300
    seed: int | None = None
    repeat: int = 0
    api_base: str | None = None
    tenant_id: str = "default-tenant"

    @property
    def key(self) -> str:
        """Identity of a recorded answer: a hash of every field but the tenant, who is a column of its own."""
        return content_hash(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without the tenant."""
        return {
            "model": self.model,
            "messages": [[message.role, message.content] for message in self.messages],
            "response_format": self.response_format,
            "schema": self.schema,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            "repeat": self.repeat,
            "api_base": self.api_base,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A provider's reply. `usage` and `attempts` cover every request sent for it, failed ones included.

    `latency_ms` is of the call that gave `text`; a `cached` one keeps the latency it first had and made no call.
    """

    text: str
    finish_reason: str | None = None
    usage: Usage | None = None
    model: str | None = None
    latency_ms: float = 0.0
    attempts: int = 1
    cached: bool = False
    adapter: str | None = None
    injected: str | None = None

    def with_earlier(self, usage: Usage | None, attempts: int) -> Completion:
        """The same reply, with what failed attempts before it cost added."""
        total = self.usage if usage is None else usage if self.usage is None else usage + self.usage
        return replace(self, usage=total, attempts=self.attempts + attempts)


class Provider(Protocol):
    """Gives completions. Wrappers (retry, recorded answers, injected faults, budgets) are Providers too."""

    async def complete(self, request: ProviderRequest, *, timeout_s: float) -> Completion:
        """One completion within `timeout_s` seconds.

        Raises:
            ProviderError: with a reason and whether another attempt may help. Nothing else, but cancellation.
        """
        ...

    async def close(self) -> None:
        """Release connections. Safe to call twice."""
        ...
