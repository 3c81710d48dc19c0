"""Measures the conversation store, and kills writers: `python -m benchmarks.storage [recent|writes|kill|all] [--messages N]`."""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omniforge_cli.adapters.duckdb.connection import Database, Session
from omniforge_cli.adapters.duckdb.conversations import DuckDBConversationRepository
from omniforge_cli.conversations.context import assemble_context
from omniforge_cli.core.conversation import Conversation, Message, Transcript

WRITER = """
import asyncio, sys
from omniforge_cli.adapters.duckdb.conversations import DuckDBConversationRepository
from omniforge_cli.core.conversation import Message

async def main(path, name):
    repository = DuckDBConversationRepository(path)
    mine = {"tenant_id": "t", "user_id": "u"}
    await repository.create(**mine, conversation_id=name)
    number = 0
    while True:
        number += 1
        await repository.add(name, [Message(role="user", content="x" * 200, id=f"{name}-{number}")], **mine)
        print(f"{name}-{number}", flush=True)
        if number % 4 == 0:
            await repository.create(**mine, conversation_id="scratch")
            await repository.delete("scratch", **mine)

asyncio.run(main(*sys.argv[1:]))
"""
"""Adds messages, prints the id of each that was acknowledged, and now and then makes the store write its file anew."""


async def kill_writers(path: Path, *, kills: int, seed: int) -> tuple[int, int]:
    """Kill writers of one file at random moments; how many messages they said were stored, and how many of these are lost."""
    rng = random.Random(seed)
    acknowledged: list[str] = []
    for number in range(kills):
        command = [sys.executable, "-c", WRITER, str(path), f"w{number}"]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(rng.randint(1, 8))]
        time.sleep(rng.uniform(0, 0.08))
        writer.send_signal(signal.SIGKILL)
        rest, _ = writer.communicate()
        acknowledged += "".join([*lines, rest]).split()
    repository = DuckDBConversationRepository(path)
    stored = {message.id async for transcript in repository.transcripts(tenant_id="t") for message in transcript.messages}
    return len(acknowledged), len(set(acknowledged) - stored)


async def recent(n_messages: int, n_at_once: int, folder: Path) -> None:
    """Recent messages of one of many conversations, `n_at_once` of which went on at a time; again once the file was written anew."""
    database = Database(folder / f"big{n_at_once}.duckdb")
    began = time.perf_counter()
    await database.write(lambda session: _fill(session, n_messages, n_at_once))
    size_mb = database.path.stat().st_size / 1e6
    print(f"{n_messages:,} messages, {n_at_once:,} conversations at a time: made in {time.perf_counter() - began:.0f} s, {size_mb:,.0f} MB")
    repository = DuckDBConversationRepository(database)
    rng = random.Random(1)

    async def read() -> None:
        number = 10 + rng.randrange(n_messages // 20 - 10)
        found = await repository.recent_messages(f"c{number}", tenant_id=f"t{number % 10}")
        assert len(found) == 20

    await told(repository, database, read)
    if n_at_once > 1_000:
        began = time.perf_counter()
        await repository.delete("c7", tenant_id="t7")
        print(f"one deleted, the file written anew and in order: {time.perf_counter() - began:.0f} s")
        await told(repository, database, read)
    await database.close()


async def told(repository: DuckDBConversationRepository, database: Database, read: Callable[[], Awaitable[object]]) -> None:
    """Measure reading and adding in a file."""
    print(f"opening and closing {await _measured(lambda: database.read(lambda _: None))}, with 20 recent messages {await _measured(read)}")
    print(f"adding a message {await _measured(lambda: repository.add('c17', [Message(role='user', content='hello')], tenant_id='t7'))}")


def _fill(session: Session, n_messages: int, n_at_once: int) -> None:
    """Conversations of 20 messages; message i belongs to one of the `n_at_once` that went on then."""
    run = session.connection.execute
    run(
        "insert into conversations select 't' || (i % 10), 'c' || i, 'u', i, 'title', '{}', 20, now()::timestamp, now()::timestamp "
        f"from range({n_messages // 20}) r(i)"
    )
    run(
        "insert into messages select c * 4294967296 + position, 't' || (c % 10), 'c' || c, 'm' || i, 'user', "
        "'Please pause agent ' || hash(i), '{}', now()::timestamp + to_microseconds(i) from ("
        f"select i, (i // {20 * n_at_once}) * {n_at_once} + i % {n_at_once} as c, i % {20 * n_at_once} // {n_at_once} as position "
        f"from range({n_messages}) r(i))"
    )


async def writes(folder: Path) -> None:
    """Single messages, a bulk import, and the pure assembly of a context."""
    database = Database(folder / "small.duckdb")
    repository = DuckDBConversationRepository(database)
    mine: dict[str, Any] = {"tenant_id": "t", "user_id": "u"}
    await repository.create(**mine, conversation_id="c")
    message = Message(role="user", content="hello there " * 10)

    def turn() -> list[Message]:
        return [replace(message, id=uuid.uuid4().hex), replace(message, role="assistant", id=uuid.uuid4().hex)]

    print(f"adding a message: {await _measured(lambda: repository.add('c', [message], **mine))}")
    print(f"adding a message and its reply, as chat does: {await _measured(lambda: repository.add('c', turn(), **mine))}")
    print(f"reading 20: {await _measured(lambda: repository.recent_messages('c', **mine))}")
    now = datetime.now(UTC)
    heads = [Conversation(id=str(n), tenant_id="t", user_id="u", title="", created_at=now, updated_at=now) for n in range(2_000)]
    file = [Transcript(conversation=head, messages=(message,) * 10) for head in heads]
    began = time.perf_counter()
    await repository.import_conversations(file, tenant_id="t")
    print(f"importing 2,000 conversations of 10 messages: {time.perf_counter() - began:.2f} s")
    print(f"deleting one of them, file written anew: {await _measured(lambda: repository.delete('7', **mine), 1)}")
    began = time.perf_counter()
    assemble_context([message] * 500, max_messages=500, token_budget=20_000)
    print(f"assembling 500 messages: {(time.perf_counter() - began) * 1000:.2f} ms")
    await database.close()


async def _measured(work: Callable[[], Awaitable[object]], times: int = 30) -> str:
    measured = []
    for _ in range(times):
        began = time.perf_counter()
        await work()
        measured.append((time.perf_counter() - began) * 1000)
    return f"{statistics.median(measured):.1f} ms" + (f" (quickest {min(measured):.1f})" if times > 1 else "")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["recent", "writes", "kill", "all"], nargs="?", default="all")
    parser.add_argument("--messages", type=int, default=10_000_000)
    parser.add_argument("--kills", type=int, default=50)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if chosen.what in ("writes", "all"):
            await writes(Path(folder))
        if chosen.what in ("kill", "all"):
            acknowledged, lost = await kill_writers(Path(folder) / "kill.duckdb", kills=chosen.kills, seed=0)
            print(f"{chosen.kills} writers killed: {acknowledged} messages acknowledged, {lost} lost")
        if chosen.what in ("recent", "all"):
            for n_at_once in (1_000, chosen.messages // 20):
                await recent(chosen.messages, n_at_once, Path(folder))


if __name__ == "__main__":
    asyncio.run(main())
