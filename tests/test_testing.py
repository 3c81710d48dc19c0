from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest

from omniforge_cli.core.decision import FallbackReason, RoutingDecision, RoutingRequest, Source
from omniforge_cli.core.errors import ProviderError
from omniforge_cli.routing.provider import ChatMessage, Completion, ProviderRequest
from omniforge_cli.testing import FakeProvider, FrozenClock, ScriptedAnalyzer, reply

REQUEST = ProviderRequest(model="m", messages=(ChatMessage(role="user", content="hi"),))


async def test_a_fake_provider_answers_in_turn_and_the_last_for_ever() -> None:
    whole = Completion(text="whole", cached=True)
    provider = FakeProvider(["first", whole, ProviderError("x", reason=FallbackReason.TIMEOUT)])
    assert (await provider.complete(REQUEST, timeout_s=1)).text == "first"
    assert await provider.complete(REQUEST, timeout_s=2) is whole
    for _ in range(2):
        with pytest.raises(ProviderError):
            await provider.complete(REQUEST, timeout_s=3)
    assert (len(provider.requests), provider.timeouts) == (4, [1, 2, 3, 3])


async def test_a_fake_provider_answers_by_the_request_and_counts_what_is_under_way() -> None:
    provider = FakeProvider(lambda request: request.model, delay_s=0.001)
    texts = await asyncio.gather(*(provider.complete(REQUEST, timeout_s=1) for _ in range(3)))
    assert [completion.text for completion in texts] == ["m"] * 3
    assert (provider.in_flight, provider.max_in_flight) == (0, 3)


def test_a_reply_is_one_json_object() -> None:
    assert json.loads(reply("any", reasoning="é")) == {"action_type": "any", "confidence": 0.9, "reasoning": "é"}


async def test_a_scripted_analyzer_replays() -> None:
    decision = RoutingDecision(action_type="any", confidence=1.0, source=Source.LLM)
    analyzer = ScriptedAnalyzer([decision, ProviderError("x", reason=FallbackReason.AUTH)])
    assert await analyzer.analyze(RoutingRequest(message="a")) is decision
    with pytest.raises(ProviderError):
        await analyzer.analyze(RoutingRequest(message="b"))
    assert [request.message for request in analyzer.requests] == ["a", "b"]


async def test_a_frozen_clock_moves_only_when_told() -> None:
    clock = FrozenClock()
    assert (clock(), clock.now()) == (0.0, datetime(2026, 1, 1, tzinfo=UTC))
    clock.advance(60)
    await clock.sleep(1.5)
    assert (clock(), clock.now().minute, clock.slept) == (61.5, 1, [1.5])
