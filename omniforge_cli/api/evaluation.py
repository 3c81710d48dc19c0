"""`evaluate`: eval sets × prompt versions × models, counted, compared, gated, stored and reported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from omniforge_cli import __version__
from omniforge_cli.core.errors import RunMismatch
from omniforge_cli.core.evalset import EvalSet
from omniforge_cli.core.gate import Gate
from omniforge_cli.core.run import Run, RunSettings, RunStatus, Sample
from omniforge_cli.core.settings import Settings
from omniforge_cli.evals.evaluate import EvalJob, Finished
from omniforge_cli.evals.evaluate import evaluate as run_job
from omniforge_cli.evals.journal import Journal, find_journals, new_journal
from omniforge_cli.evals.plan import ASKED, Plan, make_plan, refuse_mismatch, taxonomy_hash
from omniforge_cli.evals.store import RunStore
from omniforge_cli.files.configuration import without_password
from omniforge_cli.files.settings import read_settings
from omniforge_cli.wiring import evaluation as wiring
from omniforge_cli.wiring.calls import EvalCalls, Routers
from omniforge_cli.wiring.routing import LoadedTaxonomy, cascade_threshold, load_taxonomy, weights_hash
from omniforge_cli.wiring.storage import new_id, now, redactor, run_store, seals


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalOptions:
    """What to measure. Empty `prompts` and `models` mean those of the settings; every combination is an arm.

    `resume` is a run id or `last`; `retry_errors` asks again what failed then. `output_dir` is `reports` for a new run.
    `sweep` also lets the local analyzer decide every case, for a cascade's trade-off.
    `asked` is kept with the run, for whoever resumes it.
    """

    evalsets: tuple[str, ...] = ("intent",)
    prompts: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    run: RunSettings = field(default_factory=RunSettings)
    output_dir: str | None = None
    gates: tuple[Gate, ...] = ()
    max_errors: float | None = None
    no_fallback: bool = False
    resume: str | None = None
    retry_errors: bool = False
    sweep: bool = False
    asked: Mapping[str, Any] = field(default_factory=dict)
    calls: EvalCalls = field(default_factory=EvalCalls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Who is told what while a run goes on: its plan once it is made, finished samples, and warnings.

    `on_samples` is told how many have finished, how many of these were right, and how many failed. `meanwhile` is done in a thread while
    answers are waited for; nobody learns whether it failed. `on_finished` gets the report and the folder of its files as soon as it is
    there, when the last samples are still on their way to the store.
    """

    on_plan: Callable[[Plan, Run], None] = lambda plan, run: None
    on_samples: Callable[[int, int, int], None] = lambda n, right, failed: None
    warn: Callable[[str], None] = lambda line: None
    meanwhile: Callable[[], None] = lambda: None
    on_finished: Callable[[Finished, Path], None] = lambda finished, folder: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A finished run, its plan, the folder that its reports belong into, and what masks secrets in them."""

    finished: Finished
    folder: Path
    plan: Plan
    redact: Callable[[str], str]


async def evaluate(
    options: EvalOptions | None = None, *, settings: Settings | None = None, watcher: Watcher | None = None, **overrides: Any
) -> Measurement:
    """Run (or resume) an eval and return its report. Nothing but the run store and the run's journal is written.

    Raises:
        OmniforgeError: it cannot be run as asked, or an answer that it needs was not recorded.
    """
    settings = settings or read_settings(overrides)
    return await measure(eval_subject(options or EvalOptions()), settings=settings, watcher=watcher or Watcher())


def evaluate_sync(options: EvalOptions | None = None, **keywords: Any) -> Measurement:
    """`evaluate` for code without an event loop."""
    return asyncio.run(evaluate(options, **keywords))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is measured: cases, how they are measured, and what the report says beside the numbers."""

    command: str
    evalset: EvalSet
    options: EvalOptions
    report_extra: Mapping[str, Any] = field(default_factory=dict)


def eval_subject(options: EvalOptions) -> Subject:
    """What `evaluate` measures; raises EvalSetError."""
    return Subject(command="eval", evalset=wiring.load_evalsets(options.evalsets), options=options)


async def measure(subject: Subject, *, settings: Settings, watcher: Watcher) -> Measurement:
    """Carry out a run over cases from anywhere; shared by `evaluate` and `replay`."""
    options = subject.options
    loaded, plan = planned(subject, settings)
    run, journal, done = await _opened(subject, plan, settings)
    watcher.on_plan(plan, run)
    against = await wiring.against(plan, options.gates, settings)
    is_paired = len(plan.arms) > 1 or bool(against) or options.sweep
    async with Routers(settings=settings, loaded=loaded, plan=plan, options=options.calls) as routers:
        job = EvalJob(
            plan=plan,
            run=run,
            ask=routers.ask(no_fallback=options.no_fallback, paired=is_paired),
            open_record=partial(wiring.open_record, plan, run, journal, settings, watcher.warn, is_paired),
            conclude=wiring.conclude,
            gates=options.gates,
            pairwise=wiring.pairwise(plan),
            against=against,
            done=done,
            on_samples=watcher.on_samples,
            head=_head(plan, subject),
            max_errors=options.max_errors,
            facts=routers.facts,
            meanwhile=watcher.meanwhile,
            deliver=lambda finished: watcher.on_finished(finished, Path(run.output_dir)),
            sweep=wiring.sweep(plan, loaded) if options.sweep else None,
        )
        finished = await run_job(job)
    return Measurement(finished=finished, folder=Path(run.output_dir), plan=plan, redact=redactor())


def planned(subject: Subject, settings: Settings) -> tuple[LoadedTaxonomy, Plan]:
    """What a run over the subject would do; raises OmniforgeError where it cannot be run as asked."""
    options = subject.options
    loaded = load_taxonomy(settings.taxonomy)
    if subject.command == "eval":  # a replay takes no other label from what is stored
        wiring.check_labels(subject.evalset, loaded.taxonomy)
    run_settings = replace(
        options.run,
        timeout_s=settings.timeout_s,
        api_base=None if settings.api_base is None else without_password(settings.api_base),
        provider=settings.provider,
        cascade_threshold=cascade_threshold(settings),
    )
    plan = make_plan(
        subject.evalset,
        taxonomy=loaded.taxonomy,
        arms=wiring.arms(settings, prompts=options.prompts, models=options.models),
        settings=run_settings,
        versions={"omniforge": __version__, "weights_sha256": weights_hash(loaded)},
    )
    return loaded, replace(plan, fingerprint={**plan.fingerprint, ASKED: dict(options.asked)})


async def _opened(subject: Subject, plan: Plan, settings: Settings) -> tuple[Run, Journal, AsyncIterator[tuple[Sample, bool]] | None]:
    """The run's head, its journal, and what an earlier attempt has done (None for a new run)."""
    options = subject.options
    if options.resume is None:
        created = now()
        run_id = f"{created:%Y%m%d-%H%M%S}-{new_id()[:6]}"
        folder = Path(options.output_dir or "reports").resolve() / run_id
        run = Run(
            run_id=run_id,
            tenant_id=settings.tenant,
            created_at=created,
            command=subject.command,
            evalset=plan.evalset.ref,
            arms=plan.arms,
            fingerprint=plan.fingerprint,
            status=RunStatus.RUNNING,
            output_dir=str(folder),
            n_samples=plan.n_samples,
        )
        return run, new_journal(folder, *seals(settings, run_id)), None
    store = run_store(settings)
    run = await store.get(options.resume, tenant_id=settings.tenant)
    if run.command != subject.command:
        raise RunMismatch(f"run {run.run_id} is a {run.command}; resume it with `omniforge {run.command} --resume {run.run_id}`")
    refuse_mismatch(run.fingerprint, plan.fingerprint, run.run_id)
    folder, sealed = Path(run.output_dir), seals(settings, run.run_id)
    earlier = find_journals(folder, *sealed)
    if options.output_dir is not None:
        folder = Path(options.output_dir).resolve() / run.run_id
        run = replace(run, output_dir=str(folder))
    return run, new_journal(folder, *sealed), _done(store, run, earlier, plan, options.retry_errors)


async def _done(store: RunStore, run: Run, earlier: list[Journal], plan: Plan, retry_errors: bool) -> AsyncIterator[tuple[Sample, bool]]:
    """Samples of earlier attempts: what the store has, then what only a killed process's journal has."""
    seen = bytearray(plan.n_samples)
    async for sample in store.samples(run.run_id, tenant_id=run.tenant_id):
        if not (retry_errors and sample.error):
            seen[plan.number(sample)] = True
            yield sample, True
    for journal in earlier:
        for sample in journal.samples():
            if not seen[plan.number(sample)] and not (retry_errors and sample.error):
                seen[plan.number(sample)] = True
                yield sample, False
    for journal in earlier:
        journal.delete()


def _head(plan: Plan, subject: Subject) -> dict[str, Any]:
    run = plan.settings
    return {
        "omniforge_version": __version__,
        "evalset": {
            "name": plan.evalset.name,
            "version": plan.evalset.version,
            "sha256": plan.evalset.sha256,
            "n_cases": len(plan.evalset.cases),
            "sets": list(plan.evalset.sets or (plan.evalset.ref,)),
        },
        "taxonomy": {
            "name": plan.taxonomy.name,
            "version": plan.taxonomy.version,
            "sha256": taxonomy_hash(plan.taxonomy),
            "labels": list(plan.taxonomy.names),
            "clarification_threshold": plan.taxonomy.clarification_threshold,
        },
        "machine": wiring.machine(),
        "settings": {
            "concurrency": run.concurrency,
            "timeout": run.timeout_s,
            "repeats": run.repeats,
            "retries": run.retries,
            "cache": run.cache,
            "seed": run.seed,
            "limit": run.limit,
            "tags": list(run.tags),
            "inject": run.inject,
            "offline": run.offline,
            "api_base": run.api_base,
            "provider": run.provider,
            "cascade_threshold": run.cascade_threshold,
        },
        "extra": dict(subject.report_extra),
    }


async def asked_before(ref: str, settings: Settings) -> Mapping[str, Any]:
    """The options that a stored run was started with; raises NotFound."""
    run = await run_store(settings).get(ref, tenant_id=settings.tenant)
    asked: Mapping[str, Any] = run.fingerprint.get(ASKED, {})
    return asked
