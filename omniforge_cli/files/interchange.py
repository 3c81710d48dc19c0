"""The interchange form of conversations: one JSON object a line (contract, section 5); Parquet with the same columns."""

from __future__ import annotations

import glob
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from omniforge_cli.core.conversation import Conversation, Message, Transcript
from omniforge_cli.core.errors import ConversationFileError
from omniforge_cli.files.conversation import ROLES

_KEYS: Final = frozenset(
    {"conversation_id", "tenant_id", "user_id", "title", "created_at", "updated_at", "metadata", "messages", "schema_version"}
)


def find_files(pattern: str) -> list[Path]:
    """The files that a path or a glob names, sorted.

    Raises:
        ConversationFileError: none.
    """
    path = Path(pattern)
    found = [path] if path.is_file() else sorted(Path(name) for name in glob.glob(pattern, recursive=True) if Path(name).is_file())  # noqa: PTH207
    if not found:
        raise ConversationFileError(f"{pattern}: no such file")
    return found


def read_transcripts(path: Path, *, tenant_id: str, user_id: str) -> Iterator[Transcript]:
    """The conversations of a JSONL file, one at a time. `tenant_id` and `user_id` stand in where a line names none.

    Raises:
        ConversationFileError: a line is broken; the message names it.
    """
    try:
        with path.open("rb") as lines:
            for number, raw in enumerate(lines, start=1):
                if raw.strip():
                    yield _parsed(raw, f"{path}:{number}", tenant_id, user_id)
    except OSError as exc:
        raise ConversationFileError(f"{path}: cannot be read ({exc.strerror or exc})") from exc


def transcript_from(row: object, where: str, *, tenant_id: str, user_id: str) -> Transcript:
    """One conversation from its JSON object; raises ConversationFileError."""
    if not isinstance(row, dict) or not isinstance(row.get("messages"), list):
        raise ConversationFileError(f"{where}: not a conversation: an object with `conversation_id` and a list `messages`")
    unknown = set(row) - _KEYS
    if unknown:
        raise ConversationFileError(f"{where}: unknown key {sorted(map(str, unknown))[0]!r}")
    conversation_id = _text(row, "conversation_id", where)
    if not conversation_id:
        raise ConversationFileError(f"{where}: `conversation_id` is missing")
    messages = tuple(_message(message, f"{where}, message {number}") for number, message in enumerate(row["messages"], start=1))
    times = [message.created_at for message in messages if message.created_at is not None]
    created_at = _time(row.get("created_at"), where) or min(times, default=None) or datetime.now(UTC)
    return Transcript(
        conversation=Conversation(
            id=conversation_id,
            tenant_id=_text(row, "tenant_id", where) or tenant_id,
            user_id=_text(row, "user_id", where) or user_id,
            title=_text(row, "title", where),
            created_at=created_at,
            updated_at=_time(row.get("updated_at"), where) or max([created_at, *times]),
            metadata=_object(row.get("metadata"), f"{where}: metadata"),
        ),
        messages=messages,
    )


def to_row(transcript: Transcript, redact: Callable[[str], str]) -> dict[str, Any]:
    """A conversation as its JSON object; message texts and titles go through `redact`."""
    head = transcript.conversation
    return {
        "conversation_id": head.id,
        "tenant_id": head.tenant_id,
        "user_id": head.user_id,
        "title": redact(head.title),
        "created_at": head.created_at.isoformat(),
        "updated_at": head.updated_at.isoformat(),
        "metadata": redacted(head.metadata, redact),
        "messages": [
            {
                "role": message.role,
                "content": redact(message.content),
                "created_at": message.created_at.isoformat() if message.created_at else None,
                "metadata": redacted(message.metadata, redact),
            }
            for message in transcript.messages
        ],
    }


def redacted(value: Any, redact: Callable[[str], str]) -> Any:
    """A JSON value with every text in it redacted."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: redacted(item, redact) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item, redact) for item in value]
    return value


def _parsed(raw: bytes, where: str, tenant_id: str, user_id: str) -> Transcript:
    try:
        row = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise ConversationFileError(f"{where}: not UTF-8 text (byte 0x{raw[exc.start]:02x})") from exc
    except (ValueError, RecursionError) as exc:
        raise ConversationFileError(f"{where}: broken JSON: {exc}") from exc
    return transcript_from(row, where, tenant_id=tenant_id, user_id=user_id)


def _message(row: object, where: str) -> Message:
    if not isinstance(row, dict) or not isinstance(row.get("content"), str):
        raise ConversationFileError(f"{where}: not {{role, content, created_at, metadata}} with a text content")
    if row.get("role") not in ROLES:
        raise ConversationFileError(f"{where}: role {row.get('role')!r} is none of {', '.join(sorted(ROLES))}")
    return Message(
        role=row["role"],
        content=row["content"],
        created_at=_time(row.get("created_at"), where),
        metadata=_object(row.get("metadata"), f"{where}: metadata"),
    )


def _text(row: dict[str, Any], key: str, where: str) -> str:
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ConversationFileError(f"{where}: `{key}` is no text")
    return value


def _time(value: object, where: str) -> datetime | None:
    if value is None:
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as exc:
        raise ConversationFileError(f"{where}: {value!r} is no time; write it like 2026-11-22T09:30:00Z") from exc
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _object(value: object, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConversationFileError(f"{where} is no object")
    return value
