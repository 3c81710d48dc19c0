"""The options that `eval` and `replay` share, and what they mean as `EvalOptions`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from omniforge_cli.cli.options import CommonFlags, StorageFlags, common_options, model_options, storage_options

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_GATES: Final = Path("evalsets") / "gates.yaml"


KEPT: Final = (
    *("evalsets", "models", "prompts", "taxonomy", "analyzer", "api_base", "provider", "cascade_threshold", "timeout_s"),
    *("concurrency", "retries", "repeats", "limit", "tags", "seed", "no_fallback", "inject", "offline", "sweep"),
    *("source", "conversation", "since", "until", "action", "sample", "user"),
)
"""Flags that a resumption takes over from the run where they are not typed again."""


class EvalFlags(CommonFlags, StorageFlags):
    """What `eval` takes; `replay` takes the same, and where the conversations come from."""

    evalsets: tuple[str, ...]
    models: tuple[str, ...]
    prompts: tuple[str, ...]
    taxonomy: str | None
    analyzer: str | None
    api_base: str | None
    provider: str | None
    cascade_threshold: float | None
    timeout_s: float | None
    concurrency: str | None
    retries: int | None
    repeats: int | None
    limit: int | None
    tags: str | None
    seed: int | None
    output_dir: str | None
    formats: str
    github: bool
    dry_run: bool
    sweep: bool
    gates: str | None
    min_accuracy: float | None
    min_macro_f1: float | None
    max_p95_ms: float | None
    max_mean_cost_usd: float | None
    max_fallback_rate: float | None
    no_regression_from: str | None
    max_errors: float | None
    no_fallback: bool
    resume: str | None
    retry_errors: bool
    cache: bool
    refresh: bool
    record: str | None
    offline: str | None
    inject: str | None
    rpm: float | None
    tpm: float | None
    max_cost_usd: float | None
    timeout_run: float | None


class Concurrency(click.ParamType[str]):
    """A whole number over 0, or `auto`."""

    name = "n|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text, checked."""
        if value != "auto" and not (str(value).isdigit() and 1 <= int(value) <= 1024):
            self.fail(f"{value!r} is neither a whole number from 1 to 1024 nor `auto`", param, ctx)
        return str(value)


def evaluation_options(command: Command) -> Command:
    """Everything that `eval` and `replay` have in common."""
    share = click.FloatRange(0, 1)
    options = [
        click.option("--prompt", "prompts", multiple=True, metavar="REF", help="Prompt version; repeatable.  [default: intent]"),
        click.option("--model", "models", multiple=True, metavar="NAME", help="Model; repeatable."),
        model_options,
        click.option("--timeout", "timeout_s", type=float, metavar="SECONDS", help="Longest that one attempt may take.  [default: 5]"),
        click.option("--concurrency", type=Concurrency(), help="Attempts under way at once; auto finds out.  [default: 16]"),
        click.option("--retries", type=click.IntRange(0, 20), help="Further attempts after a retryable error.  [default: 2]"),
        click.option("--repeats", type=click.IntRange(1, 1000), help="How often each case is asked.  [default: 1]"),
        click.option("--limit", type=click.IntRange(1), help="Only the first N cases, after --tags."),
        click.option("--tags", metavar="A,B", help="Only cases with one of these tags."),
        click.option("--seed", type=int, help="Seed of resampling and of the provider, where it takes one.  [default: 0]"),
        click.option("--output-dir", metavar="DIR", help="Where the run's folder is made.  [default: reports]"),
        click.option(
            "--formats", metavar="LIST", default="all", show_default=True, help="Report files: html,md,json,junit,parquet,csv; all, none."
        ),
        click.option("--dry-run", is_flag=True, help="Tell calls, tokens, cost and time; send and write nothing."),
        click.option("--sweep", is_flag=True, help="Decide every case locally too: what would a cascade give at each threshold?"),
        click.option("--github", is_flag=True, help="In GitHub Actions: step summary, annotations, and comment.md beside the reports."),
        click.option("--gates", metavar="FILE|none", help="Gates file.  [default: ./evalsets/gates.yaml when it is there]"),
        click.option("--min-accuracy", type=share, help="Gate: accuracy at least this."),
        click.option("--min-macro-f1", type=share, help="Gate: macro-F1 at least this."),
        click.option("--max-p95-ms", type=click.FloatRange(0), help="Gate: 95th percentile of latency at most this."),
        click.option("--max-mean-cost-usd", type=click.FloatRange(0), help="Gate: mean cost of a message at most this."),
        click.option("--max-fallback-rate", type=share, help="Gate: share of fallback answers at most this."),
        click.option("--no-regression-from", metavar="RUN|FILE", help="Gate: not worse, beyond noise, than that run, report or baseline."),
        click.option("--max-errors", type=share, help="Share of provider outages over which the run is undecided."),
        click.option("--no-fallback", is_flag=True, help="Count a failed LLM answer as an error instead of asking offline."),
        click.option("--resume", metavar="RUN|last", help="Go on with an interrupted run: ask only what is missing."),
        click.option("--retry-errors", is_flag=True, help="With --resume: ask again what failed."),
        click.option("--cache/--no-cache", default=False, help="Use answers that the database keeps, and keep the new ones."),
        click.option("--refresh", is_flag=True, help="Ask again what is kept, and replace it."),
        click.option("--record", metavar="FILE", help="Write every answer to a file that --offline replays (JSONL, to commit)."),
        click.option("--offline", metavar="FILE", help="Answer from that file alone, with no network; a missing answer is exit 6."),
        click.option("--rpm", type=click.FloatRange(0, min_open=True), help="Requests a minute, at most."),
        click.option("--tpm", type=click.FloatRange(0, min_open=True), help="Tokens a minute, at most."),
        click.option("--max-cost-usd", type=click.FloatRange(0), help="Stop, resumably, before the run has cost more."),
        click.option("--timeout-run", type=click.FloatRange(0, min_open=True), help="Stop, resumably, after so many seconds."),
        click.option("--inject", metavar="SPEC", help="Faults on purpose: 429:0.1,timeout:0.05,bad_json:0.02,slow:0.1@800ms."),
        storage_options,
        common_options,
    ]
    for option in reversed(options):
        command = option(command)
    return command
