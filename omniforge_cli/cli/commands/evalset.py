"""`omniforge evalset`: eval sets, looked at, checked, changed and released."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Unpack

import click

from omniforge_cli.cli import evalset_text as text
from omniforge_cli.cli import output
from omniforge_cli.cli.diagnostics import ExitCode, say
from omniforge_cli.cli.invocation import settings_from
from omniforge_cli.cli.options import CommonFlags, common_options, taxonomy_option
from omniforge_cli.wiring import evalset_drafts as drafts
from omniforge_cli.wiring import evalsets

_FORMS = ("auto", "clinc150", "banking77", "jsonl", "csv", "yaml", "promptfoo")


class OneFlags(CommonFlags):
    """A command about one eval set."""

    ref: str


class ShowFlags(OneFlags):
    """What `evalset show` takes."""

    tags: str | None
    labels: tuple[str, ...]
    limit: int | None


class CheckFlags(CommonFlags):
    """What `evalset check` takes."""

    refs: tuple[str, ...]
    taxonomy: str | None
    data: str | None


class StatsFlags(OneFlags):
    """What `evalset stats` takes."""

    taxonomy: str | None


class DiffFlags(CommonFlags):
    """What `evalset diff` takes."""

    a: str
    b: str


class AddFlags(OneFlags):
    """What `evalset add` takes: the fields of a case."""

    message: str
    expected_action: str
    id: str | None
    acceptable_actions: tuple[str, ...]
    entities: tuple[str, ...]
    expected_ambiguous: bool | None
    history: str | None
    agents: str | None
    tags: tuple[str, ...]
    note: str | None
    taxonomy: str | None


@click.group("evalset")
def command() -> None:
    """Eval sets: list, show, check, stats, diff, add, import, export, release.

    REF is name@version, or a name for its newest version; ./evalsets shadows what came with omniforge. A path will do too.
    """


@command.command("list")
@common_options
def list_command(**flags: Unpack[CommonFlags]) -> int:
    """List the eval sets of this folder and of the package."""
    settings = settings_from(flags)
    found = evalsets.listed()
    if settings.format == "json":
        output.json_line([{**asdict(entry), "file": str(entry.file)} for entry in found])
    else:
        output.write(text.listing(found))
    return ExitCode.OK


@command.command("show")
@click.argument("ref", metavar="REF|PATH")
@click.option("--tags", metavar="A,B", help="Only cases with one of these tags.")
@click.option("--label", "labels", multiple=True, metavar="LABEL", help="Only cases with this expected action; repeatable.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N cases, after the others.")
@common_options
def show_command(**flags: Unpack[ShowFlags]) -> int:
    """Show the cases of an eval set."""
    settings = settings_from(flags)
    evalset = evalsets.load(flags["ref"])
    shown = evalsets.chosen(evalset, tags=words(flags["tags"]), labels=flags["labels"], limit=flags["limit"])
    if settings.format == "json":
        output.json_line(evalsets.plain(shown))
    else:
        output.write(text.cases(shown))
    return ExitCode.OK


@command.command("check")
@click.argument("refs", nargs=-1, metavar="[REF|PATH]...")
@click.option("--data", metavar="DIR", help="Folder of training messages (JSONL) that no case may stand in.  [default: ./data if there]")
@taxonomy_option
@common_options
def check_command(**flags: Unpack[CheckFlags]) -> int:
    """Look for mistakes: in the named eval sets, or in all of them and their lock.

    Errors (exit 2): a broken file, an unknown label, the same message with two labels, a message of some length that the training
    data or a prompt's examples hold too, a released file that was changed.

    Warnings (exit 0): duplicates and near-duplicates, near leaks, labels without a case, classes of very different size.
    """
    settings = settings_from(flags)
    checked = evalsets.check(flags["refs"], settings, flags["data"])
    if settings.format == "json":
        output.json_line([asdict(one) for one in checked])
    else:
        output.write(text.findings(checked))
    return ExitCode.USAGE if any(one.has_errors for one in checked) else ExitCode.OK


@command.command("stats")
@click.argument("ref", metavar="REF|PATH")
@taxonomy_option
@common_options
def stats_command(**flags: Unpack[StatsFlags]) -> int:
    """Count the cases of an eval set: by label, by tag, by kind."""
    settings = settings_from(flags)
    counted = evalsets.stats(flags["ref"], settings)
    if settings.format == "json":
        output.json_line(counted)
    else:
        output.write(text.counts(counted))
    return ExitCode.OK


@command.command("diff")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@common_options
def diff_command(**flags: Unpack[DiffFlags]) -> int:
    """Show what changed from eval set A to B: cases added, removed, renamed and changed."""
    settings = settings_from(flags)
    found = evalsets.diff(flags["a"], flags["b"])
    if settings.format == "json":
        output.json_line(asdict(found))
    else:
        output.write(text.difference(found))
    return ExitCode.OK


@command.command("add")
@click.argument("ref", metavar="REF")
@click.option("--message", required=True, metavar="TEXT", help="What the user writes.")
@click.option("--label", "expected_action", required=True, metavar="LABEL", help="The expected action.")
@click.option("--id", metavar="ID", help="Id of the case.  [default: its first tag, its label and a number]")
@click.option("--acceptable", "acceptable_actions", multiple=True, metavar="LABEL", help="Another right answer; repeatable.")
@click.option("--entity", "entities", multiple=True, metavar="NAME=VALUE", help="An expected entity; repeatable.")
@click.option("--ambiguous/--clear", "expected_ambiguous", default=None, help="Whether asking back is right.")
@click.option("--history", metavar="FILE", help="Conversation before it: a JSON or YAML list of {role, content}.")
@click.option("--agents", metavar="FILE", help="The user's agents, as JSON or YAML.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag; repeatable.")
@click.option("--note", metavar="TEXT", help="Why the label is right, for people.")
@taxonomy_option
@common_options
def add_command(**flags: Unpack[AddFlags]) -> int:
    """Append a case to a version in ./evalsets. Comments and order stay; a released version is never touched.

    A version that is not there yet starts as a copy of the newest one: `evalset add intent@v2 …` after the release of intent@v1.
    """
    settings = settings_from(flags)
    path, case = drafts.add(flags["ref"], drafts.case_values(flags), settings)
    if settings.format == "json":
        output.json_line({"file": str(path), "id": case.id})
    else:
        output.line(f"{path}: added case {case.id}")
    return ExitCode.OK


@command.command("import")
@click.argument("file", metavar="FILE")
@click.option("--format", "form", type=click.Choice(_FORMS), default="auto", show_default=True, help="Form of FILE.")
@click.option("--split", "splits", multiple=True, metavar="NAME", help="Only this split of CLINC150's form; repeatable.  [default: all]")
@click.option("--out", required=True, metavar="PATH", help="File to write: .yaml, .jsonl or .csv.")
@click.option("--force", is_flag=True, help="Write over PATH, unless it is released.")
def import_command(file: str, form: str, splits: tuple[str, ...], out: str, force: bool) -> int:
    """Turn another tool's file into an eval set."""
    path, evalset = drafts.import_file(file, form=form, splits=splits, out=out, force=force)
    output.line(f"{path}: {len(evalset.cases)} cases, {len({case.expected_action for case in evalset.cases})} labels")
    return ExitCode.OK


@command.command("export")
@click.argument("ref", metavar="REF|PATH")
@click.option("--format", "form", type=click.Choice(_FORMS[3:]), help="Form to write.  [default: that of --out's name, else yaml]")
@click.option("--out", metavar="PATH", help="File to write.  [default: stdout]")
def export_command(ref: str, form: str | None, out: str | None) -> int:
    """Write an eval set in another form."""
    form = form or (Path(out).suffix.removeprefix(".") if out else "yaml")
    exported = drafts.text_of(evalsets.load(ref), form)
    if out is None:
        output.write(exported)
        return ExitCode.OK
    drafts.export_to(out, exported)
    say(f"omniforge: wrote {out}")
    return ExitCode.OK


@command.command("release")
@click.argument("ref", metavar="REF")
@common_options
def release_command(**flags: Unpack[OneFlags]) -> int:
    """Lock a version in ./evalsets: from now on it never changes, and `check` says when it did."""
    settings = settings_from(flags)
    path, sha256 = drafts.release(flags["ref"])
    if settings.format == "json":
        output.json_line({"file": str(path), "sha256": sha256})
    else:
        output.line(f"{path}: released, sha256 {sha256}")
    return ExitCode.OK


def words(text: str | None) -> tuple[str, ...]:
    """The words of a comma-separated option."""
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())
