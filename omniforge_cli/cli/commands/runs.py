"""`omniforge runs`: past runs."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Unpack

import click

from omniforge_cli.cli import output
from omniforge_cli.cli.diagnostics import ExitCode
from omniforge_cli.cli.invocation import settings_from
from omniforge_cli.cli.options import CommonFlags, StorageFlags, common_options, storage_options
from omniforge_cli.core.run import Run
from omniforge_cli.files.writing import write_whole
from omniforge_cli.reporting import json as json_report
from omniforge_cli.wiring.runs import blessed_form, export_runs, list_runs, load_finished, stored_reports


class RunsFlags(CommonFlags, StorageFlags):
    """What every `runs` command takes."""


class OneRunFlags(RunsFlags):
    """A command about one run."""

    run: str


class ListFlags(RunsFlags):
    """What `runs list` takes."""

    limit: int


class BlessFlags(OneRunFlags):
    """What `runs bless` takes."""

    to: str


class ExportFlags(RunsFlags):
    """What `runs export` takes."""

    runs: tuple[str, ...]
    to: str


class TrendFlags(RunsFlags):
    """What `runs trend` takes."""

    evalset: str | None
    html: str | None
    last: int


@click.group("runs")
def command() -> None:
    """Past runs: list, show, export, bless, trend."""


@command.command("list")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The newest N.")
@storage_options
@common_options
def list_command(**flags: Unpack[ListFlags]) -> int:
    """List runs, the newest first."""
    settings = settings_from(flags)
    runs = asyncio.run(list_runs(settings, flags["limit"]))
    if settings.format == "json":
        output.json_line([_plain(run) for run in runs])
    elif not runs:
        output.line("There is no run yet; `omniforge eval` makes one.")
    else:
        rows = [(run.run_id, run.command, run.status.value, run.evalset, _accuracies(run)) for run in runs]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        output.write("".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows))
    return ExitCode.OK


@command.command("show")
@click.argument("run", metavar="RUN")
@storage_options
@common_options
def show_command(**flags: Unpack[OneRunFlags]) -> int:
    """Show the result of a run: its id, the beginning of it, or `last`."""
    from omniforge_cli.reporting import terminal  # noqa: PLC0415 - `--help` must not pay for what drawing loads

    settings = settings_from(flags)
    finished = asyncio.run(load_finished(flags["run"], settings))
    if settings.format == "json":
        output.write(json_report.render(finished.report))
    else:
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        output.write(terminal.render(finished.report, width=shutil.get_terminal_size((100, 24)).columns, encoding=encoding))
    return ExitCode.OK


@command.command("bless")
@click.argument("run", metavar="RUN|FILE")
@click.option("--to", required=True, metavar="FILE", help="Baseline file to write, for --no-regression-from.")
@storage_options
@common_options
def bless_command(**flags: Unpack[BlessFlags]) -> int:
    """Make a run the baseline: a small file to commit, which later runs are held against."""
    settings = settings_from(flags)
    finished = asyncio.run(load_finished(flags["run"], settings))
    write_whole(Path(flags["to"]), _diff_stable(blessed_form(finished)))
    output.line(f"{flags['to']}: {finished.report.run_id} is the baseline now")
    return ExitCode.OK


@command.command("export")
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--to", required=True, metavar="DIR", help="Folder for runs.parquet and cases.parquet.")
@storage_options
@common_options
def export_command(**flags: Unpack[ExportFlags]) -> int:
    """Write runs (all of the tenant's, or those named) as Parquet, for SQL."""
    settings = settings_from(flags)
    files = asyncio.run(export_runs(settings, flags["runs"], Path(flags["to"])))
    output.write("".join(f"{path}\n" for path in files))
    return ExitCode.OK


@command.command("trend")
@click.option("--evalset", metavar="REF", help="Only runs on this eval set: a name, or name@version.")
@click.option("--last", type=click.IntRange(1), default=20, show_default=True, help="The newest N runs of each arm.")
@click.option("--html", metavar="FILE", help="Write it as a page too.")
@storage_options
@common_options
def trend_command(**flags: Unpack[TrendFlags]) -> int:
    """Accuracy, latency and cost from run to run, for each arm on each eval set."""
    from omniforge_cli.reporting import trend  # noqa: PLC0415 - `--help` must not pay for what drawing loads

    settings = settings_from(flags)
    reports = asyncio.run(stored_reports(settings, flags["evalset"]))
    if flags["html"]:
        write_whole(Path(flags["html"]), trend.render_html(reports, last=flags["last"]))
    if settings.format == "json":
        found = trend.trends(reports)
        output.json_line([asdict(replace(one, points=one.points[-flags["last"] :])) for one in found])
    else:
        width, encoding = shutil.get_terminal_size((100, 24)).columns, getattr(sys.stdout, "encoding", None) or "utf-8"
        output.write(trend.render_text(reports, width=width, encoding=encoding, last=flags["last"]))
    return ExitCode.OK


def _plain(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "created_at": run.created_at.isoformat(),
        "command": run.command,
        "evalset": run.evalset,
        "arms": [arm.name for arm in run.arms],
        "status": run.status.value,
        "n_samples": run.n_samples,
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
        "output_dir": run.output_dir,
        "accuracy": {arm["name"]: arm["accuracy"]["value"] for arm in run.summary.get("arms", ())},
    }


def _accuracies(run: Run) -> str:
    told = [(arm["name"], arm["accuracy"]["value"]) for arm in run.summary.get("arms", ())]
    return ", ".join(f"{name} {value:.1%}" for name, value in told if value is not None) or ", ".join(arm.name for arm in run.arms)


def _diff_stable(document: dict[str, Any]) -> str:
    """JSON with one case a line, so that a diff shows which answers changed."""
    text = json.dumps({**document, "arms": "@"}, ensure_ascii=False, indent=2)
    arms = []
    for arm in document["arms"]:
        head = json.dumps({**arm, "cases": "@"}, ensure_ascii=False)
        cases = ",\n".join("      " + json.dumps(case, ensure_ascii=False) for case in arm["cases"])
        arms.append("    " + head.replace('"@"', f"[\n{cases}\n    ]"))
    return text.replace('"@"', "[\n" + ",\n".join(arms) + "\n  ]") + "\n"
