"""Stored runs and report files -> what can be shown, compared, exported and written again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from omniforge_cli.core.decision import OUTAGE_REASONS
from omniforge_cli.core.errors import RunMismatch, SettingsError
from omniforge_cli.core.report import Report, case_of
from omniforge_cli.core.run import Run
from omniforge_cli.core.settings import Settings
from omniforge_cli.evals.baseline import Baseline
from omniforge_cli.evals.evaluate import Finished
from omniforge_cli.evals.record import INLINE_SAMPLES
from omniforge_cli.scoring.outcome import Outcome
from omniforge_cli.wiring.storage import redactor, run_store

if TYPE_CHECKING:
    from omniforge_cli.evals.store import RunStore

BASELINE_KIND: Final = "omniforge-baseline"
BASELINE_SCHEMA_VERSION: Final = 1
_ALL_RUNS: Final = 1_000_000


async def load_finished(ref: str, settings: Settings) -> Finished:
    """A run that ended: a stored run by its id (or `last`), or a `report.json`.

    Raises:
        NotFound: there is no such run for this tenant.
        RunMismatch: the file is no report, or the run did not end.
    """
    path = Path(ref)
    if path.suffix == ".json" or path.is_file():
        from omniforge_cli.files.report import read_report

        return _from_file(read_report(path), path)
    store = run_store(settings)
    return await _from_store(store, await store.get(ref, tenant_id=settings.tenant))


async def load_baseline(ref: str, settings: Settings) -> Baseline:
    """A run to compare with: a stored run, a `report.json`, or a file that `runs bless` wrote; raises as `load_finished`."""
    path = Path(ref)
    if path.is_file():
        from omniforge_cli.files.documents import read_document

        document = read_document(path, RunMismatch)
        if isinstance(document, dict) and document.get("kind") == BASELINE_KIND:
            return _blessed(document, path)
    return baseline_of(await load_finished(ref, settings), ref if path.is_file() else None)


def baseline_of(finished: Finished, ref: str | None = None) -> Baseline:
    """A finished run as something to compare with."""
    report = finished.report
    return Baseline(
        ref=ref or report.run_id,
        labels=tuple(report.taxonomy["labels"]),
        arms={arm.name: [outcome_of(case) for case in finished.cases(number)] for number, arm in enumerate(report.arms)},
        prompts={arm.name: arm.prompt_sha256 for arm in report.arms},
        measure=report.measure,
    )


def blessed_form(finished: Finished) -> dict[str, Any]:
    """What `runs bless` writes: small and diff-stable, one line a case, with the hashes that tell whether it still fits."""
    report, baseline = finished.report, baseline_of(finished)
    return {
        "schema_version": BASELINE_SCHEMA_VERSION,
        "kind": BASELINE_KIND,
        "run_id": report.run_id,
        "measure": report.measure,
        "evalset": dict(report.evalset),
        "taxonomy": dict(report.taxonomy),
        "arms": [
            {
                "name": arm.name,
                "prompt_sha256": arm.prompt_sha256,
                "accuracy": arm.accuracy.value,
                "cases": [
                    [one.case_id, one.case_hash, one.expected, one.predicted, one.correct]
                    for one in sorted(baseline.arms[arm.name], key=lambda one: one.case_id)
                ],
            }
            for arm in report.arms
        ],
    }


def outcome_of(case: Mapping[str, Any]) -> Outcome:
    """A report's case object as a comparison sees it: a fallback's answer is a miss."""
    answered = case["predicted"] is not None and case["fallback_reason"] is None
    usage = case.get("usage") or {"cost_usd": 0.0}
    return Outcome(
        case_id=case["id"],
        case_hash=case["case_hash"],
        expected=case["expected"],
        predicted=case["predicted"] if answered else None,
        correct=answered and case["correct"],
        latency_ms=case["latency_ms"] if case.get("calls") and not case["cached"] else None,
        cost_usd=0.0 if case["cached"] else usage["cost_usd"],
        outage=case["fallback_reason"] in {reason.value for reason in OUTAGE_REASONS},
    )


def _from_file(report: Report, path: Path) -> Finished:
    def cases(arm: int) -> Iterator[dict[str, Any]]:
        inline = report.arms[arm].cases
        if inline is not None:
            return (dict(case) for case in inline)
        from omniforge_cli.adapters import tables

        table = path.parent / (report.cases_file or "")
        if not table.is_file():
            raise RunMismatch(f"{path}: its cases are in {table.name}, which is not beside it")
        return tables.read(table, arm=report.arms[arm].name)

    return Finished(report=report, cases=cases)


async def _from_store(store: RunStore, run: Run) -> Finished:
    if "arms" not in run.summary:
        raise RunMismatch(f"run {run.run_id} did not end ({run.status.value}); go on with `omniforge {run.command} --resume {run.run_id}`")
    from omniforge_cli.files.report import report_from

    redact = redactor()
    placed: list[list[tuple[int, str, int, dict[str, Any]]]] = [[] for _ in run.arms]
    async for sample in store.samples(run.run_id, tenant_id=run.tenant_id):
        placed[sample.arm].append((sample.position, sample.case_id, sample.repeat, case_of(sample, redact)))
    cases = [[case for *_, case in sorted(of_arm, key=lambda one: one[:3])] for of_arm in placed]
    report = report_from(run.summary, f"run {run.run_id}")
    if sum(map(len, cases)) <= INLINE_SAMPLES:
        report = replace(report, arms=tuple(replace(arm, cases=of_arm) for arm, of_arm in zip(report.arms, cases, strict=True)))
    return Finished(report=report, cases=lambda arm: iter(cases[arm]))


def _blessed(document: Mapping[str, Any], path: Path) -> Baseline:
    if document.get("schema_version") != BASELINE_SCHEMA_VERSION:
        raise RunMismatch(f"{path}: schema_version {document.get('schema_version')!r} is not {BASELINE_SCHEMA_VERSION}")
    try:
        return Baseline(
            ref=str(path),
            labels=tuple(document["taxonomy"]["labels"]),
            arms={
                arm["name"]: [
                    Outcome(case_id=case_id, case_hash=case_hash, expected=expected, predicted=predicted, correct=correct)
                    for case_id, case_hash, expected, predicted, correct in arm["cases"]
                ]
                for arm in document["arms"]
            },
            prompts={arm["name"]: arm["prompt_sha256"] for arm in document["arms"]},
            measure=document.get("measure", "accuracy"),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise RunMismatch(f"{path}: a broken baseline file ({exc}); bless the run again") from exc


async def list_runs(settings: Settings, limit: int) -> list[Run]:
    """The tenant's runs, newest first."""
    return await run_store(settings).list(tenant_id=settings.tenant, limit=limit)


async def stored_reports(settings: Settings, evalset: str | None = None) -> list[Report]:
    """The reports of the tenant's finished runs, without their cases.

    `evalset` (`intent` or `intent@v1`) leaves those on another eval set out.
    """
    from omniforge_cli.files.report import report_from

    runs = await run_store(settings).list(tenant_id=settings.tenant, limit=_ALL_RUNS)
    return [
        report_from(run.summary, f"run {run.run_id}")
        for run in runs
        if "arms" in run.summary and evalset in (None, run.evalset, run.evalset.partition("@")[0])
    ]


async def export_runs(settings: Settings, refs: Sequence[str], folder: Path) -> list[Path]:
    """Write `runs.parquet` (a row an arm) and `cases.parquet` (a row a sample) of the runs named, or of all.

    Raises:
        NotFound: one of them does not exist for this tenant.
        SettingsError: the folder cannot be written.
    """
    from omniforge_cli.adapters import run_table, tables

    store = run_store(settings)
    if refs:
        runs = [await store.get(ref, tenant_id=settings.tenant) for ref in refs]
    else:
        runs = await store.list(tenant_id=settings.tenant, limit=_ALL_RUNS)
    ended = [run for run in runs if "arms" in run.summary]
    finished = [(run, await _from_store(store, run)) for run in ended]
    cases = (
        {"run_id": run.run_id, "arm": arm.name, **case}
        for run, one in finished
        for number, arm in enumerate(one.report.arms)
        for case in one.cases(number)
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tables.write(cases, parquet=folder / "cases.parquet")
        run_table.write([(run, one.report) for run, one in finished], folder / "runs.parquet")
    except OSError as exc:
        raise SettingsError(f"{folder}: cannot be written ({exc.strerror or exc})") from exc
    return [folder / "runs.parquet", folder / "cases.parquet"]
