from __future__ import annotations

import pytest

from omniforge_cli.core.decision import FallbackReason, Source, Usage
from omniforge_cli.core.run import Analyzer, Arm, Sample
from tests.scoring.making import ARM, accumulate, answered, failed

CASCADE = Arm(analyzer=Analyzer.CASCADE, model="m", prompt="p@v1")


def local(predicted: str = "a") -> Sample:
    return answered("a", predicted, source=Source.LOCAL, latency_ms=2.0, calls=0, usage=None)


def asked(predicted: str = "a") -> Sample:
    return answered("a", predicted, latency_ms=400.0, usage=Usage(prompt_tokens=9, completion_tokens=1, cost_usd=0.002))


def test_what_stayed_local_is_what_was_saved() -> None:
    found = accumulate(*[local()] * 5, local("b"), *[asked()] * 3, asked("b")).report(CASCADE).extra["cascade"]
    assert (found["n_local"], found["n_llm"], found["avoided"]) == (6, 4, 0.6)
    assert found["saved_usd"] == pytest.approx(0.6 * 0.002)
    assert found["saved_ms"] == pytest.approx(0.6 * 400)
    assert found["local_accuracy"]["value"] == pytest.approx(5 / 6)
    assert found["llm_accuracy"]["value"] == 0.75


def test_a_fallback_is_a_miss_of_the_llm_half_and_an_override_is_of_neither() -> None:
    override = answered(source=Source.OVERRIDE, calls=0, usage=None)
    found = accumulate(local(), failed(FallbackReason.TIMEOUT, fallback="a"), override).report(CASCADE).extra["cascade"]
    assert (found["n_local"], found["n_llm"], found["llm_accuracy"]["value"]) == (1, 1, 0.0)


def test_where_nothing_is_known_nothing_is_saved() -> None:
    assert accumulate().report(CASCADE).extra["cascade"]["avoided"] is None
    alone = accumulate(local()).report(CASCADE).extra["cascade"]
    assert (alone["avoided"], alone["saved_usd"], alone["saved_ms"]) == (1.0, None, None)


def test_merged_halves_count_like_the_whole() -> None:
    first, second = accumulate(local(), asked()), accumulate(local("b"), asked("b"))
    first.merge(second)
    assert first.report(CASCADE).extra["cascade"] == accumulate(local(), asked(), local("b"), asked("b")).report(CASCADE).extra["cascade"]


def test_no_other_arm_tells_of_a_cascade() -> None:
    assert "cascade" not in accumulate(local()).report(ARM).extra
