from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.report import Cost, Estimate, Report
from omniforge_cli.reporting import trend
from tests.reporting.samples import arm, report


def _runs() -> list[Report]:
    """Four runs of one arm, the second without a price, the third with another prompt, and a run of another arm."""
    runs = []
    for day, accuracy in enumerate([0.85, 0.88, 0.91, 0.9], start=1):
        one = arm(accuracy=Estimate(value=accuracy, ci_low=accuracy - 0.04, ci_high=accuracy + 0.03))
        if day == 2:
            one = replace(one, cost_usd=Cost(total=None, mean=None, p95=None))
        if day >= 3:
            one = replace(one, prompt_sha256="ef" * 32)
        runs.append(report(run_id=f"run-{day}", created_at=f"2026-03-0{day}T10:00:00+00:00", arms=(one,), status="pass"))
    return [*runs, report(run_id="run-9", created_at="2026-02-01T10:00:00+00:00", arms=(arm("local"),), status="no_gates")]


def test_the_text_is_the_golden_file(golden: Callable[[str, str], None]) -> None:
    golden("trend.txt", trend.render_text(_runs(), width=100))


def test_runs_are_sorted_by_time_whatever_order_they_come_in() -> None:
    first = trend.trends(reversed(_runs()))
    assert [one.arm for one in first] == ["llm:tiny:desk@v2", "local"]
    assert [point.run_id for point in first[0].points] == ["run-1", "run-2", "run-3", "run-4"]


def test_a_change_of_prompt_or_cases_is_named_where_it_happened() -> None:
    assert [point.changed for point in trend.trends(_runs())[0].points] == ["", "", "prompt", ""]
    other = [replace(one, evalset={**one.evalset, "sha256": one.run_id}) for one in _runs()[:2]]
    assert [point.changed for point in trend.trends(other)[0].points] == ["", "cases"]


def test_another_version_of_the_set_is_another_line() -> None:
    other = [report(), report(evalset={"name": "desk", "version": "v2"})]
    assert {one.evalset for one in trend.trends(other)} == {"desk@v1", "desk@v2"}


@pytest.mark.parametrize(("values", "bars"), [([0.0, 0.5, 1.0], "▁▅█"), ([2.0, None, 2.0], "▄·▄"), ([], "")])
def test_a_sparkline_runs_from_lowest_to_highest(values: list[float | None], bars: str) -> None:
    assert trend.sparkline(values) == bars


@given(st.lists(st.none() | st.floats(allow_subnormal=False, min_value=-1e12, max_value=1e12)))
def test_a_sparkline_has_a_character_for_every_run(values: list[float | None]) -> None:
    assert len(trend.sparkline(values)) == len(values)


def test_only_the_last_runs_are_listed_and_all_are_counted() -> None:
    text = trend.render_text(_runs()[:4], last=2)
    assert "4 runs" in text
    assert "run-2" not in text
    assert "run-3" in text


def test_a_legacy_code_page_gets_plain_signs() -> None:
    trend.render_text(_runs(), encoding="ascii").encode("ascii")


def test_no_runs_say_so() -> None:
    assert trend.render_text([]) == "There is no finished run yet.\n"
    assert "no finished run yet" in trend.render_html([])


def test_the_page_holds_every_run_and_a_diagram_for_each_measure() -> None:
    page = trend.render_html(_runs())
    assert page.count("<figure>") == 6
    assert page.count("run-") == 5
    assert "85.0%" in page
    assert "script-src &#39;none&#39;" in page
    assert "http" not in page.replace("http-equiv", "")


def test_text_of_users_is_never_markup() -> None:
    evil = "<script>alert(1)</script>"
    tags: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            tags.append(tag)

    Tags().feed(trend.render_html([report(run_id=evil, status=evil, arms=(arm(evil),), evalset={"name": evil})]))
    assert "script" not in tags
