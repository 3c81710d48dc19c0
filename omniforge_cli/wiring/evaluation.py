"""Settings and options -> eval sets, arms and baselines of a measurement."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omniforge_cli.core.errors import SettingsError
from omniforge_cli.core.evalset import EvalSet
from omniforge_cli.core.gate import NO_REGRESSION, Gate
from omniforge_cli.core.run import Analyzer, Arm, Run
from omniforge_cli.core.settings import Settings
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.wiring.routing import DEFAULT_MODEL, choose_analyzer, load_prompt
from omniforge_cli.wiring.storage import run_store

if TYPE_CHECKING:
    from omniforge_cli.evals.conclusion import Against, Pairwise, Sweep
    from omniforge_cli.evals.evaluate import EvalJob, Finished
    from omniforge_cli.evals.journal import Journal
    from omniforge_cli.evals.plan import Plan
    from omniforge_cli.evals.record import RunRecord
    from omniforge_cli.wiring.routing import LoadedTaxonomy


def load_evalsets(refs: Sequence[str]) -> EvalSet:
    """The eval sets that references or paths name, joined; raises EvalSetError."""
    from omniforge_cli.files.evalset import joined, load_evalset

    return joined([load_evalset(ref) for ref in refs])


def check_labels(evalset: EvalSet, taxonomy: Taxonomy) -> None:
    """Refuse an eval set with labels that the taxonomy lacks; raises EvalSetError."""
    from omniforge_cli.files.evalset import check_labels as check

    check(evalset, taxonomy)


def arms(settings: Settings, *, prompts: Sequence[str], models: Sequence[str]) -> tuple[Arm, ...]:
    """Every combination of model and prompt version; one arm where no LLM is asked.

    Raises:
        PromptError: a prompt version does not exist.
        SettingsError: prompts or models were named for an offline analyzer, or one stands twice.
    """
    analyzer = choose_analyzer(settings).analyzer
    if settings.analyzer == "auto" and models:
        analyzer = Analyzer.LLM  # a model that was named is one that is configured
    if analyzer in (Analyzer.LOCAL, Analyzer.KEYWORD):
        if prompts or models:
            raise SettingsError(f"--prompt and --model say how the LLM is asked, and `{analyzer.value}` asks none; add --analyzer llm")
        return (Arm(analyzer=analyzer),)
    versions = [load_prompt(ref) for ref in prompts or (settings.prompt,)]
    combined = tuple(
        Arm(analyzer=analyzer, model=model, prompt=prompt.ref, prompt_sha256=prompt.sha256)
        for model in models or (settings.model or DEFAULT_MODEL,)
        for prompt in versions
    )
    names = [arm.name for arm in combined]
    if len(set(names)) != len(names):
        raise SettingsError(f"the arm {next(name for name in names if names.count(name) > 1)} was asked for twice")
    return combined


def machine() -> dict[str, Any]:
    """Where a run was measured."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "release": platform.release(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
    }


def pairwise(plan: Plan) -> Pairwise | None:
    """What compares the arms of a run; None for a run with one arm."""
    if len(plan.arms) == 1:
        return None
    from omniforge_cli.evals import paired

    return partial(paired.pairwise, plan)


def sweep(plan: Plan, loaded: LoadedTaxonomy) -> Sweep:
    """What works out the trade-off of a cascade; raises SettingsError where no LLM is asked."""
    if any(arm.model is None for arm in plan.arms):
        raise SettingsError("--sweep trades the LLM's answers against local ones, and no LLM is asked here; add --analyzer llm or cascade")
    from omniforge_cli.evals.sweeping import sweep_arms
    from omniforge_cli.wiring.routing import offline_analyzer

    return lambda outcomes: sweep_arms(plan, outcomes, offline_analyzer(loaded))


async def against(plan: Plan, gates: Sequence[Gate], settings: Settings) -> dict[str, Against]:
    """What compares with the baselines of the `no_regression` gates: stored runs, `report.json` files or blessed baseline files."""
    refs = dict.fromkeys(gate.baseline for gate in gates if gate.metric == NO_REGRESSION and gate.baseline)
    if not refs:
        return {}
    from omniforge_cli.evals import paired
    from omniforge_cli.wiring.runs import load_baseline

    return {ref: partial(paired.against, await load_baseline(ref, settings), plan) for ref in refs}


def open_record(plan: Plan, run: Run, journal: Journal, settings: Settings, warn: Callable[[str], None], is_paired: bool) -> RunRecord:
    """What keeps a run's samples; loads what counting them needs, and not yet the database."""
    from omniforge_cli.evals.record import RunRecord

    return RunRecord(plan, run, journal=journal, open_store=partial(run_store, settings), warn=warn, is_paired=is_paired)


async def conclude(job: EvalJob, record: RunRecord) -> Finished:
    """The end of a run: its report; loads what judging needs."""
    from omniforge_cli.evals import conclusion

    return await conclusion.conclude(job, record)


def load_gates(path: Path) -> tuple[Gate, ...]:
    """The gates of a file; raises GateFileError."""
    from omniforge_cli.files import gates

    return gates.load_gates(path)
