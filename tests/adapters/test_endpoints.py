from __future__ import annotations

import pytest

from omniforge_cli.adapters.endpoints import PLACEHOLDER_KEY, VENDORS, endpoint, speaks_openai
from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.core.errors import ProviderError

BASE = "http://127.0.0.1:8000/v1"


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_vendor_has_an_address_and_its_key_is_found(vendor: str) -> None:
    keys = {variable: f"key of {variable}" for variable in VENDORS[vendor].key_variables}
    target = endpoint(f"{vendor}/some/model", api_base=None, keys=keys)
    assert target.model == "some/model"
    assert target.url == VENDORS[vendor].base_url
    assert target.key == (f"key of {VENDORS[vendor].key_variables[0]}" if keys else PLACEHOLDER_KEY)


@pytest.mark.parametrize("vendor", [name for name, vendor in VENDORS.items() if vendor.needs_key])
def test_a_vendor_that_needs_a_key_is_not_asked_without(vendor: str) -> None:
    with pytest.raises(ProviderError, match=VENDORS[vendor].key_variables[0]) as caught:
        endpoint(f"{vendor}/m", api_base=None, keys={VENDORS[vendor].key_variables[0]: "  "})
    assert (caught.value.reason, caught.value.attempts) == (FallbackReason.AUTH, 0)


@pytest.mark.parametrize(
    ("model", "api_base", "url", "wire_name"),
    [
        ("gpt-4o-mini", BASE, BASE, "gpt-4o-mini"),
        ("openai/x", BASE + "/", BASE, "x"),
        ("qwen/x", BASE, BASE, "qwen/x"),
        ("x", BASE + "/chat/completions", BASE, "x"),
        ("ollama/x", "http://127.0.0.1:11434", "http://127.0.0.1:11434/v1", "x"),
        ("hosted_vllm/x", "http://127.0.0.1:9", "http://127.0.0.1:9", "x"),
        ("openai/", BASE, BASE, "openai/"),
    ],
)
def test_an_api_base_takes_any_name(model: str, api_base: str, url: str, wire_name: str) -> None:
    target = endpoint(model, api_base=api_base, keys={})
    assert (target.url, target.model, target.key) == (url, wire_name, PLACEHOLDER_KEY)


@pytest.mark.parametrize(
    ("model", "api_base", "direct"),
    [
        ("gpt-4o-mini", None, True),
        ("o3-mini", None, True),
        ("ft:gpt-4o:me", None, True),
        ("groq/llama", None, True),
        ("claude-sonnet-4", None, False),
        ("anthropic/claude", None, False),
        ("anthropic/claude", BASE, False),
        ("azure/gpt-4o", BASE, False),
        ("gemini/flash", None, False),
        ("qwen/foo", None, False),
        ("qwen/foo", BASE, True),
        ("anything", BASE, True),
    ],
)
def test_who_speaks_openai(model: str, api_base: str | None, direct: bool) -> None:
    assert speaks_openai(model, api_base) is direct


def test_neither_key_nor_password_shows() -> None:
    target = endpoint("openai/x", api_base="https://me:hunter2@host:8443/v1", keys={"OPENAI_API_KEY": "sk-secret"})
    assert (target.shown, target.key) == ("https://host:8443", None)
    plain = endpoint("openai/x", api_base="http://[::1]:80/v1", keys={"OPENAI_API_KEY": "sk-secret"})
    assert (plain.shown, plain.key) == ("http://[::1]:80", "sk-secret")
    assert "hunter2" not in repr(target) and "sk-secret" not in repr(plain)


def test_a_key_with_odd_characters_is_told_by_its_variable_alone() -> None:
    with pytest.raises(ProviderError, match="OPENAI_API_KEY") as caught:
        endpoint("openai/x", api_base=None, keys={"OPENAI_API_KEY": "sk-\nevil"})
    assert (caught.value.reason, caught.value.attempts) == (FallbackReason.AUTH, 0)
    assert "evil" not in str(caught.value)
