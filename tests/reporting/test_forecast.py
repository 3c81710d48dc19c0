from __future__ import annotations

import json

from omniforge_cli.evals.forecast import ArmForecast, Forecast, Pace, Spread
from omniforge_cli.reporting import forecast

COST = Spread(low=0.01, likely=0.02, high=0.1)


def arm(name: str = "llm:m:p@v1", calls: int = 100, cost: Spread | None = COST) -> ArmForecast:
    tokens = Spread(low=calls * 10, likely=calls * 30, high=calls * 300)
    return ArmForecast(name=name, n=100, calls=calls, prompt_tokens=calls * 500, completion_tokens=tokens, cost_usd=cost)


def whole(*arms: ArmForecast, **pace: float | None) -> Forecast:
    return Forecast(
        command="eval",
        evalset="desk@v1",
        n_cases=100,
        repeats=1,
        arms=arms,
        pace=Pace(concurrency=10, timeout_s=5.0, **pace),
        notes=("a note",),
    )


def test_each_arm_has_a_row_and_there_is_a_sum() -> None:
    text = forecast.render_text(whole(arm(), arm("llm:n:p@v1")), width=120)
    rows = [line.split() for line in text.splitlines()]
    assert ["llm:m:p@v1", "100", "50,000", "3,000", "(1,000", "to", "30,000)", "$0.0200", "($0.0100", "to", "$0.1000)"] in rows
    assert next(row for row in rows if row[:2] == ["in", "all"])[2:4] == ["200", "100,000"]
    assert "likely 20 s, from 6 s to 100 s, 10 at once" in text
    assert "a note." in text


def test_a_price_that_is_not_known_is_no_zero() -> None:
    told = whole(arm(), arm("llm:n:p@v1", cost=None))
    assert told.cost_usd is None
    assert forecast.plain(told)["cost_usd"] is None
    assert "price not known" in forecast.render_text(told)


def test_an_offline_arm_says_that_it_calls_nobody() -> None:
    text = forecast.render_text(whole(arm("local", calls=0, cost=Spread(low=0, likely=0, high=0))))
    assert "local: no call is made and nothing is paid." in text
    assert "Time" not in text


def test_limits_a_minute_slow_it_down() -> None:
    assert whole(arm()).seconds == Spread(low=3.0, likely=10.0, high=50.0)
    assert whole(arm(), rpm=20.0).seconds == Spread(low=300.0, likely=300.0, high=300.0)
    assert whole(arm(), tpm=53_000.0).seconds.likely == 60.0
    assert "20 requests a minute" in forecast.render_text(whole(arm(), rpm=20.0))


def test_the_json_is_plain() -> None:
    told = json.loads(json.dumps(forecast.plain(whole(arm()))))
    assert (told["dry_run"], told["calls"], told["prompt_tokens"]) == (True, 100, 50_000)
    assert told["seconds"]["likely"] == 10.0


def test_long_runs_are_told_in_hours() -> None:
    text = forecast.render_text(whole(arm(), rpm=0.5))
    assert "likely 3.3 h" in text
    assert "likely 10 min" in forecast.render_text(whole(arm(), rpm=10.0))
