"""What stands between a measurement and its providers, outermost first: recorded answers, retries, injected faults, the adapter."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from omniforge_cli.core.run import Analyzer, Arm
from omniforge_cli.core.settings import Settings
from omniforge_cli.evals.plan import Plan
from omniforge_cli.evals.runner import run_samples
from omniforge_cli.routing.provider import Provider
from omniforge_cli.routing.router import Router
from omniforge_cli.wiring.routing import (
    Calls,
    Connection,
    LoadedTaxonomy,
    RouterSpec,
    adapter,
    adapter_name,
    build_router,
    load_prompt,
    retrying,
)
from omniforge_cli.wiring.storage import answer_store, redactor

if TYPE_CHECKING:
    from omniforge_cli.evals.evaluate import Ask
    from omniforge_cli.providers.budget import Budget, QueueClock

_AUTO_CEILING: Final = 64
"""Attempts under way at most with `--concurrency auto`."""


_MANY: Final = 2000
"""Offline samples from which starting worker processes pays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalCalls:
    """Where answers come from and go to, beside the provider: `cache` is `cache`, `refresh` or None; `record` a cassette to write.

    `rpm` and `tpm` pace requests and tokens a minute over all arms; `max_cost_usd` is never passed.
    """

    cache: str | None = None
    record: str | None = None
    rpm: float | None = None
    tpm: float | None = None
    max_cost_usd: float | None = None


class Routers:
    """The routers of a run's arms and the providers under them, closed together."""

    def __init__(self, *, settings: Settings, loaded: LoadedTaxonomy, plan: Plan, options: EvalCalls) -> None:
        self._settings = settings
        self._loaded = loaded
        self._plan = plan
        self._options = options
        self._stacks: dict[str, Connection] = {}
        concurrency = plan.settings.concurrency
        self.workers = concurrency if isinstance(concurrency, int) else _AUTO_CEILING
        self._budget = _budget(concurrency, self._options)
        self._clock = _queue_clock() if self._budget is not None else None

    def ask(self, *, no_fallback: bool, paired: bool) -> Ask:
        """What carries out attempts: many at a time where an LLM is waited for, on every core where much is decided offline."""
        plan, tenant_id = self._plan, self._settings.tenant
        if plan.n_samples >= _MANY and all(arm.analyzer in (Analyzer.LOCAL, Analyzer.KEYWORD) for arm in plan.arms):
            from omniforge_cli.wiring.offline import offline_batches

            return partial(offline_batches, self._settings, plan, paired)
        routers = self.build(no_fallback=no_fallback)
        return lambda done: run_samples(plan.attempts(done), routers=routers, workers=self.workers, tenant_id=tenant_id)

    def build(self, *, no_fallback: bool) -> list[Router]:
        """One router an arm; arms of one model share its provider."""
        spec = RouterSpec(
            settings=self._settings,
            loaded=self._loaded,
            analyzer=self._plan.arms[0].analyzer,
            no_fallback=no_fallback,
        )
        return [
            build_router(self._asking(arm, replace(spec, analyzer=arm.analyzer, clock=self._clock or perf_counter)))
            for arm in self._plan.arms
        ]

    def facts(self) -> dict[str, Any]:
        """What the report says about how the providers were called."""
        if self._plan.settings.offline is not None:
            return {"providers": dict.fromkeys(self._stacks, "recorded")}
        told: dict[str, Any] = {"providers": {model: adapter_name(self._settings, model) for model in self._stacks}}
        if self._budget is not None and self._budget.in_flight is not None:
            told["concurrency_history"] = [asdict(change) for change in self._budget.in_flight.history]
        return told

    async def __aenter__(self) -> Routers:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.gather(*(stack.provider.close() for stack in self._stacks.values()))

    def _asking(self, arm: Arm, spec: RouterSpec) -> RouterSpec:
        if arm.model is None or arm.prompt is None:
            return spec
        if arm.model not in self._stacks:
            self._stacks[arm.model] = self._stack(arm.model)
        stack = self._stacks[arm.model]
        return replace(spec, model=arm.model, prompt=load_prompt(arm.prompt), provider=stack.provider, ready=stack.ready)

    def _stack(self, model: str) -> Connection:
        run = self._plan.settings
        if run.offline is not None:
            from omniforge_cli.providers.offline import OfflineProvider

            return Connection(provider=OfflineProvider(Path(run.offline), redact=redactor()))
        calls = Calls(retries=run.retries, whole_deadline=False, concurrency=self.workers, seed=run.seed)
        connection = adapter(self._settings, model, calls)
        provider = connection.provider
        if run.inject is not None:
            from omniforge_cli.providers.inject import InjectingProvider, parse_inject

            provider = InjectingProvider(provider, spec=parse_inject(run.inject), seed=run.seed)
        if self._budget is not None:
            from omniforge_cli.providers.budget import BudgetedProvider

            provider = BudgetedProvider(provider, budget=self._budget, clock=self._clock)
        provider = self._remembered(retrying(replace(connection, provider=provider), calls))
        return Connection(provider=provider, ready=connection.ready)

    def _remembered(self, provider: Provider) -> Provider:
        if self._options.cache is not None:
            from omniforge_cli.providers.answers import CacheMode, RecordedAnswers

            provider = RecordedAnswers(provider, store=answer_store(self._settings), mode=CacheMode(self._options.cache))
        if self._options.record is not None:
            from omniforge_cli.providers.cassette import RecordingProvider

            provider = RecordingProvider(provider, path=Path(self._options.record), redact=redactor())
        return provider


def _budget(concurrency: int | str, options: EvalCalls) -> Budget | None:
    """One budget for all arms of a run; None where nothing is limited but the number of workers."""
    if concurrency != "auto" and (options.rpm, options.tpm, options.max_cost_usd) == (None, None, None):
        return None
    from omniforge_cli.adapters.prices import most_usd
    from omniforge_cli.providers.budget import Budget
    from omniforge_cli.providers.limits import CostLimit, InFlightLimit, Pacer

    return Budget(
        in_flight=InFlightLimit(_AUTO_CEILING, adaptive=True) if concurrency == "auto" else None,
        requests=Pacer(options.rpm) if options.rpm else None,
        tokens=Pacer(options.tpm) if options.tpm else None,
        cost=CostLimit(options.max_cost_usd) if options.max_cost_usd is not None else None,
        most_usd=most_usd,
    )


def _queue_clock() -> QueueClock:
    from omniforge_cli.providers.budget import QueueClock

    return QueueClock()
