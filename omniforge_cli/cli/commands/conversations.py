"""`omniforge conversations`: what is stored, always within one tenant."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar, Unpack

import click

from omniforge_cli.api import conversations as stored
from omniforge_cli.cli import output
from omniforge_cli.cli.diagnostics import ExitCode, say
from omniforge_cli.cli.invocation import settings_from
from omniforge_cli.cli.options import CommonFlags, StorageFlags, common_options, storage_options
from omniforge_cli.core.conversation import Conversation, Message
from omniforge_cli.wiring.storage import redactor

Command = TypeVar("Command", bound=Callable[..., Any])


class StoredFlags(CommonFlags, StorageFlags):
    """What every `conversations` command takes."""


class PageFlags(StoredFlags):
    """A page of a list."""

    limit: int
    offset: int


class ShowFlags(PageFlags):
    """What `conversations show` takes."""

    conversation: str


class ImportFlags(StoredFlags):
    """What `conversations import` takes."""

    file: str


class ExportFlags(StoredFlags):
    """What `conversations export` takes."""

    conversation: str | None
    to: str | None
    redact: bool


class DeleteFlags(StoredFlags):
    """What `conversations delete` takes."""

    conversation: str
    yes: bool


class PruneFlags(StoredFlags):
    """What `conversations prune` takes."""

    older_than: timedelta
    yes: bool


class Age(click.ParamType[timedelta]):
    """An age: 12h, 30d, 8w."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The age."""
        match = re.fullmatch(r"(\d{1,5})([hdw])", str(value))
        if match is None:
            self.fail(f"{value!r} is no age; write it like 12h, 30d or 8w", param, ctx)
        return timedelta(hours=int(match[1]) * {"h": 1, "d": 24, "w": 168}[match[2]])


@click.group("conversations")
def command() -> None:
    """Stored conversations: list, show, import, export, delete, prune. Always within one tenant."""


def _paged(default: int) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        command = click.option("--offset", type=click.IntRange(0), default=0, show_default=True, help="Leave out the first N.")(command)
        return click.option("--limit", type=click.IntRange(1), default=default, show_default=True, help="At most N.")(command)

    return decorate


@command.command("list")
@_paged(50)
@storage_options
@common_options
def list_command(**flags: Unpack[PageFlags]) -> int:
    """List conversations, the one that moved last first."""
    settings = settings_from(flags)
    found = asyncio.run(stored.list_conversations(settings, limit=flags["limit"], offset=flags["offset"]))
    if settings.format == "json":
        output.json_line([_plain(conversation) for conversation in found])
    elif not found:
        output.line("There is no conversation here yet; `omniforge chat` makes one.")
    for conversation in found if settings.format == "text" else ():
        output.line(f"{conversation.id}  {conversation.updated_at:%Y-%m-%d %H:%M}  {conversation.user_id}  {conversation.title}")
    return ExitCode.OK


@command.command("show")
@click.argument("conversation", metavar="ID")
@_paged(200)
@storage_options
@common_options
def show_command(**flags: Unpack[ShowFlags]) -> int:
    """Show the messages of a conversation, the oldest first."""
    settings = settings_from(flags)
    head, messages = asyncio.run(stored.show(settings, flags["conversation"], limit=flags["limit"], offset=flags["offset"]))
    if settings.format == "json":
        output.json_line({**_plain(head), "messages": [_message(message) for message in messages]})
        return ExitCode.OK
    output.line(f"{head.title or 'untitled'} ({head.id}, {head.user_id}, {head.updated_at:%Y-%m-%d %H:%M} UTC)")
    for message in messages:
        decision = message.metadata.get("decision") or {}
        output.line(f"{message.role}: {message.content}" + (f"   [{decision['action_type']}]" if "action_type" in decision else ""))
    return ExitCode.OK


@command.command("import")
@click.argument("file", metavar="FILE")
@storage_options
@common_options
def import_command(**flags: Unpack[ImportFlags]) -> int:
    """Import conversations from JSONL or Parquet. The same file twice changes nothing; a file of another tenant is refused whole."""
    settings = settings_from(flags)
    imported = asyncio.run(stored.import_file(settings, Path(flags["file"])))
    plain = {"conversations": imported.conversations, "messages": imported.messages}
    if settings.format == "json":
        output.json_line(plain)
    else:
        output.line(f"{imported.conversations} new conversations, {imported.messages} new messages")
    return ExitCode.OK


@command.command("export")
@click.argument("conversation", metavar="[ID]", required=False)
@click.option("--to", metavar="FILE", help="JSONL or .parquet file.  [default: JSONL on stdout]")
@click.option("--redact/--no-redact", default=False, help="Mask keys, tokens, passwords and card numbers.")
@storage_options
@common_options
def export_command(**flags: Unpack[ExportFlags]) -> int:
    """Export one conversation, or all of the tenant's, in the interchange form."""
    settings = settings_from(flags)
    redact = redactor() if flags["redact"] else str
    if flags["to"]:
        written = asyncio.run(stored.export_file(settings, Path(flags["to"]), flags["conversation"], redact))
        say(f"omniforge: {written} conversations are in {flags['to']}")
        return ExitCode.OK
    asyncio.run(stored.export_each(settings, flags["conversation"], redact, output.json_line))
    return ExitCode.OK


@command.command("delete")
@click.argument("conversation", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@storage_options
@common_options
def delete_command(**flags: Unpack[DeleteFlags]) -> int:
    """Delete a conversation with all its messages; no trace of the text is left in the database."""
    settings = settings_from(flags)
    head, _ = asyncio.run(stored.show(settings, flags["conversation"], limit=1, offset=0))
    if not flags["yes"]:
        _ask(f"Delete conversation {head.id} ({head.title or 'untitled'})?")
    asyncio.run(stored.delete(settings, head.id))
    output.line(f"{head.id} is deleted")
    return ExitCode.OK


@command.command("prune")
@click.option("--older-than", type=Age(), required=True, help="Age since the last message: 12h, 30d, 8w.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@storage_options
@common_options
def prune_command(**flags: Unpack[PruneFlags]) -> int:
    """Delete every conversation that has not moved for a time."""
    settings = settings_from(flags)
    if not flags["yes"]:
        _ask(f"Delete every conversation of tenant {settings.tenant} that has not moved for {flags['older_than']}?")
    removed = asyncio.run(stored.prune(settings, flags["older_than"]))
    output.line(f"{removed} conversations are deleted")
    return ExitCode.OK


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here; add --yes to delete")
    click.confirm(question, abort=True, err=True)


def _plain(head: Conversation) -> dict[str, Any]:
    return {
        "conversation_id": head.id,
        "tenant_id": head.tenant_id,
        "user_id": head.user_id,
        "title": head.title,
        "created_at": head.created_at.isoformat(),
        "updated_at": head.updated_at.isoformat(),
        "metadata": json.loads(json.dumps(dict(head.metadata))),
    }


def _message(message: Message) -> dict[str, Any]:
    return {
        "role": message.role,
        "content": message.content,
        "created_at": message.created_at.isoformat() if message.created_at else None,
        "metadata": dict(message.metadata),
    }
