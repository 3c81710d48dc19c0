from __future__ import annotations

import pytest

from omniforge_cli.core.decision import FallbackReason, Source, Usage
from omniforge_cli.scoring.cost import cost, sample_cost_usd
from tests.scoring.making import answered, failed


def test_an_unknown_price_makes_every_cost_unknown():
    assert cost([0.1, 0.2], n_unknown=1).total is None
    assert cost([]).mean is None


def test_total_mean_and_p95():
    found = cost([0.01] * 94 + [0.5] * 6)
    assert found.total == pytest.approx(3.94)
    assert found.mean == pytest.approx(0.0394)
    assert found.p95 == 0.5


def test_an_offline_answer_costs_nothing():
    assert sample_cost_usd(answered(source=Source.LOCAL, usage=None, calls=0)) == 0.0


def test_a_reply_without_usage_has_an_unknown_cost():
    assert sample_cost_usd(answered(usage=None)) is None
    assert sample_cost_usd(failed(FallbackReason.BAD_OUTPUT)) is None


def test_an_outage_that_reported_no_usage_cost_nothing():
    assert sample_cost_usd(failed(FallbackReason.TIMEOUT)) == 0.0
    assert sample_cost_usd(failed(FallbackReason.TIMEOUT, fallback="a")) == 0.0


def test_what_an_unused_answer_cost_counts():
    assert sample_cost_usd(failed(FallbackReason.BAD_OUTPUT, usage=Usage(cost_usd=0.2))) == 0.2
