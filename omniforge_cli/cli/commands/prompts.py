"""`omniforge prompts`: prompt versions, looked at, copied, checked and released."""

from __future__ import annotations

from dataclasses import asdict
from typing import Unpack

import click

from omniforge_cli.cli import output
from omniforge_cli.cli.diagnostics import ExitCode
from omniforge_cli.cli.invocation import settings_from
from omniforge_cli.cli.options import CommonFlags, common_options, taxonomy_option
from omniforge_cli.reporting.plaintext import aligned, fitted
from omniforge_cli.wiring import prompts


class OneFlags(CommonFlags):
    """A command about one prompt version."""

    ref: str


class DiffFlags(CommonFlags):
    """What `prompts diff` takes."""

    a: str
    b: str


class NewFlags(CommonFlags):
    """What `prompts new` takes."""

    name: str
    source: str | None
    changelog: str | None


class CheckFlags(CommonFlags):
    """What `prompts check` takes."""

    refs: tuple[str, ...]
    taxonomy: str | None


@click.group("prompts")
def command() -> None:
    """Prompt versions: list, show, diff, new, check, release.

    REF is name@version, or a name for its newest version; ./prompts shadows what came with omniforge. A path will do too.
    """


@command.command("list")
@common_options
def list_command(**flags: Unpack[CommonFlags]) -> int:
    """List the prompt versions of this folder and of the package."""
    settings = settings_from(flags)
    found = prompts.listed()
    if settings.format == "json":
        output.json_line([{**asdict(entry), "file": str(entry.file)} for entry in found])
    else:
        rows = [(entry.ref, entry.created, entry.state, entry.error or fitted(entry.description, 80)) for entry in found]
        output.write("".join(f"{line}\n" for line in aligned(rows, widest=1000)) if rows else "There is no prompt version.\n")
    return ExitCode.OK


@command.command("show")
@click.argument("ref", metavar="REF|PATH")
@common_options
def show_command(**flags: Unpack[OneFlags]) -> int:
    """Show a prompt version: its file as it stands, or with --format json what was read from it."""
    settings = settings_from(flags)
    if settings.format == "json":
        output.json_line(prompts.plain(flags["ref"]))
    else:
        output.write(prompts.source(flags["ref"]))
    return ExitCode.OK


@command.command("diff")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@common_options
def diff_command(**flags: Unpack[DiffFlags]) -> int:
    """Show what changed from prompt version A to B, as a unified diff."""
    settings = settings_from(flags)
    found = prompts.diff(flags["a"], flags["b"])
    if settings.format == "json":
        output.json_line({"a": flags["a"], "b": flags["b"], "equal": not found, "diff": found})
    else:
        output.write(found)
    return ExitCode.OK


@command.command("new")
@click.argument("name", default="intent")
@click.option("--from", "source", metavar="REF|PATH", help="Version to copy.  [default: the newest of NAME]")
@click.option("--changelog", metavar="TEXT", help="What the new version changes.")
@common_options
def new_command(**flags: Unpack[NewFlags]) -> int:
    """Start the next version of a prompt in ./prompts, as a copy of its newest version. NAME is `intent` by default."""
    settings = settings_from(flags)
    path = prompts.new(flags["name"], source_ref=flags["source"], changelog=flags["changelog"])
    if settings.format == "json":
        output.json_line({"file": str(path), "ref": f"{path.parent.name}@{path.stem}"})
    else:
        output.line(str(path))
    return ExitCode.OK


@command.command("check")
@click.argument("refs", nargs=-1, metavar="[REF|PATH]...")
@taxonomy_option
@common_options
def check_command(**flags: Unpack[CheckFlags]) -> int:
    """Look for mistakes: in the named prompt versions, or in all of them and their locks.

    Exit 2 when a file is broken, a template cannot be rendered for the taxonomy, or a released version was changed or is gone.
    """
    settings = settings_from(flags)
    checked = prompts.check(flags["refs"], settings)
    if settings.format == "json":
        output.json_line([asdict(one) for one in checked])
    else:
        output.write("".join(f"{line}\n" for one in checked for line in _told(one)))
    return ExitCode.USAGE if any(one.errors for one in checked) else ExitCode.OK


@command.command("release")
@click.argument("ref", metavar="REF")
@common_options
def release_command(**flags: Unpack[OneFlags]) -> int:
    """Lock a version in ./prompts: from now on it never changes, and `check` says when it did."""
    settings = settings_from(flags)
    path, sha256 = prompts.release(flags["ref"])
    if settings.format == "json":
        output.json_line({"file": str(path), "sha256": sha256})
    else:
        output.line(f"{path}: released, sha256 {sha256}")
    return ExitCode.OK


def _told(one: prompts.Checked) -> list[str]:
    return [f"{one.ref}: {one.state}, {'ok' if not one.errors else 'not ok'}", *(f"  error  {error}" for error in one.errors)]
