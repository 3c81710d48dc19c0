"""Stored conversations for the command line: each function is one unit of work within the settings' tenant.

A user filters only where somebody named one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from omniforge_cli.conversations.repository import Imported
from omniforge_cli.core.conversation import Conversation, Message
from omniforge_cli.core.errors import SettingsError
from omniforge_cli.core.settings import Settings
from omniforge_cli.files.interchange import to_row
from omniforge_cli.wiring.conversations import file_transcripts, repository, transcripts, typed_user, write_parquet
from omniforge_cli.wiring.storage import now

Redact = Callable[[str], str]


async def list_conversations(settings: Settings, *, limit: int, offset: int) -> list[Conversation]:
    """A page of conversations, the one that moved last first."""
    return await repository(settings).list(tenant_id=settings.tenant, user_id=typed_user(settings), limit=limit, offset=offset)


async def show(settings: Settings, conversation_id: str, *, limit: int, offset: int) -> tuple[Conversation, Sequence[Message]]:
    """A conversation and a page of its messages; raises NotFound."""
    stored, user = repository(settings), typed_user(settings)
    head = await stored.get(conversation_id, tenant_id=settings.tenant, user_id=user)
    return head, await stored.messages(conversation_id, tenant_id=settings.tenant, user_id=user, limit=limit, offset=offset)


async def import_file(settings: Settings, path: Path) -> Imported:
    """Import a JSONL or Parquet file, all or nothing; raises ConversationFileError."""
    incoming = list(file_transcripts(path, settings))
    return await repository(settings).import_conversations(incoming, tenant_id=settings.tenant)


async def export_each(settings: Settings, conversation_id: str | None, redact: Redact, write: Callable[[dict[str, Any]], bool]) -> int:
    """Give each conversation's interchange object to `write`, until it says False; how many there were."""
    written = 0
    async for transcript in transcripts(settings, user=typed_user(settings), conversation=conversation_id):
        if not write(to_row(transcript, redact)):
            break
        written += 1
    return written


async def export_file(settings: Settings, path: Path, conversation_id: str | None, redact: Redact) -> int:
    """Export into a JSONL or Parquet file, whole or not at all; how many conversations there were.

    Raises:
        NotFound: the conversation that is named does not exist here.
        SettingsError: the file cannot be written.
    """
    try:
        if path.suffix == ".parquet":
            rows = [to_row(one, redact) async for one in transcripts(settings, user=typed_user(settings), conversation=conversation_id)]
            write_parquet(rows, path)
            return len(rows)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        with partial.open("w", encoding="utf-8") as lines:
            count = await export_each(
                settings, conversation_id, redact, lambda row: lines.write(json.dumps(row, ensure_ascii=False) + "\n") > 0
            )
        partial.replace(path)
    except OSError as exc:
        raise SettingsError(f"{path}: cannot be written ({exc.strerror or exc})") from exc
    return count


async def delete(settings: Settings, conversation_id: str) -> None:
    """Remove a conversation; raises NotFound."""
    await repository(settings).delete(conversation_id, tenant_id=settings.tenant, user_id=typed_user(settings))


async def prune(settings: Settings, older_than: timedelta) -> int:
    """Remove every conversation that has not moved for that long; how many there were."""
    return await repository(settings).prune(tenant_id=settings.tenant, user_id=typed_user(settings), older_than=now() - older_than)
