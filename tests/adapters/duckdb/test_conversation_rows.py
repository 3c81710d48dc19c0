"""How messages are found: by look-up and by scan, in files where conversations lie scattered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from omniforge_cli.adapters.duckdb.connection import Database, Session
from omniforge_cli.adapters.duckdb.conversation_rows import find, read_messages
from omniforge_cli.adapters.duckdb.conversations import DuckDBConversationRepository
from omniforge_cli.adapters.encryption import PlainTexts
from omniforge_cli.core.conversation import Message

ME: dict[str, Any] = {"tenant_id": "acme", "user_id": "ann"}


async def scattered(path: Path, n: int) -> DuckDBConversationRepository:
    """Two conversations whose messages came in turns."""
    repository = DuckDBConversationRepository(path)
    for name in ("a", "b"):
        await repository.create(**ME, conversation_id=name)
    for number in range(0, n, 8):
        for name in ("a", "b"):
            said = [Message(role="user", content=f"{name}{at}", id=f"{name}{at}") for at in range(number, min(number + 8, n))]
            await repository.add(name, said, **ME)
    return repository


@pytest.mark.parametrize("limit", [1, 31, 32, 33, 34, 40, 41])
async def test_recent_messages_are_the_same_by_look_up_and_by_scan(tmp_path: Path, limit: int) -> None:
    repository = await scattered(tmp_path / "x.duckdb", 40)
    found = await repository.recent_messages("a", **ME, limit=limit)
    assert [message.content for message in found] == [f"a{at}" for at in range(40)][-limit:]


@pytest.mark.parametrize("n", [3, 40], ids=["looked up", "scanned"])
async def test_a_message_sent_again_is_found_among_few_and_among_many(tmp_path: Path, n: int) -> None:
    repository = await scattered(tmp_path / "x.duckdb", n)
    again, new = await repository.add("a", [Message(role="user", content="?", id="a1"), Message(role="user", content="!", id="z")], **ME)
    assert (again.content, new.content) == ("a1", "!")
    assert len(await repository.messages("a", **ME)) == n + 1


async def test_heads_and_recent_messages_are_looked_up_in_an_index(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    database = Database(path)
    await (await scattered(path, 40)).get("a", **ME)
    asked: list[tuple[str, list[Any]]] = []

    class Explaining:
        def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
            self._connection = connection

        def execute(self, sql: str, values: list[Any]) -> duckdb.DuckDBPyConnection:
            asked.append((sql, values))
            return self._connection.execute(sql, values)

    def work(session: Session) -> list[str]:
        watched = Session(connection=Explaining(session.connection), cipher=PlainTexts())  # type: ignore[arg-type]
        assert len(read_messages(watched, find(watched, "a", "acme", None), 0, 20)) == 20
        return [str(session.connection.execute(f"explain analyze {sql}", values).fetchall()) for sql, values in asked]

    plans = await database.read(work)
    assert len(plans) == 2
    assert all("Index Scan" in plan for plan in plans)
    await database.close()


async def test_a_file_that_is_written_anew_has_each_conversations_messages_together(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    repository = await scattered(path, 40)
    await repository.create(**ME, conversation_id="scratch")
    await repository.delete("scratch", **ME)
    with duckdb.connect(str(path), read_only=True) as connection:
        stored = [slot for (slot,) in connection.execute("select slot from messages order by rowid").fetchall()]
    assert stored == sorted(stored)
    assert len(stored) == 80
