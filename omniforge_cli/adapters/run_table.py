"""Runs -> `runs.parquet`, a row an arm (pandas)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from omniforge_cli.core.report import Report
from omniforge_cli.core.run import Run


def write(runs: Iterable[tuple[Run, Report]], parquet: Path) -> None:
    """Write a row for each arm of each run, with its main numbers."""
    rows = [
        {
            "run_id": run.run_id,
            "created_at": run.created_at,
            "command": run.command,
            "status": run.status.value,
            "evalset": run.evalset,
            "evalset_sha256": report.evalset.get("sha256"),
            "arm": arm.name,
            "analyzer": arm.analyzer,
            "model": arm.model,
            "prompt": arm.prompt,
            "n": arm.n,
            "n_errors": arm.n_errors,
            "n_fallbacks": arm.n_fallbacks,
            "accuracy": arm.accuracy.value,
            "accuracy_ci_low": arm.accuracy.ci_low,
            "accuracy_ci_high": arm.accuracy.ci_high,
            "macro_f1": arm.macro_f1,
            "latency_p95_ms": arm.latency_ms.p95,
            "cost_mean_usd": arm.cost_usd.mean,
            "cost_total_usd": arm.cost_usd.total,
        }
        for run, report in runs
        for arm in report.arms
    ]
    partial = parquet.with_name(parquet.name + ".partial")
    pd.DataFrame(rows).to_parquet(partial, index=False)
    partial.replace(parquet)
