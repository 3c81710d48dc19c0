from __future__ import annotations

import random

import pytest

from omniforge_cli.scoring.sweep import SweepSample, sweep

RNG = random.Random(3)
SAMPLES = [
    SweepSample(
        local_confidence=RNG.choice([0.2, 0.5, 0.55, 0.9, 1.0]),
        local_correct=RNG.random() < 0.7,
        llm_correct=RNG.random() < 0.9,
        llm_cost_usd=RNG.random(),
        llm_latency_ms=RNG.random() * 900,
    )
    for _ in range(200)
]


def test_threshold_zero_is_all_local_and_above_one_all_llm():
    local, llm = sweep(SAMPLES, [0.0, 1.1])
    assert (local.llm_share, local.mean_cost_usd, local.mean_latency_ms) == (0.0, 0.0, 0.0)
    assert local.accuracy == sum(sample.local_correct for sample in SAMPLES) / 200
    assert llm.llm_share == 1.0
    assert llm.accuracy == sum(sample.llm_correct for sample in SAMPLES) / 200


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.52, 0.9, 1.0])
def test_each_point_is_what_routing_every_message_would_give(threshold: float):
    (point,) = sweep(SAMPLES, [threshold])
    asked = [sample for sample in SAMPLES if sample.local_confidence < threshold]
    kept = [sample for sample in SAMPLES if sample.local_confidence >= threshold]
    assert point.llm_share == len(asked) / 200
    assert point.accuracy == (sum(sample.llm_correct for sample in asked) + sum(sample.local_correct for sample in kept)) / 200
    assert point.mean_cost_usd == pytest.approx(sum(sample.llm_cost_usd or 0 for sample in asked) / 200)
    assert point.mean_latency_ms == pytest.approx(sum(sample.llm_latency_ms or 0 for sample in asked) / 200)


def test_an_unknown_cost_is_unknown_from_the_first_point_that_needs_it():
    cheap, dear = sweep(
        [
            SweepSample(local_confidence=0.3, local_correct=True, llm_correct=True, llm_cost_usd=1.0),
            SweepSample(local_confidence=0.6, local_correct=True, llm_correct=True),
        ],
        [0.5, 0.7],
    )
    assert (cheap.mean_cost_usd, dear.mean_cost_usd) == (0.5, None)
    assert cheap.mean_latency_ms is None


def test_no_samples_have_no_curve():
    assert sweep([]) == ()
