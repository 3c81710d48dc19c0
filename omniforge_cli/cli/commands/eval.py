"""`omniforge eval`: measure, compare, gate."""

from __future__ import annotations

from typing import Unpack

import click

from omniforge_cli.cli.eval_options import EvalFlags, evaluation_options
from omniforge_cli.wiring.running import collect_rarely, share_often


@click.command("eval")
@click.option(
    "--evalset", "evalsets", multiple=True, metavar="REF|PATH", help="Eval set; repeatable, then ids become set/id.  [default: intent]"
)
@evaluation_options
def command(**flags: Unpack[EvalFlags]) -> int:
    """Measure prompts, models and analyzers on eval sets, compare them, and gate CI.

    Every combination of --prompt and --model is an arm. Exit code: 0 every gate passed, 1 a gate failed, 3 undecided.
    """
    collect_rarely()
    share_often()
    from omniforge_cli.cli.measuring import run_eval  # noqa: PLC0415 - `--help` must not pay for what measuring loads

    return run_eval(flags)
