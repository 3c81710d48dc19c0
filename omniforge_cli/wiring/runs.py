"""Stored runs and report files -> what can be compared, exported and written again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from omniforge_cli.core.errors import RunMismatch
from omniforge_cli.core.report import REPORT_SCHEMA_VERSION
from omniforge_cli.core.settings import Settings
from omniforge_cli.evals.baseline import Baseline
from omniforge_cli.scoring.compare import Outcome, outcome
from omniforge_cli.wiring.storage import run_store

BASELINE_KIND: Final = "omniforge-baseline"


async def load_baseline(ref: str, settings: Settings) -> Baseline:
    """A run to compare with: a `report.json` or blessed baseline file, or a stored run's id.

    Raises:
        RunMismatch: the file is neither, is of a newer schema, or holds no cases.
        NotFound: there is no such run for this tenant.
    """
    path = Path(ref)
    if path.suffix == ".json" or path.is_file():
        return _from_file(path)
    store = run_store(settings)
    run = await store.get(ref, tenant_id=settings.tenant)
    if "taxonomy" not in run.summary:
        raise RunMismatch(f"run {run.run_id} did not end ({run.status.value}); resume it, or name another")
    outcomes: dict[str, list[Outcome]] = {arm.name: [] for arm in run.arms}
    async for sample in store.samples(run.run_id, tenant_id=settings.tenant):
        outcomes[run.arms[sample.arm].name].append(outcome(sample))
    return Baseline(
        ref=run.run_id,
        labels=tuple(run.summary["taxonomy"]["labels"]),
        arms=outcomes,
        prompts={arm.name: arm.prompt_sha256 for arm in run.arms},
    )


def baseline_of(report: Mapping[str, Any], arms: Mapping[str, Sequence[Outcome]]) -> dict[str, Any]:
    """The small, diff-stable form of a run that `runs bless` commits: for each case, its content and what was answered."""
    return {
        "schema_version": REPORT_SCHEMA_VERSION,
        "kind": BASELINE_KIND,
        "run_id": report["run_id"],
        "evalset": report["evalset"],
        "taxonomy": report["taxonomy"],
        "arms": [
            {
                "name": arm["name"],
                "prompt_sha256": arm["prompt_sha256"],
                "accuracy": arm["accuracy"],
                "cases": {
                    f"{one.case_id}#{number}": [one.case_hash[:16], one.expected, one.predicted, one.correct]
                    for number, one in _numbered(arms[arm["name"]])
                },
            }
            for arm in report["arms"]
        ],
    }


def _numbered(outcomes: Sequence[Outcome]) -> list[tuple[int, Outcome]]:
    """Each outcome with how many of the same case stand before it, in case order."""
    seen: dict[str, int] = {}
    numbered = []
    for one in sorted(outcomes, key=lambda outcome: outcome.case_id):
        number = seen.get(one.case_id, 0)
        seen[one.case_id] = number + 1
        numbered.append((number, one))
    return numbered


def _from_file(path: Path) -> Baseline:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema_version"] != REPORT_SCHEMA_VERSION:
            raise RunMismatch(f"{path}: schema_version {document['schema_version']!r} is not {REPORT_SCHEMA_VERSION}")
        read = _blessed if document.get("kind") == BASELINE_KIND else _reported
        arms = {arm["name"]: read(arm) for arm in document["arms"]}
        labels = tuple(document["taxonomy"]["labels"])
        prompts = {arm["name"]: arm["prompt_sha256"] for arm in document["arms"]}
    except FileNotFoundError:
        raise RunMismatch(f"{path}: no such file; give a run id, a report.json or a baseline file") from None
    except (OSError, ValueError) as exc:
        raise RunMismatch(f"{path}: cannot be read as a report ({exc})") from exc
    except (KeyError, TypeError, AttributeError) as exc:
        raise RunMismatch(f"{path}: neither a report.json with its cases nor a baseline file (no {exc})") from exc
    return Baseline(ref=str(path), labels=labels, arms=arms, prompts=prompts)


def _reported(arm: Mapping[str, Any]) -> list[Outcome]:
    from omniforge_cli.scoring.compare import outcome_of_case

    return [outcome_of_case(case) for case in arm["cases"]]


def _blessed(arm: Mapping[str, Any]) -> list[Outcome]:
    return [
        Outcome(case_id=key.rpartition("#")[0], case_hash=case_hash, expected=expected, predicted=predicted, correct=correct)
        for key, (case_hash, expected, predicted, correct) in arm["cases"].items()
    ]
