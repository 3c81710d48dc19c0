from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from omniforge_cli.adapters.duckdb.answers import DuckDBAnswerStore
from omniforge_cli.adapters.duckdb.connection import Database
from omniforge_cli.core.decision import Usage
from omniforge_cli.core.errors import StorageError
from omniforge_cli.routing.provider import ChatMessage, Completion, ProviderRequest

REQUEST = ProviderRequest(model="m", messages=(ChatMessage(role="user", content="pause \ud83d Willow"),), schema={"type": "object"})
ANSWER = Completion(
    text='{"a": "日本"}', finish_reason="stop", usage=Usage(prompt_tokens=3, completion_tokens=1), model="m", latency_ms=12.5, attempts=2
)
KEPT = replace(ANSWER, attempts=0, cached=True)


class CountingDatabase(Database):
    """Counts how often the file is opened."""

    opened = 0

    async def read(self, work: Any) -> Any:
        self.opened += 1
        return await super().read(work)

    async def write(self, work: Any) -> Any:
        self.opened += 1
        return await super().write(work)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[CountingDatabase]:
    database = CountingDatabase(tmp_path / "answers.duckdb")
    yield database
    await database.close()


async def test_an_answer_comes_back_as_cached_with_its_first_latency(database: Database) -> None:
    store = DuckDBAnswerStore(database)
    assert await store.get("k", tenant_id="t") is None
    await store.put("k", REQUEST, ANSWER, tenant_id="t")
    assert await store.get("k", tenant_id="t") == KEPT
    assert await DuckDBAnswerStore(database).get("k", tenant_id="t") == KEPT


async def test_a_newer_answer_replaces_the_older(database: Database) -> None:
    store = DuckDBAnswerStore(database)
    await store.put("k", REQUEST, ANSWER, tenant_id="t")
    await asyncio.gather(*(store.put("k", REQUEST, replace(ANSWER, text=str(n), usage=None), tenant_id="t") for n in range(3)))
    assert await store.get("k", tenant_id="t") == replace(KEPT, text="2", usage=None)


async def test_another_tenants_answer_is_not_served(database: Database) -> None:
    store = DuckDBAnswerStore(database)
    await store.put("k", REQUEST, ANSWER, tenant_id="t")
    mine, theirs = await asyncio.gather(store.get("k", tenant_id="t"), store.get("k", tenant_id="other"))
    assert (mine, theirs) == (KEPT, None)


async def test_sixteen_calls_at_once_share_openings_of_the_file(database: CountingDatabase) -> None:
    store = DuckDBAnswerStore(database)
    await asyncio.gather(*(store.put(str(n), REQUEST, replace(ANSWER, text=str(n)), tenant_id="t") for n in range(16)))
    found = await asyncio.gather(*(store.get(str(n), tenant_id="t") for n in range(16)))
    assert [answer.text for answer in found if answer is not None] == [str(n) for n in range(16)]
    assert database.opened <= 4


async def test_a_caller_that_gives_up_does_not_disturb_the_others(database: Database) -> None:
    store = DuckDBAnswerStore(database)
    hasty = asyncio.create_task(store.put("a", REQUEST, ANSWER, tenant_id="t"))
    patient = asyncio.create_task(store.put("b", REQUEST, ANSWER, tenant_id="t"))
    await asyncio.sleep(0)
    hasty.cancel()
    await patient
    assert await store.get("b", tenant_id="t") == KEPT
    with pytest.raises(asyncio.CancelledError):
        await hasty


async def test_every_caller_is_told_when_the_file_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "bad.duckdb").write_text("no database")
    database = Database(tmp_path / "bad.duckdb")
    store = DuckDBAnswerStore(database)
    told = await asyncio.gather(*(store.get(str(n), tenant_id="t") for n in range(3)), return_exceptions=True)
    assert [type(error) for error in told] == [StorageError] * 3
    with pytest.raises(StorageError):
        await store.put("k", REQUEST, ANSWER, tenant_id="t")
    await database.close()
