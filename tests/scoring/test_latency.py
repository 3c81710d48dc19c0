from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.scoring.latency import MOST_BINS, histogram, latency


def test_percentiles_are_by_nearest_rank():
    found = latency([float(value) for value in range(100, 0, -1)], n_cached=3)
    assert (found.p50, found.p90, found.p95, found.p99, found.max) == (50, 90, 95, 99, 100)
    assert found.mean == pytest.approx(50.5)
    assert (found.n, found.n_cached) == (100, 3)


def test_no_calls_have_no_latency():
    found = latency([], n_cached=2)
    assert (found.p50, found.p99, found.max, found.mean, found.n, found.n_cached) == (None, None, None, None, 0, 2)


def test_the_histogram_has_round_bins_and_one_for_the_few_that_took_long():
    found = histogram([*range(101, 300), 9_000.0])
    assert [upper for upper, _ in found][:3] == [100, 120, 140]
    assert found[-1] == (None, 1)
    assert found[0] == (100, 0)
    assert found[1] == (120, 20)


@pytest.mark.parametrize("value", [0.0, 0.42, 5.0, 812.5])
def test_equal_latencies_fill_one_bin(value: float):
    assert [n for _, n in histogram([value] * 7) if n] == [7]


@given(st.lists(st.floats(0, 1e6), max_size=60))
def test_every_call_is_in_the_bin_that_its_latency_belongs_to(values: list[float]):
    found = histogram(values)
    assert sum(n for _, n in found) == len(values)
    assert len(found) <= MOST_BINS + 2
    below = -1.0
    for upper, n in found:
        assert n == sum(below < value <= (upper if upper is not None else 1e9) for value in values)
        below = upper if upper is not None else below
