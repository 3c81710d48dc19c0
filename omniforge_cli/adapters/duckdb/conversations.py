"""Conversations in the DuckDB file. Every statement names the tenant; what people wrote is sealed where the file has a key.

A message's `slot` is its conversation's number and its position in it (see `migrations`): pages and recent messages are short ranges of it.
"""

from __future__ import annotations

import builtins
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from omniforge_cli.adapters.duckdb.connection import Database, Session
from omniforge_cli.adapters.duckdb.rows import from_utc, to_json, to_utc
from omniforge_cli.conversations.repository import (
    Imported,
    Origins,
    grown,
    missing_messages,
    no_such_conversation,
    plain_metadata,
    refuse_foreign,
    storable,
    stored_form,
    stored_head,
)
from omniforge_cli.core.conversation import Conversation, Message, Transcript

_SLOTS: Final = 2**32
_CHUNK_MESSAGES: Final = 5_000
_CHUNK_CONVERSATIONS: Final = 500
_HEAD: Final = "number, n_messages, id, tenant_id, user_id, title, created_at, updated_at, metadata"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A conversation's head, with where its messages stand."""

    number: int
    n_messages: int
    head: Conversation

    def slot(self, position: int) -> int:
        return self.number * _SLOTS + position
