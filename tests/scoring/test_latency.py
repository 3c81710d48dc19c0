from __future__ import annotations

import pytest

from omniforge_cli.scoring.latency import latency


def test_percentiles_are_by_nearest_rank():
    found = latency([float(value) for value in range(100, 0, -1)], n_cached=3)
    assert (found.p50, found.p90, found.p95, found.p99, found.max) == (50, 90, 95, 99, 100)
    assert found.mean == pytest.approx(50.5)
    assert (found.n, found.n_cached) == (100, 3)


def test_no_calls_have_no_latency():
    found = latency([], n_cached=2)
    assert (found.p50, found.p99, found.max, found.mean, found.n, found.n_cached) == (None, None, None, None, 0, 2)
