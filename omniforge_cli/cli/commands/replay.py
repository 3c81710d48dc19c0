"""`omniforge replay`: what would be decided today, against what was decided then."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Unpack

import click

from omniforge_cli.cli.eval_options import EvalFlags, evaluation_options
from omniforge_cli.wiring.running import collect_rarely, share_often


class Moment(click.ParamType[datetime]):
    """A date or a time; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time, aware."""
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time; write it like 2026-11-22 or 2026-11-22T09:30:00Z", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class ReplayFlags(EvalFlags):
    """What `replay` takes beside what `eval` takes."""

    source: str | None
    conversation: str | None
    since: datetime | None
    until: datetime | None
    action: str | None
    sample: int | None
    min_agreement: float | None
    to_evalset: str | None
    choose: str


@click.command("replay")
@click.option(
    "--from", "source", metavar="FILE|GLOB", help="JSONL or Parquet conversations, or another DuckDB file.  [default: the database]"
)
@click.option("--conversation", metavar="ID", help="Only this conversation.")
@click.option("--since", type=Moment(), help="Only turns from this time on.")
@click.option("--until", type=Moment(), help="Only turns before this time.")
@click.option("--action", metavar="LABEL", help="Only turns that were decided so then.")
@click.option("--sample", type=click.IntRange(1), help="N turns chosen at random, by --seed.")
@click.option("--min-agreement", type=click.FloatRange(0, 1), help="Gate: agreement with the decisions made then at least this.")
@click.option("--to-evalset", metavar="FILE", help="Write chosen turns as cases for a person to label (JSONL).")
@click.option(
    "--choose",
    type=click.Choice(["changed", "unsure", "stratified"]),
    default="changed",
    show_default=True,
    help="Which turns --to-evalset takes: changed answers, low confidence, or some of each action type.",
)
@evaluation_options
def command(**flags: Unpack[ReplayFlags]) -> int:
    """Route stored conversations again and report what changed.

    Each user turn is routed with its context as it stood then; the decision made then is what is expected. Conversations are only read.
    """
    collect_rarely()
    share_often()
    from omniforge_cli.cli.replaying import run_replay  # noqa: PLC0415 - `--help` must not pay for what measuring loads

    return run_replay(flags)
