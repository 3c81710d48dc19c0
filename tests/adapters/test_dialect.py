from __future__ import annotations

from typing import Any

import pytest

from omniforge_cli.adapters.dialect import Dialect, Dialects, ParameterRefused
from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.core.errors import ProviderError
from omniforge_cli.routing.provider import ChatMessage, ProviderRequest

FULL = ProviderRequest(model="m", messages=(ChatMessage(role="user", content="hi"),), schema={"type": "object"}, seed=1)
ORIGINAL = ProviderError("400", reason=FallbackReason.PROVIDER_ERROR)


@pytest.mark.parametrize(
    "complaint",
    [
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
        "This model does not support response format `json_schema`.",
        "This response_format type is unavailable now",
        "structured outputs are not available",
        "failed to parse grammar",
        "'messages' must contain the word 'json' in some form",
        "Invalid schema for response_format 'routing_decision'",
    ],
)
def test_a_complaint_about_the_format_steps_down_to_the_end(complaint: str) -> None:
    once = Dialect().without(complaint, FULL)
    assert once == Dialect(best_format="json_object")
    twice = once.without(complaint, FULL) if once else None
    assert twice == Dialect(best_format="text")
    assert twice is not None and twice.without(complaint, FULL) is None


def test_a_schema_format_without_a_schema_is_plain_json() -> None:
    request = ProviderRequest(model="m", messages=FULL.messages)
    assert Dialect().parameters(request)["response_format"] == {"type": "json_object"}


async def test_what_a_server_refused_is_remembered_only_once_it_answered() -> None:
    dialects, sent = Dialects(), []

    async def refuse(body: dict[str, Any]) -> str:
        sent.append(body)
        raise ParameterRefused("temperature is odd", ORIGINAL)

    async def answer(body: dict[str, Any]) -> str:
        sent.append(body)
        return "yes"

    with pytest.raises(ProviderError) as caught:
        await dialects.ask(("url", "m"), FULL, refuse)
    assert caught.value is ORIGINAL
    assert ["temperature" in body for body in sent] == [True, False]
    await dialects.ask(("url", "m"), FULL, answer)
    assert "temperature" in sent[-1]


async def test_what_one_model_refuses_another_is_still_sent() -> None:
    dialects = Dialects()

    async def answer(body: dict[str, Any]) -> bool:
        if "seed" in body:
            raise ParameterRefused("unknown field: seed", ORIGINAL)
        return True

    async def has_seed(body: dict[str, Any]) -> bool:
        return "seed" in body

    assert await dialects.ask(("url", "m"), FULL, answer)
    assert not await dialects.ask(("url", "m"), FULL, has_seed)
    assert await dialects.ask(("url", "other"), FULL, has_seed)
