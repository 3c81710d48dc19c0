"""`omniforge compare`: what was fixed, what broke, and whether it is more than noise."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Unpack

import click

from omniforge_cli.cli import output
from omniforge_cli.cli.diagnostics import ExitCode
from omniforge_cli.cli.invocation import settings_from
from omniforge_cli.cli.options import CommonFlags, StorageFlags, common_options, storage_options
from omniforge_cli.core.report import REPORT_SCHEMA_VERSION, Comparison, Verdict


class CompareFlags(CommonFlags, StorageFlags):
    """What `compare` takes."""

    run_a: str
    run_b: str
    seed: int
    fail_on_regression: bool


@click.command("compare")
@click.argument("run_a", metavar="RUN|FILE")
@click.argument("run_b", metavar="RUN|FILE")
@click.option("--fail-on-regression", is_flag=True, help="Exit 1 when the second is worse beyond noise.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the bootstrap intervals.")
@storage_options
@common_options
def command(**flags: Unpack[CompareFlags]) -> int:
    """Compare two runs case by case: the second against the first.

    Runs are ids of the run store, report.json files, or baselines that `runs bless` wrote. Cases are matched by id and content.
    """
    from omniforge_cli.api.comparison import compared  # noqa: PLC0415 - `--help` must not pay for what comparing loads

    settings = settings_from(flags)
    found = asyncio.run(compared(flags["run_a"], flags["run_b"], settings=settings, seed=flags["seed"]))
    comparisons = found.comparisons
    if settings.format == "json":
        output.json_line(_plain(comparisons))
    else:
        output.write("\n".join(_text(comparison, found.measure) for comparison in comparisons))
    worse = any(comparison.verdict is Verdict.WORSE for comparison in comparisons)
    return ExitCode.GATE_FAILED if worse and flags["fail_on_regression"] else ExitCode.OK


def _plain(comparisons: tuple[Comparison, ...]) -> dict[str, object]:
    """All comparisons; the fields of the only one stand on top as well."""
    plain = [asdict(comparison) for comparison in comparisons]
    only = plain[0] if len(plain) == 1 else {}
    return {"schema_version": REPORT_SCHEMA_VERSION, **only, "comparisons": plain}


def _text(comparison: Comparison, measure: str) -> str:
    from omniforge_cli.scoring.explain import explain, grade  # noqa: PLC0415 - `--help` must not pay for what comparing loads

    lines = [grade(comparison.verdict, measure).replace("_", " ").upper(), explain(comparison, measure)]
    lines += [f"  {word}  {case}" for word, cases in (("fixed ", comparison.fixed), ("broken", comparison.broken)) for case in cases]
    return "\n".join(lines) + "\n"
