"""Where runs and their samples are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

from omniforge_cli.core.run import Run, RunStatus, Sample, SampleRow


class RunStore(Protocol):
    """Keeps runs; every method is for one tenant, and another tenant's run does not exist."""

    async def create(self, run: Run) -> None:
        """Store a run's head before its first sample."""
        ...

    async def append(self, run_id: str, rows: Sequence[SampleRow], *, tenant_id: str) -> None:
        """Store finished samples in one transaction; a sample that is there already (same key) is replaced."""
        ...

    async def finish(self, run_id: str, status: RunStatus, *, summary: Mapping[str, Any], tenant_id: str) -> None:
        """Record how a run ended. `summary` is the report without its cases, as plain JSON values."""
        ...

    async def get(self, run_id: str, *, tenant_id: str) -> Run:
        """A run's head; `run_id` may be `last` (newest that was created) or an unambiguous prefix.

        Raises:
            NotFound: missing or not this tenant's.
        """
        ...

    async def list(self, *, tenant_id: str, limit: int = 50) -> list[Run]:
        """Runs, newest first."""
        ...

    async def sample_keys(self, run_id: str, *, tenant_id: str) -> set[tuple[int, str, int]]:
        """Keys (arm, case id, repeat) of the samples that are stored."""
        ...

    def samples(self, run_id: str, *, tenant_id: str) -> AsyncIterator[Sample]:
        """The stored samples in order of arrival, read in chunks."""
        ...
