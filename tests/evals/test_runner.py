from __future__ import annotations

import asyncio

import pytest

from omniforge_cli.core.decision import RoutingDecision, RoutingRequest, Source
from omniforge_cli.core.errors import PromptError
from omniforge_cli.core.run import Sample
from omniforge_cli.evals.runner import run_samples
from omniforge_cli.routing.router import Router
from tests.evals.making import TAXONOMY, Answering, plan


async def collected(router: Router, n: int = 6, workers: int = 3) -> list[Sample]:
    return [one async for one in run_samples(plan(n).attempts(), routers=[router], workers=workers, tenant_id="t")]


async def test_every_attempt_gives_one_sample() -> None:
    samples = await collected(Router(taxonomy=TAXONOMY, asked=Answering("a")))
    assert sorted(one.case_id for one in samples) == [f"c{number}" for number in range(6)]
    assert sum(one.correct for one in samples) == 3


async def test_a_failed_call_is_a_sample_with_its_reason() -> None:
    samples = await collected(Router(taxonomy=TAXONOMY, asked=Answering(failing=frozenset({"message 1"}))))
    failed = [one for one in samples if one.errored]
    assert [(one.case_id, one.error and one.error.reason.value, one.calls) for one in failed] == [("c1", "timeout", 1)]


async def test_a_fallback_answer_keeps_why_the_asked_one_failed() -> None:
    router = Router(taxonomy=TAXONOMY, asked=Answering(failing=frozenset({"message 1"})), fallbacks=[Answering("b")])
    fallen = [one for one in await collected(router) if one.fell_back]
    assert [(one.case_id, one.predicted, one.correct, one.asked_correct) for one in fallen] == [("c1", "b", True, False)]


async def test_a_bug_in_one_case_does_not_end_the_run_of_the_others() -> None:
    samples = await collected(Router(taxonomy=TAXONOMY, asked=Answering(broken=frozenset({"message 2"}))))
    assert len(samples) == 6
    assert [one.case_id for one in samples if one.errored] == ["c2"]


async def test_what_no_attempt_would_survive_ends_the_run() -> None:
    class Unrenderable:
        async def analyze(self, request: RoutingRequest) -> RoutingDecision:
            raise PromptError("the template is broken")

    with pytest.raises(PromptError):
        await collected(Router(taxonomy=TAXONOMY, asked=Unrenderable()))


async def test_no_more_attempts_are_under_way_than_there_are_workers() -> None:
    class Counting:
        now = most = 0

        async def analyze(self, request: RoutingRequest) -> RoutingDecision:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0)
            self.now -= 1
            return RoutingDecision(action_type="a", confidence=1.0, source=Source.LLM)

    analyzer = Counting()
    await collected(Router(taxonomy=TAXONOMY, asked=analyzer), n=20, workers=4)
    assert analyzer.most == 4


async def test_a_run_that_is_left_early_cancels_what_is_under_way() -> None:
    started = asyncio.Event()
    cancelled: list[bool] = []

    class Hanging:
        async def analyze(self, request: RoutingRequest) -> RoutingDecision:
            if request.message == "message 0":
                return RoutingDecision(action_type="a", confidence=1.0, source=Source.LLM)
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.append(True)
            raise AssertionError

    samples = run_samples(plan(3).attempts(), routers=[Router(taxonomy=TAXONOMY, asked=Hanging())], workers=2, tenant_id="t")
    await anext(samples)
    await started.wait()
    await samples.aclose()
    assert cancelled


async def test_when_one_attempt_ends_the_run_those_under_way_still_finish() -> None:
    release = asyncio.Event()

    class Limited:
        async def analyze(self, request: RoutingRequest) -> RoutingDecision:
            if request.message == "message 1":
                release.set()
                raise PromptError("stop")
            await release.wait()
            return RoutingDecision(action_type="a", confidence=1.0, source=Source.LLM)

    samples: list[Sample] = []
    with pytest.raises(PromptError):
        async for one in run_samples(plan(50).attempts(), routers=[Router(taxonomy=TAXONOMY, asked=Limited())], workers=2, tenant_id="t"):
            samples.append(one)
    assert [one.case_id for one in samples] == ["c0"]


async def test_the_first_requests_leave_before_the_last_are_made() -> None:
    class Connecting(Answering):
        made = made_when_the_first_left = 0

        async def analyze(self, request: RoutingRequest) -> RoutingDecision:
            self.made += 1
            for _ in range(8):  # steps in which a connection comes about
                await asyncio.sleep(0)
            self.made_when_the_first_left = self.made_when_the_first_left or self.made
            await asyncio.sleep(0.05)
            return await super().analyze(request)

    asked = Connecting("a")
    await collected(Router(taxonomy=TAXONOMY, asked=asked), n=256, workers=256)
    assert asked.made == 256
    assert asked.made_when_the_first_left <= 64


async def test_no_worker_starts_once_an_attempt_has_ended_the_run() -> None:
    class Unrenderable:
        asked = 0

        async def analyze(self, request: RoutingRequest) -> RoutingDecision:
            self.asked += 1
            raise PromptError("the template is broken")

    asked = Unrenderable()
    with pytest.raises(PromptError):
        await collected(Router(taxonomy=TAXONOMY, asked=asked), n=256, workers=256)
    assert asked.asked <= 4
