"""Option groups shared by commands, with the TypedDicts they fill. A flag that was not typed arrives as None."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


class CommonFlags(TypedDict):
    """How results and diagnostics are shown; every command has these."""

    format: str | None
    log_format: str | None
    quiet: bool
    verbose: int


class StorageFlags(TypedDict):
    """Which database, and whose rows."""

    db: str | None
    tenant: str | None
    user: str | None


class RoutingFlags(CommonFlags, StorageFlags):
    """Which analyzer decides, and how it is asked."""

    model: str | None
    api_base: str | None
    prompt: str | None
    taxonomy: str | None
    analyzer: str | None
    provider: str | None
    timeout_s: float | None
    cascade_threshold: float | None


def _group(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def common_options(command: Command) -> Command:
    """--format, --log-format, -q, -v."""
    return _group(
        click.option("--format", "format", type=click.Choice(["text", "json"]), help="How results are printed.  [default: text]"),
        click.option("--log-format", type=click.Choice(["text", "json"]), help="How log lines on stderr are written.  [default: text]"),
        click.option("-q", "--quiet", is_flag=True, help="Only errors on stderr."),
        click.option("-v", "--verbose", count=True, help="-v tells what happens, -vv everything, with tracebacks."),
    )(command)


def storage_options(command: Command) -> Command:
    """--db, --tenant, --user."""
    return _group(
        click.option("--db", metavar="PATH", help="DuckDB file of conversations, runs and recorded answers."),
        click.option("--tenant", metavar="ID", help="Tenant whose data is seen.  [default: default-tenant]"),
        click.option("--user", metavar="ID", help="User who owns what is created; a filter where it is typed."),
    )(command)


def taxonomy_option(command: Command) -> Command:
    """--taxonomy."""
    return click.option(
        "--taxonomy",
        metavar="NAME|FILE|DIR",
        help="Labels to route to: a packaged name, a file, or a trained folder.  [default: omniforge]",
    )(command)


def model_options(command: Command) -> Command:
    """--analyzer and how the LLM is asked, all but --model and --prompt, which `eval` takes several times."""
    return _group(
        taxonomy_option,
        click.option(
            "--analyzer",
            type=click.Choice(["auto", "llm", "local", "keyword", "cascade"]),
            help="What decides. auto: llm where a model or key is configured, else local.  [default: auto]",
        ),
        click.option("--api-base", metavar="URL", help="Base URL of an OpenAI-compatible endpoint."),
        click.option("--provider", type=click.Choice(["auto", "direct", "litellm"]), help="Adapter that makes the calls.  [default: auto]"),
        click.option(
            "--cascade-threshold",
            type=click.FloatRange(0, 1),
            help="Confidence at which `cascade` trusts the local answer.  [default: 0.8]",
        ),
    )(command)


def routing_options(command: Command) -> Command:
    """Everything that decides how a message is routed."""
    return _group(
        click.option(
            "--model", metavar="NAME", help="Model, as litellm names it (gpt-4o-mini, anthropic/claude-haiku-4-5, openai/NAME …)."
        ),
        click.option("--prompt", metavar="REF", help="Prompt version, name@version or a name for its newest.  [default: intent]"),
        click.option("--timeout", "timeout_s", type=float, metavar="SECONDS", help="Longest that a decision may take.  [default: 5]"),
        model_options,
        storage_options,
        common_options,
    )(command)
