from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from omniforge_cli.adapters import run_table
from omniforge_cli.core.run import Run, RunStatus
from tests.reporting.samples import report


def test_runs_are_a_row_an_arm_for_sql(tmp_path: Path) -> None:
    run = Run(
        run_id="r1",
        tenant_id="t",
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        command="eval",
        evalset="desk@v1",
        arms=(),
        fingerprint={},
        status=RunStatus.FAIL,
        output_dir="reports",
        n_samples=120,
    )
    run_table.write([(run, report())], tmp_path / "runs.parquet")
    rows = pd.read_parquet(tmp_path / "runs.parquet")
    assert rows[["run_id", "arm", "status", "n"]].values.tolist() == [["r1", "local", "fail", 60], ["r1", "llm:tiny:desk@v2", "fail", 60]]
    assert rows["accuracy"].tolist() == [48 / 60, 53 / 60]
