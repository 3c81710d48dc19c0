"""`omniforge replay` over a database of stored conversations, at two sizes, because flat memory shows only between them.

`python -m benchmarks.replay [--turns N] [--analyzer local|keyword]`; `make bench` runs it small. `--keep FILE` only makes the database.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from benchmarks.child import Medians, run
from benchmarks.interleaved import interleaved
from benchmarks.peers import OMNIFORGE
from benchmarks.server import ROOT
from omniforge_cli.adapters.duckdb.connection import Database, Session

TURNS_A_CONVERSATION = 3.5
"""On average: conversations have 2, 4, 6, 8, 10 or 12 messages, half of which are the user's."""
_REPLIES = (
    "Done. Anything else?",
    "I found three of them: Willow, Scout and Atlas. Which one do you mean?",
    "That is set up now. It runs every morning at eight and writes to the channel that you named, from tomorrow on.",
    "Sorry, I did not understand that.",
    "Here is what I found:\n\n1. the invoices of last month\n2. the two that are overdue\n\nShall I send a reminder?",
)
_REASONS = (
    "The message asks for it in so many words.",
    "It follows on from the agent that was named before.",
    "It names a time and a task.",
)


def make_database(path: Path, turns: int) -> None:
    """Fill a new database with that many turns, about; the same ones each time.

    Messages and labels are those of `data/intent`; one in ten was decided otherwise then, one in fifty not at all.
    """

    async def made() -> None:
        database = Database(path)
        await database.write(lambda session: _fill(session, round(turns / TURNS_A_CONVERSATION)))
        await database.close()

    asyncio.run(made())


def _fill(session: Session, n_conversations: int) -> None:
    rows = [
        json.loads(line) for file in sorted((ROOT / "data" / "intent").glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()
    ]
    labelled = [(row["message"], row["label"]) for row in rows if "label" in row]
    run_sql = session.connection.execute
    run_sql(
        "create temp table said as select unnest(?::varchar[]) as content, unnest(?::varchar[]) as label, unnest(range(?)) as number",
        [[message for message, _ in labelled], [label for _, label in labelled], len(labelled)],
    )
    run_sql(
        "create temp table talk as select c, 2 * (1 + hash(c) % 6)::bigint as n, "
        "timestamp '2026-01-01' + to_seconds(c * 20) as began from range(1, ? + 1) r(c)",
        [n_conversations],
    )
    run_sql("insert into conversations select 'default-tenant', 'c' || c, 'u' || c % 1000, c, 'A talk', '{}', n, began, began from talk")
    replies, reasons = ([text.replace("'", "''") for text in texts] for texts in (_REPLIES, _REASONS))
    run_sql(f"""
        insert into messages
        select c * 4294967296 + p, 'default-tenant', 'c' || c, md5(c || '.' || p),
            if(p % 2 = 0, 'user', 'assistant'),
            if(p % 2 = 0, said.content, ['{"', '".join(replies)}'][1 + dice % {len(replies)}]),
            if(p % 2 = 1 or dice % 50 = 0, '{{}}', '{{"decision":{{"action_type":"' || if(dice % 10 = 1, other.label, said.label)
                || '","confidence":' || (60 + dice % 40) / 100 || ',"reasoning":"' || ['{"', '".join(reasons)}'][1 + dice % {len(reasons)}]
                || '","source":"llm","model":"gpt-4o-mini","prompt":"intent@v2"}}}}'),
            began + to_seconds(p * 5)
        from (select c, began, unnest(range(n)) as p, (hash(c * 16 + p) // 2)::bigint as dice from talk)
        join said on said.number = dice // 8 % {len(labelled)}
        join said as other on other.number = dice // 16 % {len(labelled)}
        order by c, p
    """)


def measure(home: Path, *, turns: tuple[int, ...], rounds: int, analyzer: str = "local") -> dict[int, Medians]:
    """Medians by number of turns, start-up and every report included."""
    databases = {str(n): home / f"turns-{n}.duckdb" for n in turns}
    for n, path in databases.items():
        make_database(path, int(n))
    command = [OMNIFORGE, "replay", "--analyzer", analyzer, "--gates", "none", "--db"]
    found = interleaved({n: (lambda path=path: run([*command, path], home=home)) for n, path in databases.items()}, rounds=rounds)
    return {int(n): told for n, told in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=__doc__)
    parser.add_argument("--turns", type=int, default=1_000_000, help="turns in the larger database; the smaller has a tenth")
    parser.add_argument("--analyzer", default="local")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="make this database and measure nothing")
    chosen = parser.parse_args()
    if chosen.keep:
        make_database(chosen.keep, chosen.turns)
        return
    with tempfile.TemporaryDirectory() as folder:
        sizes = (chosen.turns // 10, chosen.turns)
        for n, told in measure(Path(folder), turns=sizes, rounds=chosen.rounds, analyzer=chosen.analyzer).items():
            rate, cpu_us = n / told.wall_s, told.cpu_s / n * 1e6
            print(f"{n:,} turns: {rate:,.0f} a second, {cpu_us:.0f} us of a core a turn, {told.memory_mb:.0f} MB in the largest process")


if __name__ == "__main__":
    main()
