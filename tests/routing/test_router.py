from __future__ import annotations

import logging

import pytest

from omniforge_cli.core.decision import FallbackReason, RoutingDecision, RoutingRequest, Source, Usage
from omniforge_cli.core.errors import IntentAnalysisError, ProviderError, ReplyParseError
from omniforge_cli.routing.router import Router
from omniforge_cli.testing import FrozenClock, ScriptedAnalyzer
from tests.routing.making import DESK, asked, decided

SPENT = Usage(prompt_tokens=7, completion_tokens=3, cost_usd=0.01)
DOWN = ProviderError("the provider is down", reason=FallbackReason.CONNECTION, attempts=3, usage=SPENT)


class Slow:
    """An analyzer that takes its time on a clock that stands still otherwise."""

    def __init__(self, clock: FrozenClock, outcome: RoutingDecision | IntentAnalysisError, seconds: float) -> None:
        self._clock, self._outcome, self._seconds = clock, outcome, seconds

    async def analyze(self, request: RoutingRequest) -> RoutingDecision:
        self._clock.advance(self._seconds)
        if isinstance(self._outcome, IntentAnalysisError):
            raise self._outcome
        return self._outcome


async def test_the_analyzer_that_was_asked_decides():
    router = Router(taxonomy=DESK, asked=ScriptedAnalyzer([decided()]), fallbacks=[ScriptedAnalyzer([DOWN])])
    decision = await router.route(asked("money back", conversation_id="c-1"))
    assert (decision.action_type, decision.fallback_reason, decision.conversation_id) == ("give_refund", None, "c-1")


async def test_an_override_is_decided_before_anything_is_asked_or_loaded():
    async def ready() -> None:
        raise AssertionError("nothing is to be loaded")

    analyzer = ScriptedAnalyzer([decided()])
    router = Router(taxonomy=DESK, asked=analyzer, ready=ready)
    assert (await router.route(asked("@otter go"))).source is Source.OVERRIDE
    assert (await router.route(asked(" "))).action_type == "other"
    assert analyzer.requests == []


async def test_the_first_fallback_that_answers_stands_in_and_says_why(caplog: pytest.LogCaptureFixture):
    broken = ScriptedAnalyzer([ReplyParseError("no", reason=FallbackReason.BAD_OUTPUT)])
    router = Router(
        taxonomy=DESK, asked=ScriptedAnalyzer([DOWN]), fallbacks=[broken, ScriptedAnalyzer([decided()]), ScriptedAnalyzer([DOWN])]
    )
    with caplog.at_level(logging.WARNING):
        routed = await router.attempt(asked("money back"))
    assert routed.decision is not None
    assert (routed.decision.source, routed.decision.fallback_reason) == (Source.LOCAL, FallbackReason.CONNECTION)
    assert (routed.decision.usage, routed.decision.attempts) == (SPENT, 3)
    assert routed.error is DOWN
    (record,) = caplog.records
    assert (record.message, record.reason, record.answered_by) == ("fallback", "connection", "local")  # type: ignore[attr-defined]


async def test_the_log_never_holds_the_message(caplog: pytest.LogCaptureFixture):
    router = Router(taxonomy=DESK, asked=ScriptedAnalyzer([DOWN]), fallbacks=[ScriptedAnalyzer([decided()])])
    with caplog.at_level(logging.INFO):
        await router.route(asked("my secret parcel"))
    assert "secret" not in repr([record.__dict__ for record in caplog.records])


@pytest.mark.parametrize("fallbacks", [[], [ScriptedAnalyzer([ReplyParseError("no", reason=FallbackReason.BAD_OUTPUT)])]])
async def test_where_nobody_answers_the_error_is_that_of_the_one_who_was_asked(fallbacks: list[ScriptedAnalyzer]):
    router = Router(taxonomy=DESK, asked=ScriptedAnalyzer([DOWN]), fallbacks=fallbacks)
    routed = await router.attempt(asked("money back"))
    assert (routed.decision, routed.error) == (None, DOWN)
    with pytest.raises(ProviderError, match="the provider is down"):
        await router.route(asked("money back"))


async def test_the_latency_is_that_of_the_whole_decision_with_its_fallback():
    clock = FrozenClock()
    router = Router(taxonomy=DESK, asked=Slow(clock, DOWN, 0.4), fallbacks=[Slow(clock, decided(), 0.1)], clock=clock)
    routed = await router.attempt(asked("money back"))
    assert routed.decision is not None
    assert routed.latency_ms == routed.decision.latency_ms == pytest.approx(500)
    alone = await Router(taxonomy=DESK, asked=Slow(clock, DOWN, 0.4), clock=clock).attempt(asked("money back"))
    assert alone.latency_ms == pytest.approx(400)


async def test_the_clock_starts_once_imports_are_done():
    clock = FrozenClock()

    async def ready() -> None:
        clock.advance(3)

    router = Router(taxonomy=DESK, asked=Slow(clock, decided(), 0.2), ready=ready, clock=clock)
    assert (await router.route(asked("money back"))).latency_ms == pytest.approx(200)


async def test_a_recorded_answer_keeps_the_latency_that_it_first_had():
    clock = FrozenClock()
    router = Router(taxonomy=DESK, asked=Slow(clock, decided(cached=True, latency_ms=812.0), 0.001), clock=clock)
    assert (await router.route(asked("money back"))).latency_ms == 812.0


async def test_a_bug_in_an_analyzer_is_no_fallback():
    class Broken:
        async def analyze(self, request: RoutingRequest) -> RoutingDecision:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Router(taxonomy=DESK, asked=Broken(), fallbacks=[ScriptedAnalyzer([decided()])]).route(asked("money back"))
