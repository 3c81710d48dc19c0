"""The analyzer that asks a model: render, one completion, parse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from omniforge_cli.core.decision import RoutingDecision, RoutingRequest, Source
from omniforge_cli.core.errors import ReplyParseError
from omniforge_cli.core.prompt import PromptVersion
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.routing.analyzer import clarifying_question
from omniforge_cli.routing.parse import parse_reply
from omniforge_cli.routing.provider import Completion, Provider, ProviderRequest
from omniforge_cli.routing.renderer import Renderer


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMOptions:
    """How the model is asked: its name, where, for how many seconds at most, and with which seed."""

    model: str
    timeout_s: float = 5.0
    api_base: str | None = None
    seed: int | None = None


def reply_schema(taxonomy: Taxonomy) -> dict[str, Any]:
    """The JSON schema of a reply: `action_type` is one of the taxonomy's labels; everything but it may be left out."""
    label = {"type": "string", "enum": list(taxonomy.names)}
    return {
        "type": "object",
        "properties": {
            "action_type": label,
            "confidence": {"type": "number"},
            "target_agent_id": {"type": ["string", "null"]},
            "entities": {"type": "object"},
            "is_ambiguous": {"type": "boolean"},
            "alternative_action": {"anyOf": [label, {"type": "null"}]},
            "clarifying_question": {"type": ["string", "null"]},
            "reasoning": {"type": "string"},
        },
        "required": ["action_type"],
    }


class LLMIntentAnalyzer:
    """Routes through a chat-completions provider with one prompt version."""

    def __init__(self, *, provider: Provider, renderer: Renderer, prompt: PromptVersion, taxonomy: Taxonomy, options: LLMOptions) -> None:
        self._provider = provider
        self._renderer = renderer
        self._prompt = prompt
        self._taxonomy = taxonomy
        self._options = options
        self._schema: Mapping[str, Any] | None = reply_schema(taxonomy) if prompt.params.response_format == "json_schema" else None

    def request(self, request: RoutingRequest) -> ProviderRequest:
        """What would be sent for this message (also for estimates, without sending it)."""
        params = self._prompt.params
        return ProviderRequest(
            model=self._options.model,
            messages=self._renderer.render(self._prompt, self._taxonomy, request),
            response_format=params.response_format,
            schema=self._schema,
            temperature=params.temperature,
            max_tokens=params.max_tokens,
            seed=self._options.seed,
            repeat=request.repeat,
            api_base=self._options.api_base,
            tenant_id=request.tenant_id,
        )

    async def analyze(self, request: RoutingRequest) -> RoutingDecision:
        """The model's decision.

        Raises:
            ProviderError: the call failed.
            ReplyParseError: its reply is no decision.
        """
        completion = await self._provider.complete(self.request(request), timeout_s=self._options.timeout_s)
        try:
            return self._decision(completion, request)
        except ReplyParseError as error:
            error.attempts = completion.attempts
            error.injected = completion.injected
            raise

    def _decision(self, completion: Completion, request: RoutingRequest) -> RoutingDecision:
        taxonomy = self._taxonomy
        parsed = parse_reply(
            completion.text,
            taxonomy=taxonomy,
            agents=request.agents,
            finish_reason=completion.finish_reason,
            usage=completion.usage,
        )
        decision = RoutingDecision(
            action_type=parsed.action_type,
            confidence=parsed.confidence,
            source=Source.LLM,
            target_agent_id=parsed.target_agent_id,
            entities=parsed.entities,
            reasoning=parsed.reasoning,
            alternative_action=parsed.alternative_action,
            model=self._options.model,
            prompt=self._prompt.ref,
            usage=completion.usage,
            cached=completion.cached,
            attempts=completion.attempts,
            injected=completion.injected,
            latency_ms=completion.latency_ms,
        )
        if not (parsed.is_ambiguous or parsed.confidence < taxonomy.clarification_threshold):
            return decision
        question = parsed.clarifying_question or clarifying_question(taxonomy, parsed.action_type, parsed.alternative_action)
        return replace(decision, is_ambiguous=True, clarifying_question=question)
