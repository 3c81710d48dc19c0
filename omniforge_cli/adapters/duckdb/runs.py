"""Runs and their samples in the DuckDB file."""

from __future__ import annotations

import builtins
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import duckdb

from omniforge_cli.adapters.duckdb.connection import Database, Session
from omniforge_cli.adapters.duckdb.rows import from_utc, to_json, to_utc
from omniforge_cli.adapters.processes import ProcessIdentity
from omniforge_cli.core.run import Analyzer, Arm, Run, RunStatus, Sample, SampleRow, sample_from
from omniforge_cli.evals.memory import chosen_run, no_such_run

_CHUNK: Final = 5_000
_HEAD: Final = "tenant_id, id, created_at, ended_at, status, head, summary, pid, host, process_started, alive_at"


SILENT: Final = timedelta(minutes=5)
"""A run that wrote nothing for so long is no longer carried out: it writes every minute, and clocks differ by less than the rest."""
_MANY: Final = 1_000
"""Samples from which on a write is one of many large ones."""
_REPLACE: Final = "on conflict (tenant_id, run_id, arm, case_id, repeat) do update set sample = excluded.sample"
"""Ends an insert of samples some of which may be there. It takes half as long again, which is why new ones do without."""


class _AreThere(Exception):
    """Some of the samples to be stored have been stored before."""


class DuckDBRunStore:
    """A `RunStore` in a DuckDB file; every method opens the file, works and closes it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, run: Run) -> None:
        """Store a run's head; one that is there already is taken over by this process and keeps its samples."""
        await self._database.write(lambda session: _create(session, run))

    async def append(self, run_id: str, rows: Sequence[SampleRow], *, tenant_id: str) -> None:
        """Store finished samples in one transaction; a sample with the same key is replaced in its place.

        Raises:
            NotFound: missing or not this tenant's.
        """
        latest = list({row[:3]: row for row in rows}.values())  # one statement cannot replace a row twice
        write = self._database.write_much if len(latest) >= _MANY else self._database.write
        try:
            await write(lambda session: _append(session, run_id, latest, tenant_id, if_there=""))
        except _AreThere:  # after a crash, or when a writer was cancelled and does not know how far it came
            await write(lambda session: _append(session, run_id, latest, tenant_id, if_there=_REPLACE))

    async def finish(self, run_id: str, status: RunStatus, *, summary: Mapping[str, Any], tenant_id: str) -> None:
        """Record how a run ended.

        Raises:
            NotFound: missing or not this tenant's.
        """
        ended_at = _utc_now()

        def work(session: Session) -> None:
            told = session.cipher.seal(to_json(summary), owner=tenant_id)
            sql = "update runs set status = ?, summary = ?, ended_at = ? where tenant_id = ? and id = ? returning id"
            if not session.connection.execute(sql, [status.value, told, ended_at, tenant_id, run_id]).fetchall():
                raise no_such_run(run_id)

        await self._database.write(work)

    async def get(self, run_id: str, *, tenant_id: str) -> Run:
        """A run's head, by its id, an unambiguous beginning of it, or `last`.

        Raises:
            NotFound: missing or not this tenant's, or more than one begins so.
        """
        return await self._database.read(lambda session: _get(session, run_id, tenant_id))

    async def list(self, *, tenant_id: str, limit: int = 50) -> list[Run]:
        """Runs, newest first."""

        def work(session: Session) -> list[Run]:
            sql = f"select {_HEAD} from runs where tenant_id = ? order by created_at desc, id desc limit ?"
            return [_run(session, row) for row in session.connection.execute(sql, [tenant_id, limit]).fetchall()]

        return await self._database.read(work)

    async def sample_keys(self, run_id: str, *, tenant_id: str) -> set[tuple[int, str, int]]:
        """Keys (arm, case id, repeat) of the stored samples.

        Raises:
            NotFound: missing or not this tenant's.
        """

        def work(session: Session) -> set[tuple[int, str, int]]:
            _check(session, run_id, tenant_id)
            sql = "select arm, case_id, repeat from run_cases where tenant_id = ? and run_id = ?"
            return {(arm, case, repeat) for arm, case, repeat in session.connection.execute(sql, [tenant_id, run_id]).fetchall()}

        return await self._database.read(work)

    async def samples(self, run_id: str, *, tenant_id: str) -> AsyncIterator[Sample]:
        """The stored samples in order of arrival; the file is open only while a chunk is read.

        Raises:
            NotFound: missing or not this tenant's.
        """
        first, n_arrived = 0, 1
        while first < n_arrived:
            n_arrived, chunk = await self._database.read(partial(_chunk, run_id, tenant_id, first))
            for sample in chunk:
                yield sample
            first += _CHUNK


def _head(run: Run) -> dict[str, Any]:
    """What of a run's head has no column of its own."""
    return {
        "command": run.command,
        "evalset": run.evalset,
        "arms": [asdict(arm) for arm in run.arms],
        "fingerprint": run.fingerprint,
        "output_dir": run.output_dir,
        "n_samples": run.n_samples,
    }


def _create(session: Session, run: Run) -> None:
    seal = session.cipher.seal
    me = ProcessIdentity.current()
    ended_at = None if run.ended_at is None else to_utc(run.ended_at)
    head = seal(to_json(_head(run)), owner=run.tenant_id)
    summary = seal(to_json(run.summary), owner=run.tenant_id)
    session.connection.execute(
        """
        insert into runs values (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)
        on conflict (tenant_id, id) do update set
            created_at = excluded.created_at, ended_at = excluded.ended_at, status = excluded.status, head = excluded.head,
            summary = excluded.summary, pid = excluded.pid, host = excluded.host, process_started = excluded.process_started,
            alive_at = excluded.alive_at
        """,
        [
            run.tenant_id,
            run.run_id,
            to_utc(run.created_at),
            ended_at,
            run.status.value,
            head,
            summary,
            me.pid,
            me.host,
            me.started,
            _utc_now(),
        ],
    )


def _append(session: Session, run_id: str, rows: Sequence[SampleRow], tenant_id: str, *, if_there: str) -> None:
    me = ProcessIdentity.current()
    sql = """
        update runs set n_arrived = n_arrived + ?, pid = ?, host = ?, process_started = ?, alive_at = ?
        where tenant_id = ? and id = ? returning n_arrived
    """
    row = session.connection.execute(sql, [len(rows), me.pid, me.host, me.started, _utc_now(), tenant_id, run_id]).fetchone()
    if row is None:
        raise no_such_run(run_id)
    first = row[0] - len(rows)
    arms, case_ids, repeats, texts = map(list, zip(*rows, strict=True)) if rows else ([], [], [], [])
    sealed = [session.cipher.seal(text, owner=tenant_id) for text in texts]
    sql = f"""
        insert into run_cases
        select ?, ?, unnest(?::integer[]), unnest(?::varchar[]), unnest(?::integer[]), unnest(?::bigint[]), unnest(?::varchar[])
        {if_there}
    """
    values = [tenant_id, run_id, arms, case_ids, repeats, list(range(first, first + len(rows))), sealed]
    try:
        session.connection.execute(sql, values)
    except duckdb.ConstraintException as exc:
        raise _AreThere from exc


def _get(session: Session, run_id: str, tenant_id: str) -> Run:
    sql = f"""
        select {_HEAD} from runs where tenant_id = ? and (? = 'last' or starts_with(id, ?))
        order by id = ? desc, created_at desc, id desc limit 6
    """
    rows = session.connection.execute(sql, [tenant_id, run_id, run_id, run_id]).fetchall()
    return chosen_run(run_id, [_run(session, row) for row in rows])


def _check(session: Session, run_id: str, tenant_id: str) -> None:
    if not session.connection.execute("select 1 from runs where tenant_id = ? and id = ?", [tenant_id, run_id]).fetchall():
        raise no_such_run(run_id)


def _chunk(run_id: str, tenant_id: str, first: int, session: Session) -> tuple[int, builtins.list[Sample]]:
    """How many samples have arrived in all, and those that arrived from the `first` on, as many as make a chunk.

    A range of positions is read from the blocks that hold it; "the next 5,000" would sort everything that comes after, chunk by chunk.
    """
    found = session.connection.execute("select n_arrived from runs where tenant_id = ? and id = ?", [tenant_id, run_id]).fetchone()
    if found is None:
        raise no_such_run(run_id)
    sql = "select sample from run_cases where tenant_id = ? and run_id = ? and position between ? and ? order by position"
    rows = session.connection.execute(sql, [tenant_id, run_id, first, first + _CHUNK - 1]).fetchall()
    return found[0], [sample_from(session.cipher.open(text, owner=tenant_id)) for (text,) in rows]


def _run(session: Session, row: Sequence[Any]) -> Run:
    tenant_id, run_id, created_at, ended_at, status, head, summary, pid, host, started, alive_at = row
    current = RunStatus(status)
    if current is RunStatus.RUNNING and _is_gone(ProcessIdentity(pid=pid, host=host, started=started), alive_at or created_at):
        current = RunStatus.INTERRUPTED
    told = json.loads(session.cipher.open(head, owner=tenant_id))
    return Run(
        run_id=run_id,
        tenant_id=tenant_id,
        created_at=from_utc(created_at),
        ended_at=None if ended_at is None else from_utc(ended_at),
        status=current,
        summary=json.loads(session.cipher.open(summary, owner=tenant_id)),
        arms=tuple(Arm(**arm | {"analyzer": Analyzer(arm["analyzer"])}) for arm in told.pop("arms")),
        **told,
    )


def _is_gone(process: ProcessIdentity, alive_at: datetime) -> bool:
    """Whether a run's process has ended: certain on this host; on another one, that it has not written for minutes says so."""
    return process.is_gone if process.is_here else _utc_now() - alive_at > SILENT


def _utc_now() -> datetime:
    return to_utc(datetime.now(UTC))
