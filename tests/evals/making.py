"""Small plans, routers and records that the tests of this folder share."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from omniforge_cli.core.decision import FallbackReason, RoutingDecision, RoutingRequest, Source
from omniforge_cli.core.errors import ProviderError
from omniforge_cli.core.evalset import Case, EvalSet
from omniforge_cli.core.run import Analyzer, Arm, Run, RunSettings, RunStatus
from omniforge_cli.core.taxonomy import Label, Taxonomy
from omniforge_cli.evals.plan import Plan, make_plan

TAXONOMY = Taxonomy(name="ab", labels=(Label(name="a"), Label(name="b"), Label(name="none")), none_of_these="none")


def cases(n: int, *, tags: tuple[str, ...] = ()) -> tuple[Case, ...]:
    """Cases c0, c1 … whose labels take turns."""
    return tuple(Case(id=f"c{number}", message=f"message {number}", expected_action="ab"[number % 2], tags=tags) for number in range(n))


def plan(n: int = 4, *, repeats: int = 1, arms: int = 1, **settings: object) -> Plan:
    """A plan over `n` cases for LLM arms."""
    evalset = EvalSet(name="set", version="v1", cases=cases(n), sha256="x" * 64)
    made = tuple(Arm(analyzer=Analyzer.LLM, model=f"m{number}", prompt="p@v1", prompt_sha256="y" * 64) for number in range(arms))
    return make_plan(
        evalset,
        taxonomy=TAXONOMY,
        arms=made,
        settings=RunSettings(repeats=repeats, **settings),
        versions={"omniforge": "0"},  # type: ignore[arg-type]
    )


def run(made: Plan, folder: Path, run_id: str = "run-1") -> Run:
    """The head of a run of that plan."""
    return Run(
        run_id=run_id,
        tenant_id="t",
        created_at=datetime(2026, 11, 22, tzinfo=UTC),
        command="eval",
        evalset=made.evalset.ref,
        arms=made.arms,
        fingerprint=made.fingerprint,
        status=RunStatus.RUNNING,
        output_dir=str(folder),
        n_samples=made.n_samples,
    )


class Answering:
    """An analyzer that gives every message the same label, counts its calls, and fails for the messages named."""

    def __init__(self, label: str = "a", *, failing: frozenset[str] = frozenset(), broken: frozenset[str] = frozenset()) -> None:
        self.asked: list[str] = []
        self._label = label
        self._failing = failing
        self._broken = broken

    async def analyze(self, request: RoutingRequest) -> RoutingDecision:
        """The label, a provider's fault, or a bug of ours."""
        self.asked.append(request.message)
        if request.message in self._broken:
            raise RuntimeError("boom")
        if request.message in self._failing:
            raise ProviderError("it is away", reason=FallbackReason.TIMEOUT)
        return RoutingDecision(action_type=self._label, confidence=0.9, source=Source.LLM, attempts=1)
