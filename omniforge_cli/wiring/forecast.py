"""A plan -> what it would take: prompts are rendered and counted, prices looked up, and nobody is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.core.evalset import Case
from omniforge_cli.core.prompt import PromptVersion
from omniforge_cli.core.run import Analyzer, Arm
from omniforge_cli.core.settings import Settings
from omniforge_cli.evals.forecast import ArmForecast, Forecast, Pace, Spread
from omniforge_cli.evals.plan import Plan
from omniforge_cli.routing.analyzer import Analyzer as AnalyzerLike
from omniforge_cli.routing.override import override
from omniforge_cli.routing.provider import Completion, ProviderRequest
from omniforge_cli.wiring.calls import EvalCalls
from omniforge_cli.wiring.routing import LoadedTaxonomy, offline_analyzer

if TYPE_CHECKING:
    from omniforge_cli.routing.llm import LLMIntentAnalyzer

_COUNTED: Final = 1_000
"""Cases whose prompts are counted; of larger sets as many, evenly spread, stand for all."""
_PER_MESSAGE: Final = 4
"""Tokens that a chat format adds to each message."""
_AUTO_CONCURRENCY: Final = 16
_LONGEST_REPLY: Final = 300
_USUAL_REPLY: Final[Mapping[str, Any]] = {
    "confidence": 0.95,
    "target_agent_id": None,
    "entities": {},
    "is_ambiguous": False,
    "reasoning": "word " * 20,
}


async def forecast(command: str, plan: Plan, loaded: LoadedTaxonomy, *, settings: Settings, calls: EvalCalls) -> Forecast:
    """What the plan would take."""
    cases = plan.evalset.cases
    stride = -(-len(cases) // _COUNTED)
    notes: list[str] = []
    counter = _Counter(plan, loaded, settings, cases[::stride], notes.append)
    arms = tuple([await counter.arm(arm) for arm in plan.arms])
    run = plan.settings
    if stride > 1:
        notes.append(f"tokens of {len(cases[::stride]):,} evenly spread cases stand for all {len(cases):,}")
    if any(arm.calls for arm in arms):
        notes += _what_it_rests_on(plan, calls)
    concurrency = run.concurrency if isinstance(run.concurrency, int) else _AUTO_CONCURRENCY
    return Forecast(
        command=command,
        evalset=plan.evalset.ref,
        n_cases=len(cases),
        repeats=run.repeats,
        arms=arms,
        pace=Pace(concurrency=concurrency, timeout_s=run.timeout_s, rpm=calls.rpm, tpm=calls.tpm),
        notes=tuple(notes),
    )


def _what_it_rests_on(plan: Plan, calls: EvalCalls) -> list[str]:
    run = plan.settings
    notes = [f"a failed attempt is tried again up to {run.retries} times, which is not counted here"] if run.retries else []
    if run.offline is not None:
        notes.append(f"--offline: every answer comes from {run.offline}; nothing would be sent and nothing paid")
    elif calls.cache == "cache":
        notes.append("answers that the cache has are neither sent nor paid; it was not looked into")
    if calls.max_cost_usd is not None:
        notes.append(f"--max-cost-usd stops the run before it has cost more than ${calls.max_cost_usd:g}")
    return notes


class _NeverAsked:
    """A provider for analyzers whose requests are only looked at."""

    async def complete(self, request: ProviderRequest, *, timeout_s: float) -> Completion:
        raise AssertionError("a forecast asked a provider")

    async def close(self) -> None:
        """Nothing is open."""


class _Counter:
    """Counts what the counted cases would cost an arm, and scales that to all of them."""

    def __init__(self, plan: Plan, loaded: LoadedTaxonomy, settings: Settings, cases: Sequence[Case], warn: Callable[[str], None]) -> None:
        self._plan = plan
        self._loaded = loaded
        self._settings = settings
        self._cases = cases
        self._warn = warn

    async def arm(self, arm: Arm) -> ArmForecast:
        n = len(self._plan.evalset.cases) * self._plan.settings.repeats
        if arm.analyzer in (Analyzer.LOCAL, Analyzer.KEYWORD):
            nothing = Spread(low=0, likely=0, high=0)
            return ArmForecast(name=arm.name, n=n, calls=0, prompt_tokens=0, completion_tokens=nothing, cost_usd=nothing)
        from omniforge_cli.adapters.prices import price
        from omniforge_cli.files.prompt import load_prompt

        assert arm.model is not None and arm.prompt is not None  # an arm that asks the LLM has both
        prompt = load_prompt(arm.prompt)
        count = self._token_counter(arm.model)
        asked = [request for case in self._cases if await self._is_asked(request := _request(case), arm)]
        analyzer = self._analyzer(arm, prompt)
        scale = n / len(self._cases)
        calls = round(len(asked) * scale)
        prompt_tokens = round(sum(_prompt_tokens(analyzer.request(request), count) for request in asked) * scale)
        reply = self._reply_tokens(prompt, count)
        known = price(arm.model)
        completion = Spread(low=calls * reply.low, likely=calls * reply.likely, high=calls * reply.high)
        costs = None if known is None else [
            known.cost(prompt_tokens=prompt_tokens, completion_tokens=round(tokens))
            for tokens in (completion.low, completion.likely, completion.high)
        ]  # fmt: skip
        return ArmForecast(
            name=arm.name,
            n=n,
            calls=calls,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion,
            cost_usd=Spread(low=costs[0], likely=costs[1], high=costs[2]) if costs else None,
        )

    async def _is_asked(self, request: RoutingRequest, arm: Arm) -> bool:
        """Whether the LLM would be asked; of a cascade the local analyzer, which costs nothing, tells."""
        if override(self._loaded.taxonomy, request) is not None:
            return False
        if arm.analyzer is not Analyzer.CASCADE:
            return True
        decision = await self._offline.analyze(request)
        return decision.confidence < (self._plan.settings.cascade_threshold or 0.0)

    @cached_property
    def _offline(self) -> AnalyzerLike:
        return offline_analyzer(self._loaded)

    def _analyzer(self, arm: Arm, prompt: PromptVersion) -> LLMIntentAnalyzer:
        from omniforge_cli.adapters.jinja_renderer import JinjaRenderer
        from omniforge_cli.routing.llm import LLMIntentAnalyzer, LLMOptions

        options = LLMOptions(model=arm.model or "", api_base=self._settings.api_base)
        taxonomy = self._loaded.taxonomy
        return LLMIntentAnalyzer(provider=_NeverAsked(), renderer=JinjaRenderer(), prompt=prompt, taxonomy=taxonomy, options=options)

    def _token_counter(self, model: str) -> Callable[[str], int]:
        from omniforge_cli.adapters.tiktoken_counter import TiktokenCounter

        return cache(TiktokenCounter(model, warn=self._warn))  # the system message is the same in every request

    def _reply_tokens(self, prompt: PromptVersion, count: Callable[[str], int]) -> Spread:
        """Tokens of a reply: the label alone, one like the prompt's own examples, and as many as are allowed."""
        label = max(self._loaded.taxonomy.names, key=len)
        shortest = count(json.dumps({"action_type": label}))
        shown = [dict(example.reply) for example in prompt.few_shot] or [{"action_type": label, **_USUAL_REPLY}]
        usual = sum(count(json.dumps(reply, ensure_ascii=False)) for reply in shown) / len(shown)
        longest = prompt.params.max_tokens or max(_LONGEST_REPLY, usual)
        return Spread(low=min(shortest, longest), likely=min(max(usual, shortest), longest), high=longest)


def _request(case: Case) -> RoutingRequest:
    return RoutingRequest(message=case.message, history=case.history, agents=case.agents)


def _prompt_tokens(request: ProviderRequest, count: Callable[[str], int]) -> int:
    schema = 0 if request.schema is None else count(json.dumps(request.schema))
    return schema + sum(count(message.content) + _PER_MESSAGE for message in request.messages)
