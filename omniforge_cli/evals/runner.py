"""Asks the analyzers, many at a time, and yields each sample as it finishes. Knows nothing of retries, caches or budgets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from omniforge_cli.core.decision import FallbackReason, RoutingDecision, RoutingRequest
from omniforge_cli.core.errors import OmniforgeError
from omniforge_cli.core.evalset import Case
from omniforge_cli.core.run import Sample, SampleError
from omniforge_cli.evals.plan import Attempt
from omniforge_cli.routing.router import Routed, Router

_LOG: Final = logging.getLogger(__name__)
_AHEAD: Final = 4
"""Finished samples that may wait for the consumer, for each worker: enough to keep workers busy, too few to fill memory."""
_AT_ONCE: Final = 4
"""Workers that start in one step of the event loop: the first requests leave before the last are made, or all answers came at once."""


async def run_samples(
    attempts: Iterator[Attempt], *, routers: Sequence[Router], workers: int, tenant_id: str
) -> AsyncGenerator[Sample, None]:
    """Every attempt's sample, in order of arrival. `routers[i]` answers for arm i; `workers` attempts are under way at once.

    When one attempt ends the run, those under way still finish: their answers are paid for.

    Raises:
        OmniforgeError: what no other attempt would survive either (a prompt that cannot be rendered, a missing recording).
    """
    finished: asyncio.Queue[Sample | _Ended] = asyncio.Queue(maxsize=workers * _AHEAD)
    stopping = asyncio.Event()

    async def work() -> None:
        failure: OmniforgeError | None = None
        try:
            for attempt in attempts:
                await finished.put(await sample_of(attempt, routers[attempt.arm], tenant_id))
                if stopping.is_set():
                    break
        except OmniforgeError as exc:
            failure = exc
            stopping.set()
        await finished.put(_Ended(failure=failure))

    tasks: list[asyncio.Task[None]] = []
    try:
        while len(tasks) < workers and not stopping.is_set():
            tasks += [asyncio.create_task(work()) for _ in range(min(_AT_ONCE, workers - len(tasks)))]
            await asyncio.sleep(0)
        running, failures = len(tasks), []
        while running:
            item = await finished.get()
            if isinstance(item, Sample):
                yield item
            else:
                running -= 1
                failures += [item.failure] if item.failure is not None else []
        if failures:
            raise failures[0]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    failure: OmniforgeError | None


async def sample_of(attempt: Attempt, router: Router, tenant_id: str) -> Sample:
    """Route one case and judge the answer; a failure is part of the sample."""
    case = attempt.case
    request = RoutingRequest(message=case.message, history=case.history, agents=case.agents, tenant_id=tenant_id, repeat=attempt.repeat)
    try:
        routed = await router.attempt(request)
    except OmniforgeError:
        raise
    except Exception as exc:  # one odd case must not end the run of all others
        _LOG.debug("sample failed", exc_info=True, extra={"case": case.id})
        broken = SampleError(reason=FallbackReason.PROVIDER_ERROR, message=f"internal error: {exc!r}")
        return _judged(attempt, Routed(decision=None, error=None, latency_ms=0.0), broken)
    return _judged(attempt, routed, _error(routed))


def _error(routed: Routed) -> SampleError | None:
    if routed.error is None:
        return None
    return SampleError(reason=routed.error.reason, message=str(routed.error), attempts=routed.error.attempts)


def _judged(attempt: Attempt, routed: Routed, error: SampleError | None) -> Sample:
    case = attempt.case
    return Sample(
        case_id=case.id,
        case_hash=case.content_hash,
        arm=attempt.arm,
        repeat=attempt.repeat,
        expected=case.expected_action,
        error=error,
        latency_ms=routed.latency_ms,
        expected_ambiguous=case.expected_ambiguous,
        expected_entities=case.expected_entities,
        message=case.message,
        tags=case.tags,
        decided_then=case.decided_then,
        position=attempt.position,
        **(_unanswered(routed) if routed.decision is None else _answered(case, routed.decision)),
    )


def _unanswered(routed: Routed) -> dict[str, Any]:
    error = routed.error
    if error is None:
        return {"predicted": None, "correct": False}
    return {"predicted": None, "correct": False, "calls": error.attempts, "usage": error.usage, "injected": error.injected}


def _answered(case: Case, decision: RoutingDecision) -> dict[str, Any]:
    return {
        "predicted": decision.action_type,
        "correct": case.accepts(decision.action_type),
        "confidence": decision.confidence,
        "source": decision.source,
        "calls": 0 if decision.cached else decision.attempts,
        "cached": decision.cached,
        "usage": decision.usage,
        "is_ambiguous": decision.is_ambiguous,
        "alternative_action": decision.alternative_action,
        "target_agent_id": decision.target_agent_id,
        "entities": decision.entities,
        "reasoning": decision.reasoning,
        "clarifying_question": decision.clarifying_question,
        "injected": decision.injected,
    }
