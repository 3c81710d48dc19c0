from __future__ import annotations

import math
import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from omniforge_cli.core.report import Estimate, ReliabilityBin
from omniforge_cli.reporting import charts, numbers
from tests.reporting.samples import arm

SVG = ElementTree.fromstring


def test_the_reliability_diagram_puts_a_dot_per_filled_bin_and_a_perfect_one_on_the_line() -> None:
    bins = (
        ReliabilityBin(low=0.4, high=0.6, n=9, confidence=0.5, accuracy=0.5),
        ReliabilityBin(low=0.8, high=1.0, n=36, confidence=0.9, accuracy=0.7),
        ReliabilityBin(low=0.0, high=0.4, n=0, confidence=None, accuracy=None),
    )
    root = SVG(charts.reliability(bins))
    dots = [(float(dot.attrib["cx"]), float(dot.attrib["cy"]), float(dot.attrib["r"])) for dot in root.iter("circle")]
    assert len(dots) == 2
    ideal = next(line for line in root.iter("line") if line.get("class") == "ideal")
    middle = (float(ideal.attrib["x1"]) + float(ideal.attrib["x2"])) / 2, (float(ideal.attrib["y1"]) + float(ideal.attrib["y2"])) / 2
    assert dots[0][:2] == pytest.approx(middle, abs=0.11)
    assert dots[1][2] > dots[0][2]
    assert root[-1].find("title") is not None
    assert "36 samples, 70.0% right" in charts.reliability(bins)


def test_the_risk_line_rises_to_the_right_and_leaves_out_what_is_no_number() -> None:
    root = SVG(charts.risk_coverage([[1.0, 0.19], [0.5, 0.0], [math.nan, 0.1]]))
    line = root.find("polyline")
    assert line is not None
    places = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
    assert len(places) == 2
    assert places[0][0] < places[1][0]
    assert places[0][1] > places[1][1]
    assert "20%" in [text.text for text in root.iter("text")]


def test_the_histogram_has_a_bar_per_bin_as_high_as_its_count() -> None:
    root = SVG(charts.latency_histogram([[100.0, 5], [200.0, 10], [None, 1]], 120.0, 180.0))
    heights = [float(bar.attrib["height"]) for bar in root.iter("rect")]
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.2)
    assert [title.text for title in root.iter("title")] == ["0 to 100 ms: 5 calls", "100 to 200 ms: 10 calls", "over 200 ms: 1 call"]
    assert {"p50", "p95"} <= {text.text for text in root.iter("text")}


def test_a_percentile_beyond_the_last_bound_has_no_mark() -> None:
    assert "p95" not in charts.latency_histogram([[100.0, 5], [None, 1]], 50.0, 400.0)


def test_a_strip_places_value_interval_and_gate_in_order() -> None:
    text = charts.strip(Estimate(value=0.9, ci_low=0.85, ci_high=0.94), 0.5, 0.92)
    root = SVG(text)
    gate, span = (next(line for line in root.iter("line") if line.get("class") == name) for name in ("gate", "interval"))
    places = [span.attrib["x1"], root[-1].attrib["cx"], gate.attrib["x1"], span.attrib["x2"]]
    assert places == sorted(places, key=lambda place: float(place.rstrip("%")))


def test_a_difference_is_drawn_about_its_zero_line() -> None:
    root = SVG(charts.difference(Estimate(value=0.05, ci_low=-0.01, ci_high=0.1)))
    span = next(line for line in root.iter("line") if line.get("class") == "interval")
    assert float(span.attrib["x1"].rstrip("%")) < 50 < float(span.attrib["x2"].rstrip("%")) <= 98


@pytest.mark.parametrize(
    "empty",
    [
        lambda: charts.reliability(()),
        lambda: charts.risk_coverage([]),
        lambda: charts.risk_coverage([[0.5, 0.1]]),
        lambda: charts.latency_histogram([], None, None),
        lambda: charts.latency_histogram([[10.0, 0]], 1.0, 2.0),
        lambda: charts.strip(Estimate(value=None), 0.5),
        lambda: charts.difference(Estimate(value=0.1)),
    ],
)
def test_nothing_measured_is_nothing_drawn(empty: Callable[[], str]) -> None:
    assert empty() == ""


def test_every_diagram_has_a_name_for_those_who_cannot_see_it() -> None:
    assert re.search(r'role="img" aria-label="Reliability', charts.reliability(arm().reliability_bins))


def test_a_timeline_rises_where_the_measure_does_and_its_scale_ends_at_the_most_there_can_be() -> None:
    runs = [Estimate(value=0.9, ci_low=0.8, ci_high=0.95), Estimate(value=None), Estimate(value=0.97, ci_low=0.9, ci_high=1.0)]
    root = SVG(charts.timeline(runs, numbers.percent, most=1.0))
    line = root.find("polyline")
    assert line is not None
    heights = [float(pair.split(",")[1]) for pair in line.attrib["points"].split()]
    assert len(heights) == 2
    assert heights[0] > heights[1]
    assert "100%" in [text.text for text in root.iter("text")]
    assert [title.text for title in root.iter("title")] == ["90.0%", "97.0%"]


def test_a_measure_that_is_always_nothing_needs_no_diagram() -> None:
    assert charts.timeline([Estimate(value=0.0), Estimate(value=0.0)], numbers.usd) == ""


def test_a_strip_without_interval_or_gate_is_a_dot() -> None:
    root = SVG(charts.strip(Estimate(value=0.9), 0.5, 0.2))
    assert [child.get("class") for child in root] == ["axis", "dot"]
