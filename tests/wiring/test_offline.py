"""A run in worker processes gives what one process gives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from omniforge_cli.adapters import workers as adapter
from omniforge_cli.core.run import Analyzer, Arm, Sample, sample_from
from omniforge_cli.evals.batch import Batch
from omniforge_cli.evals.plan import Plan
from omniforge_cli.evals.runner import run_samples
from omniforge_cli.files.evalset import load_evalset
from omniforge_cli.files.settings import read_settings
from omniforge_cli.scoring.summary import ArmAccumulator
from omniforge_cli.wiring.offline import offline_batches
from omniforge_cli.wiring.routing import RouterSpec, build_router, load_taxonomy
from tests.evals.making import plan

LOCAL = Arm(analyzer=Analyzer.LOCAL)


def intent_plan(repeats: int = 1) -> Plan:
    made = plan(1, repeats=repeats)
    return replace(made, evalset=load_evalset("intent"), arms=(LOCAL,), taxonomy=load_taxonomy("omniforge").taxonomy)


def samples(batches: list[Batch]) -> list[Sample]:
    return [sample_from(text) for batch in batches for *_, text in batch.rows]


def untimed(sample: Sample) -> Sample:
    return replace(sample, latency_ms=0.0)


@pytest.mark.parametrize("cores", [1, 2])
async def test_the_samples_are_those_of_one_process_in_the_order_of_the_plan(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "n_cores", lambda: cores)
    settings, made = read_settings({"analyzer": "local"}), intent_plan()
    batches = [batch async for batch in offline_batches(settings, made, True)]
    router = build_router(RouterSpec(settings=settings, loaded=load_taxonomy(settings.taxonomy), analyzer=Analyzer.LOCAL))
    alone = [sample async for sample in run_samples(made.attempts(), routers=[router], workers=1, tenant_id=settings.tenant)]
    assert list(map(untimed, samples(batches))) == list(map(untimed, alone))
    assert [sample for batch in batches for sample in batch.samples] == samples(batches)
    assert [one.case_id for batch in batches for one in batch.outcomes] == [sample.case_id for sample in alone]
    counted, expected = ArmAccumulator(made.taxonomy), ArmAccumulator(made.taxonomy)
    for batch in batches:
        counted.merge(batch.counted)
    for sample in alone:
        expected.add(sample)
    assert counted.report(LOCAL) == expected.report(LOCAL)
    assert sum(batch.n_right for batch in batches) == sum(sample.asked_correct for sample in alone)


async def test_what_is_done_is_not_done_again() -> None:
    made = intent_plan(repeats=2)
    done = bytearray(b"\1" * made.n_samples)
    left = [3, 70, 71, len(made.evalset.cases) + 5]
    for number in left:
        done[number] = False
    found = samples([batch async for batch in offline_batches(read_settings({"analyzer": "keyword"}), made, False, done)])
    assert [made.number(sample) for sample in found] == left
    assert [(attempt.case.id, attempt.repeat) for attempt in made.attempts(done)] == [(one.case_id, one.repeat) for one in found]


async def test_a_consumer_that_stops_ends_the_workers() -> None:
    batches = offline_batches(read_settings({"analyzer": "keyword"}), intent_plan(), False)
    assert (await anext(batches)).rows
    await batches.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(batches)
