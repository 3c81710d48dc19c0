"""`omniforge report`: a past run's reports again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Unpack

import click

from omniforge_cli.cli import output
from omniforge_cli.cli.diagnostics import ExitCode
from omniforge_cli.cli.invocation import settings_from
from omniforge_cli.cli.options import CommonFlags, StorageFlags, common_options, storage_options
from omniforge_cli.wiring.reports import read_formats, write_reports
from omniforge_cli.wiring.runs import load_finished


class ReportFlags(CommonFlags, StorageFlags):
    """What `report` takes."""

    run: str
    formats: str
    output_dir: str


@click.command("report")
@click.argument("run", metavar="RUN|FILE")
@click.option("--formats", metavar="LIST", default="all", show_default=True, help="Report files: html,md,json,junit,parquet,csv; all.")
@click.option("--output-dir", metavar="DIR", default="reports", show_default=True, help="The files go into DIR/<run id>.")
@storage_options
@common_options
def command(**flags: Unpack[ReportFlags]) -> int:
    """Write the reports of a past run again: RUN is an id, `last`, or a report.json."""
    settings = settings_from(flags)
    formats = read_formats(flags["formats"])
    finished = asyncio.run(load_finished(flags["run"], settings))
    files = write_reports(finished, Path(flags["output_dir"]).resolve() / finished.report.run_id, formats)
    if settings.format == "json":
        output.json_line({"run_id": finished.report.run_id, "files": [str(path) for path in files]})
    else:
        output.write("".join(f"{path}\n" for path in files))
    return ExitCode.OK
