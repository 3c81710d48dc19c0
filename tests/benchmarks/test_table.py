from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.child import Cost, Failed, medians, run
from benchmarks.interleaved import interleaved
from benchmarks.peers import HARNESSES
from benchmarks.server import provider
from benchmarks.startup import UNIT
from benchmarks.table import BEGIN, END, plot, startup_table, throughput_table, write_between
from benchmarks.throughput import Setting, messages, write_cases


def cost(wall_s: float) -> Cost:
    return Cost(wall_s=wall_s, cpu_s=wall_s / 2, memory_mb=10.0)


def test_ratios_are_to_the_unit_and_to_the_limit_and_to_omniforge():
    starts = {UNIT: medians([cost(0.05), cost(0.04), cost(0.9)]), "omniforge --help": medians([cost(0.1)])}
    assert "| `omniforge --help` | 2.00 | 2.5 | 100 | 100–100 | 10 | 1 |" in startup_table(starts)
    setting = Setting(n=1_000, wide=50, latency_s=0.1)
    evals = {"omniforge": medians([cost(3.0)]), "slow": medians([cost(12.0)])}
    assert "| slow | 6.00 | 4.0 | 12.00 | 12.00–12.00 | 6.00 | 10 | 1 |" in throughput_table(evals, setting)
    assert plot(starts, evals, setting).count("<rect") == 4


def test_the_measured_part_of_a_page_is_replaced_and_nothing_else():
    page = Path("page.md")
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write_between(page, r"new \1")
    assert page.read_text(encoding="utf-8") == f"before\n{BEGIN}\n\nnew \\1\n\n{END}\nafter\n"


def test_a_page_without_markers_is_refused():
    Path("page.md").write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="must stand in it"):
        write_between(Path("page.md"), "new")


def test_commands_take_turns_and_a_slow_one_is_run_no_more_than_it_must():
    turns: list[str] = []

    def measure(name: str) -> Cost:
        turns.append(name)
        return cost(1.0)

    found = interleaved({name: (lambda name=name: measure(name)) for name in "ab"}, rounds=5, box_s=0.0, least=3)
    assert turns == ["a", "b", "b", "a", "a", "b"]
    assert found["a"].runs == 3


def test_a_command_that_fails_is_not_measured(tmp_path: Path):
    with pytest.raises(Failed, match="exit 3"):
        run(["/bin/sh", "-c", "echo why; exit 3"], home=tmp_path)


def test_cases_differ_and_no_template_can_trip_over_them():
    rows = messages(5_000)
    assert len({message for message, _ in rows}) == 5_000
    assert not any(set(message) & set('{}"\\') for message, _ in rows)


def test_the_bare_client_asks_the_provider_once_a_case(tmp_path: Path):
    cases = write_cases(tmp_path / "cases.jsonl", 20)
    with provider(0.0) as started:
        run([sys.executable, HARNESSES / "bare_aiohttp.py", started.url, cases, "4"], home=tmp_path)
        assert started.n_requests() == 20
