"""A run store that lives and dies with the process: for tests, and for runs that nobody wants to keep."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from omniforge_cli.core.errors import NotFound
from omniforge_cli.core.run import Run, RunStatus, Sample, SampleRow, sample_from


def no_such_run(run_id: str) -> NotFound:
    """The one wording for a run that is missing and for another tenant's."""
    return NotFound(f"there is no run {run_id!r} here; `omniforge runs list` shows those there are")


def chosen_run(wanted: str, runs: Sequence[Run]) -> Run:
    """The run that `wanted` means among `runs` (newest first): `last`, an id, or the beginning of just one id.

    Raises:
        NotFound: none, or more than one.
    """
    if wanted == "last" and runs:
        return runs[0]
    found = [run for run in runs if wanted and run.run_id.startswith(wanted)]
    for run in found:
        if run.run_id == wanted:
            return run
    if len(found) > 1:
        names = ", ".join(run.run_id for run in found[:5])
        raise NotFound(f"more than one run begins with {wanted!r} ({names}); give more of the id")
    if not found:
        raise no_such_run(wanted)
    return found[0]


class MemoryRunStore:
    """A `RunStore` in memory."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str], Run] = {}
        self._samples: dict[tuple[str, str], dict[tuple[int, str, int], Sample]] = {}

    async def create(self, run: Run) -> None:
        """Store a run's head; one that is there already gets the new head and keeps its samples."""
        self._runs[run.tenant_id, run.run_id] = run
        self._samples.setdefault((run.tenant_id, run.run_id), {})

    async def append(self, run_id: str, rows: Sequence[SampleRow], *, tenant_id: str) -> None:
        """Store finished samples; a sample with the same key is replaced in its place.

        Raises:
            NotFound: missing or not this tenant's.
        """
        self._stored(run_id, tenant_id).update({(arm, case_id, repeat): sample_from(text) for arm, case_id, repeat, text in rows})

    async def finish(self, run_id: str, status: RunStatus, *, summary: Mapping[str, Any], tenant_id: str) -> None:
        """Record how a run ended.

        Raises:
            NotFound: missing or not this tenant's.
        """
        self._stored(run_id, tenant_id)
        run = self._runs[tenant_id, run_id]
        self._runs[tenant_id, run_id] = replace(run, status=status, summary=dict(summary), ended_at=datetime.now(UTC))

    async def get(self, run_id: str, *, tenant_id: str) -> Run:
        """A run's head, by its id, an unambiguous beginning of it, or `last`.

        Raises:
            NotFound: missing or not this tenant's, or more than one begins so.
        """
        return chosen_run(run_id, self._newest_first(tenant_id))

    async def list(self, *, tenant_id: str, limit: int = 50) -> list[Run]:
        """Runs, newest first."""
        return self._newest_first(tenant_id)[:limit]

    async def sample_keys(self, run_id: str, *, tenant_id: str) -> set[tuple[int, str, int]]:
        """Keys (arm, case id, repeat) of the stored samples.

        Raises:
            NotFound: missing or not this tenant's.
        """
        return set(self._stored(run_id, tenant_id))

    async def samples(self, run_id: str, *, tenant_id: str) -> AsyncIterator[Sample]:
        """The stored samples in order of arrival.

        Raises:
            NotFound: missing or not this tenant's.
        """
        for sample in list(self._stored(run_id, tenant_id).values()):
            yield sample

    def _stored(self, run_id: str, tenant_id: str) -> dict[tuple[int, str, int], Sample]:
        try:
            return self._samples[tenant_id, run_id]
        except KeyError:
            raise no_such_run(run_id) from None

    def _newest_first(self, tenant_id: str) -> builtins.list[Run]:
        mine = [run for run in self._runs.values() if run.tenant_id == tenant_id]
        return sorted(mine, key=lambda run: (run.created_at, run.run_id), reverse=True)
