from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from omniforge_cli.adapters.prices import most_usd, price, priced
from omniforge_cli.core.errors import SettingsError
from omniforge_cli.routing.provider import ChatMessage, ProviderRequest


def table() -> dict[str, dict[str, object]]:
    spec = find_spec("litellm")
    assert spec is not None and spec.origin is not None
    path = next(Path(spec.origin).parent.glob("model_prices_and_context_window*.json"))
    return dict(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("model", ["gpt-4o-mini", "openai/gpt-4o-mini"])
def test_openais_models_are_found_with_and_without_their_prefix(model: str) -> None:
    found = price(model)
    assert found is not None
    assert (found.prompt_usd, found.completion_usd, found.cached_prompt_usd) == (1.5e-07, 6e-07, 7.5e-08)


def test_every_entry_that_has_a_price_per_token_is_found_in_the_raw_text() -> None:
    entries = table()
    sample = [name for name in entries if name != "sample_spec"][::40]
    for name in sample:
        wanted = (entries[name].get("input_cost_per_token"), entries[name].get("output_cost_per_token"))
        found = price(name)
        assert (found is None) == (None in wanted), name
        if found is not None:
            assert (found.prompt_usd, found.completion_usd) == wanted


@pytest.mark.parametrize(
    "model",
    [
        "no-such-model",
        "groq/gpt-4o-mini",
        "openai/qwen1.5b",
        "input_cost_per_token",
        "search_context_cost_per_query",
        "",
        "/",
        'a"b',
        "openai/",
    ],
)
def test_what_the_table_does_not_know_has_no_price(model: str) -> None:
    assert price(model) is None
    assert priced(model, prompt_tokens=9, completion_tokens=1).cost_usd is None


def test_a_cost_is_the_tokens_at_their_price_and_cached_ones_cheaper() -> None:
    plain = priced("gpt-4o-mini", prompt_tokens=1000, completion_tokens=10)
    cached = priced("gpt-4o-mini", prompt_tokens=1000, completion_tokens=10, cached_tokens=400)
    assert plain.cost_usd == pytest.approx(1000 * 1.5e-07 + 10 * 6e-07)
    assert cached.cost_usd == pytest.approx(600 * 1.5e-07 + 400 * 7.5e-08 + 10 * 6e-07)


def test_looking_a_price_up_imports_no_litellm() -> None:
    code = "import sys; from omniforge_cli.adapters.prices import price; assert price('gpt-4o-mini'); assert 'litellm' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_the_most_a_call_can_cost_is_more_than_it_does_cost() -> None:
    request = ProviderRequest(model="gpt-4o-mini", messages=(ChatMessage(role="user", content="hello " * 100),), max_tokens=300)
    usual = priced("gpt-4o-mini", prompt_tokens=110, completion_tokens=40).cost_usd
    assert usual is not None and most_usd(request) > usual


def test_no_cost_can_be_bounded_without_a_price() -> None:
    with pytest.raises(SettingsError, match="no-such-model"):
        most_usd(ProviderRequest(model="no-such-model", messages=()))
