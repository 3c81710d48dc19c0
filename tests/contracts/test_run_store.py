"""One body for every run store."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from omniforge_cli.adapters.duckdb.connection import Database
from omniforge_cli.adapters.duckdb.runs import DuckDBRunStore
from omniforge_cli.core.decision import FallbackReason, Source, Usage
from omniforge_cli.core.errors import NotFound
from omniforge_cli.core.run import Analyzer, Arm, Run, RunStatus, Sample, SampleError, SampleRow, sample_row
from omniforge_cli.evals.memory import MemoryRunStore
from omniforge_cli.evals.store import RunStore

AT = datetime(2026, 11, 22, 19, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(scope="module")
def new_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as it is made, to be copied: making one takes longer than most of these tests."""
    database = Database(tmp_path_factory.mktemp("new") / "runs.duckdb")
    asyncio.run(database.write(lambda session: None))
    asyncio.run(database.close())
    return database.path


@pytest.fixture(params=["memory", "duckdb"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, new_file: Path) -> AsyncIterator[RunStore]:
    if request.param == "memory":
        yield MemoryRunStore()
        return
    database = Database(shutil.copy(new_file, tmp_path))
    yield DuckDBRunStore(database)
    await database.close()


def run(run_id: str = "r1", tenant_id: str = "acme", minutes: int = 0) -> Run:
    return Run(
        run_id=run_id,
        tenant_id=tenant_id,
        created_at=AT + timedelta(minutes=minutes),
        command="eval",
        evalset="intent@v1",
        arms=(Arm(analyzer=Analyzer.LLM, model="m", prompt="p@v1", prompt_sha256="00"), Arm(analyzer=Analyzer.LOCAL)),
        fingerprint={"evalset": "abc", "settings": {"seed": 7, "tags": ["a", "b"]}},
        status=RunStatus.RUNNING,
        output_dir="reports/r1",
        n_samples=4,
    )


def sample(case_id: str = "c1", *, arm: int = 0, repeat: int = 0, predicted: str | None = "a") -> Sample:
    return Sample(case_id=case_id, case_hash="h", arm=arm, repeat=repeat, expected="a", predicted=predicted, correct=predicted == "a")


def rows(*samples: Sample) -> list[SampleRow]:
    return [*map(sample_row, samples)]


FULL = Sample(
    case_id="voll",
    case_hash="h",
    arm=1,
    repeat=2,
    expected=None,
    predicted="b",
    correct=False,
    confidence=0.1 + 0.2,
    source=Source.KEYWORD,
    error=SampleError(reason=FallbackReason.RATE_LIMITED, message="429 – später", attempts=3),
    latency_ms=12.000001,
    calls=3,
    usage=Usage(prompt_tokens=10, completion_tokens=2, cost_usd=None),
    is_ambiguous=True,
    expected_ambiguous=False,
    alternative_action="c",
    target_agent_id="Willow",
    entities={"agent": "Willow", "deep": {"list": [1, 2.5, None, True]}},
    expected_entities={"x": "y"},
    reasoning="because \u0000 \U0001f600",
    clarifying_question="?",
    message='quote " and \\ and \n newline',
    tags=("trap", "日本語"),
    injected="429",
)


async def read(store: RunStore, run_id: str = "r1", tenant_id: str = "acme") -> list[Sample]:
    return [found async for found in store.samples(run_id, tenant_id=tenant_id)]


async def test_a_run_comes_back_as_it_was_created(store: RunStore) -> None:
    await store.create(run())
    assert await store.get("r1", tenant_id="acme") == run()


async def test_samples_come_back_without_loss(store: RunStore) -> None:
    lone = replace(FULL, case_id="lone", message="half \ud83d a pair")
    await store.create(run())
    await store.append("r1", rows(FULL, sample(), lone), tenant_id="acme")
    assert await read(store) == [FULL, sample(), lone]


async def test_samples_come_in_order_of_arrival(store: RunStore) -> None:
    await store.create(run())
    await store.append("r1", rows(sample("z"), sample("b", arm=1)), tenant_id="acme")
    await store.append("r1", rows(sample("a"), sample("a", arm=1)), tenant_id="acme")
    assert [found.key for found in await read(store)] == [(0, "z", 0), (1, "b", 0), (0, "a", 0), (1, "a", 0)]


async def test_a_sample_of_the_same_key_replaces_the_one_before_in_its_place(store: RunStore) -> None:
    await store.create(run())
    await store.append("r1", rows(sample("a", predicted=None), sample("b")), tenant_id="acme")
    await store.append("r1", rows(sample("a", predicted="x"), sample("a")), tenant_id="acme")
    assert await read(store) == [sample("a"), sample("b")]
    assert await store.sample_keys("r1", tenant_id="acme") == {(0, "a", 0), (0, "b", 0)}


async def test_finishing_records_status_and_summary(store: RunStore) -> None:
    await store.create(run())
    await store.finish("r1", RunStatus.FAIL, summary={"arms": [{"accuracy": {"value": 0.5}}]}, tenant_id="acme")
    ended = await store.get("r1", tenant_id="acme")
    assert (ended.status, ended.summary) == (RunStatus.FAIL, {"arms": [{"accuracy": {"value": 0.5}}]})
    assert ended.ended_at is not None and ended.ended_at.tzinfo is UTC


async def test_creating_a_run_again_resumes_it_with_its_samples(store: RunStore) -> None:
    await store.create(run())
    await store.append("r1", rows(sample("a")), tenant_id="acme")
    await store.finish("r1", RunStatus.FAIL, summary={}, tenant_id="acme")
    await store.create(run())
    await store.append("r1", rows(sample("b")), tenant_id="acme")
    assert (await store.get("r1", tenant_id="acme")).status is RunStatus.RUNNING
    assert [found.case_id for found in await read(store)] == ["a", "b"]


async def test_runs_are_listed_newest_first_up_to_a_limit(store: RunStore) -> None:
    for number in (2, 0, 1):
        await store.create(run(f"r{number}", minutes=number))
    assert [found.run_id for found in await store.list(tenant_id="acme")] == ["r2", "r1", "r0"]
    assert [found.run_id for found in await store.list(tenant_id="acme", limit=1)] == ["r2"]


async def test_a_run_is_found_by_last_id_or_unambiguous_beginning(store: RunStore) -> None:
    for minutes, run_id in enumerate(["abc", "abc1", "abc2", "abd-long"]):
        await store.create(run(run_id, minutes=minutes))
    for wanted, found in {"last": "abd-long", "abc": "abc", "abc1": "abc1", "abd": "abd-long"}.items():
        assert (await store.get(wanted, tenant_id="acme")).run_id == found


async def test_an_ambiguous_beginning_and_an_unknown_id_are_not_found(store: RunStore) -> None:
    for run_id in ("abc1", "abc2"):
        await store.create(run(run_id))
    for wanted in ("ab", "", "%", "zzz", "bcd"):
        with pytest.raises(NotFound):
            await store.get(wanted, tenant_id="acme")


async def test_an_exact_id_is_found_among_many_that_begin_with_it(store: RunStore) -> None:
    for minutes in range(9):
        await store.create(run(f"a{minutes}" if minutes else "a", minutes=minutes))
    assert (await store.get("a", tenant_id="acme")).run_id == "a"


async def test_another_tenants_run_does_not_exist_in_the_same_words(store: RunStore) -> None:
    await store.create(run())
    await store.append("r1", rows(sample()), tenant_id="acme")
    words = set()
    for run_id in ("r1", "r9"):
        for attempt in (
            store.get(run_id, tenant_id="other"),
            store.append(run_id, rows(sample()), tenant_id="other"),
            store.finish(run_id, RunStatus.PASS, summary={}, tenant_id="other"),
            store.sample_keys(run_id, tenant_id="other"),
            read(store, run_id, "other"),
        ):
            with pytest.raises(NotFound) as caught:
                await attempt
            words.add(str(caught.value).replace(run_id, "ID"))
    assert len(words) == 1
    assert await store.list(tenant_id="other") == []
    with pytest.raises(NotFound):
        await store.get("last", tenant_id="other")
    assert (await store.get("r1", tenant_id="acme")).status is RunStatus.RUNNING
    assert len(await read(store)) == 1


async def test_two_tenants_may_have_runs_of_the_same_id(store: RunStore) -> None:
    for tenant in ("acme", "other"):
        await store.create(run(tenant_id=tenant))
        await store.append("r1", rows(sample(tenant)), tenant_id=tenant)
    assert [found.case_id for found in await read(store, tenant_id="other")] == ["other"]
    assert [found.case_id for found in await read(store)] == ["acme"]
