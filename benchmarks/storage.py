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
from collections.abc import Awaitable, Callable
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
    """Recent messages of one conversation among many, `n_at_once` of which went on at the same time; opening is measured apart."""
    database = Database(folder / f"big{n_at_once}.duckdb")
    began = time.perf_counter()
    await database.write(lambda session: _fill(session, n_messages, n_at_once))
    size_mb = database.path.stat().st_size / 1e6
    print(f"{n_messages:,} messages, {n_at_once:,} conversations at a time: made in {time.perf_counter() - began:.0f} s, {size_mb:,.0f} MB")
    repository = DuckDBConversationRepository(database)
    rng = random.Random(1)

    async def read() -> None:
        number = rng.randrange(n_messages // 20)
        found = await repository.recent_messages(f"c{number}", tenant_id=f"t{number % 10}")
        assert len(found) == 20

    opening = await _median_ms(lambda: database.read(lambda _: None), 30)
    reading = await _median_ms(read, 30)
    print(f"opening and closing {opening:.1f} ms, with 20 recent messages {reading:.1f} ms: the read itself {reading - opening:.1f} ms")
    message = Message(role="user", content="hello")
    writing = await _median_ms(lambda: repository.add("c7", [message], tenant_id="t7"), 20)
    print(f"adding a message {writing:.1f} ms")
    await database.close()


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
    print(f"adding a message: {await _median_ms(lambda: repository.add('c', [message], **mine), 30):.1f} ms")
    print(f"reading 20: {await _median_ms(lambda: repository.recent_messages('c', **mine), 30):.1f} ms")
    now = datetime.now(UTC)
    heads = [Conversation(id=str(n), tenant_id="t", user_id="u", title="", created_at=now, updated_at=now) for n in range(2_000)]
    file = [Transcript(conversation=head, messages=(message,) * 10) for head in heads]
    began = time.perf_counter()
    await repository.import_conversations(file, tenant_id="t")
    print(f"importing 2,000 conversations of 10 messages: {time.perf_counter() - began:.2f} s")
    print(f"deleting one of them, file written anew: {await _median_ms(lambda: repository.delete('7', **mine), 1):.0f} ms")
    began = time.perf_counter()
    assemble_context([message] * 500, max_messages=500, token_budget=20_000)
    print(f"assembling 500 messages: {(time.perf_counter() - began) * 1000:.2f} ms")
    await database.close()


async def _median_ms(work: Callable[[], Awaitable[object]], times: int) -> float:
    measured = []
    for _ in range(times):
        began = time.perf_counter()
        await work()
        measured.append((time.perf_counter() - began) * 1000)
    return statistics.median(measured)


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
