"""Settings -> stored conversations: the repository, chat, and conversations from files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omniforge_cli.core.conversation import Transcript
from omniforge_cli.core.settings import Settings
from omniforge_cli.wiring.storage import database

if TYPE_CHECKING:
    from omniforge_cli.conversations.context import ContextLimits
    from omniforge_cli.conversations.repository import ConversationRepository


def repository(settings: Settings) -> ConversationRepository:
    """The repository of stored conversations."""
    from omniforge_cli.adapters.duckdb.conversations import DuckDBConversationRepository

    return DuckDBConversationRepository(database(settings))


def typed_user(settings: Settings) -> str | None:
    """The user to filter by: only one that somebody named; the default user is nobody in particular (contract, section 6)."""
    return None if settings.origins.get("user", "default") == "default" else settings.user


async def transcripts(
    settings: Settings,
    *,
    source: str | None = None,
    user: str | None = None,
    conversation: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> AsyncIterator[Transcript]:
    """Conversations of the settings' tenant from the database or from files; those of other tenants in a file are not seen.

    Raises:
        NotFound: the conversation that is named does not exist here.
        ConversationFileError: a file is missing or broken.
    """
    if source is None or Path(source).suffix in (".duckdb", ".db"):
        stored = repository(settings if source is None else replace(settings, db=source))
        async for transcript in stored.transcripts(
            tenant_id=settings.tenant, user_id=user, since=since, until=until, conversation_id=conversation
        ):
            yield transcript
        return
    from omniforge_cli.conversations.repository import no_such_conversation
    from omniforge_cli.files.interchange import find_files

    found = False
    for path in find_files(source):
        for transcript in file_transcripts(path, settings):
            head = transcript.conversation
            if head.tenant_id == settings.tenant and user in (None, head.user_id) and conversation in (None, head.id):
                found = True
                yield transcript
    if conversation is not None and not found:
        raise no_such_conversation(conversation)


def file_transcripts(path: Path, settings: Settings) -> Iterator[Transcript]:
    """The conversations of a JSONL or Parquet file; the settings' tenant and user stand in where a conversation names none.

    Raises:
        ConversationFileError: the file is missing or broken.
    """
    from omniforge_cli.files.interchange import read_transcripts, transcript_from

    if path.suffix != ".parquet":
        return read_transcripts(path, tenant_id=settings.tenant, user_id=settings.user)
    from omniforge_cli.adapters.transcript_tables import read_rows

    return (
        transcript_from(row, f"{path}, row {number}", tenant_id=settings.tenant, user_id=settings.user)
        for number, row in enumerate(read_rows(path), start=1)
    )


def write_parquet(rows: list[dict[str, Any]], path: Path) -> None:
    """Write interchange objects as a Parquet file."""
    from omniforge_cli.adapters.transcript_tables import write_parquet as write

    write(rows, path)


def context_limits(settings: Settings, warn: Callable[[str], None]) -> ContextLimits:
    """How much of a conversation is shown to an analyzer. Tokens are counted only where there is a budget for them."""
    from omniforge_cli.conversations.context import ContextLimits

    if settings.context_token_budget is None:
        return ContextLimits(max_messages=settings.context_max_messages)
    from omniforge_cli.adapters.tiktoken_counter import TiktokenCounter

    return ContextLimits(
        max_messages=settings.context_max_messages,
        token_budget=settings.context_token_budget,
        count_tokens=TiktokenCounter(settings.model, warn=warn),
    )
