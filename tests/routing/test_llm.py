from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.decision import FallbackReason, RoutingRequest, Source, Usage
from omniforge_cli.core.errors import ProviderError, ReplyParseError
from omniforge_cli.core.prompt import PromptParams, PromptVersion
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.routing.llm import LLMIntentAnalyzer, LLMOptions, reply_schema
from omniforge_cli.routing.provider import ChatMessage, Completion
from omniforge_cli.testing import FakeProvider, reply
from tests.routing.making import DESK, asked

PROMPT = PromptVersion(name="desk", version="v3", system="sort", user="{{ message }}", params=PromptParams(temperature=0.2, max_tokens=99))


class PlainRenderer:
    """Renders the system text and the message, and nothing else."""

    def render(self, prompt: PromptVersion, taxonomy: Taxonomy, request: RoutingRequest) -> tuple[ChatMessage, ...]:
        return ChatMessage(role="system", content=prompt.system), ChatMessage(role="user", content=request.message)


def analyzer(provider: FakeProvider, prompt: PromptVersion = PROMPT, **options: Any) -> LLMIntentAnalyzer:
    return LLMIntentAnalyzer(
        provider=provider, renderer=PlainRenderer(), prompt=prompt, taxonomy=DESK, options=LLMOptions(model="m-1", **options)
    )


async def test_a_reply_becomes_a_decision_that_names_model_and_prompt():
    provider = FakeProvider([reply("give_refund", confidence=0.7, entities={"order": "77"}, reasoning="says so")])
    decision = await analyzer(provider).analyze(asked("money back"))
    assert (decision.action_type, decision.confidence, decision.source) == ("give_refund", 0.7, Source.LLM)
    assert (decision.model, decision.prompt, decision.entities, decision.reasoning) == ("m-1", "desk@v3", {"order": "77"}, "says so")
    assert decision.usage == Usage(prompt_tokens=10, completion_tokens=5, cost_usd=0.0)
    assert (decision.is_ambiguous, decision.clarifying_question) == (False, None)


async def test_everything_that_can_change_an_answer_is_in_the_request():
    provider = FakeProvider([reply("other")])
    await analyzer(provider, timeout_s=2.5, seed=7, api_base="http://127.0.0.1/v1").analyze(asked("hi", tenant_id="acme", repeat=3))
    (request,) = provider.requests
    assert (request.model, request.api_base, request.seed, request.repeat, request.tenant_id) == (
        "m-1",
        "http://127.0.0.1/v1",
        7,
        3,
        "acme",
    )
    assert (request.temperature, request.max_tokens, request.response_format) == (0.2, 99, "json_schema")
    assert [(message.role, message.content) for message in request.messages] == [("system", "sort"), ("user", "hi")]
    assert provider.timeouts == [2.5]


@pytest.mark.parametrize(("form", "has_schema"), [("json_schema", True), ("json_object", False), ("text", False)])
def test_a_schema_is_sent_only_where_the_prompt_asks_for_one(form: Any, has_schema: bool):
    prompt = replace(PROMPT, params=PromptParams(response_format=form))
    request = analyzer(FakeProvider([""]), prompt).request(asked("hi"))
    assert (request.response_format, request.schema is not None) == (form, has_schema)


def test_the_schema_allows_the_taxonomys_labels_and_requires_the_label_alone():
    schema = reply_schema(DESK)
    assert schema["properties"]["action_type"]["enum"] == list(DESK.names)
    assert schema["required"] == ["action_type"]


@pytest.mark.parametrize(
    ("fields", "question"),
    [
        ({"is_ambiguous": True, "clarifying_question": "Which?"}, "Which?"),
        ({"is_ambiguous": True}, DESK.clarification_open),
        ({"confidence": 0.4, "alternative_action": "track_parcel"}, "Do you want to get your money back, or to know where your parcel is?"),
        ({"confidence": 0.4, "alternative_action": "other"}, DESK.clarification_open),
        ({"confidence": 0.5, "clarifying_question": "Which?"}, None),
        ({"confidence": 0.9, "clarifying_question": "Which?"}, None),
    ],
)
async def test_it_asks_back_when_the_model_says_so_or_is_unsure_and_only_then(fields: dict[str, Any], question: str | None):
    decision = await analyzer(FakeProvider([reply("give_refund", **fields)])).analyze(asked("hm"))
    assert (decision.clarifying_question, decision.is_ambiguous) == (question, question is not None)


async def test_only_an_agent_of_the_user_is_ever_meant():
    provider = FakeProvider([reply("other", target_agent_id="willow"), reply("other", target_agent_id="agent-42")])
    asking = analyzer(provider)
    agents = (Agent(id="w-7", name="Willow"),)
    assert (await asking.analyze(asked("x", agents=agents))).target_agent_id == "w-7"
    assert (await asking.analyze(asked("x", agents=agents))).target_agent_id is None


async def test_a_reply_that_is_no_decision_keeps_what_was_spent_on_it():
    usage = Usage(prompt_tokens=40, completion_tokens=2, cost_usd=0.001)
    provider = FakeProvider([Completion(text="I cannot help with that", finish_reason="stop", usage=usage, attempts=3)])
    with pytest.raises(ReplyParseError) as caught:
        await analyzer(provider).analyze(asked("hi"))
    assert (caught.value.reason, caught.value.usage, caught.value.attempts) == (FallbackReason.BAD_OUTPUT, usage, 3)


async def test_a_reply_that_was_cut_off_is_refused_though_it_could_be_read():
    provider = FakeProvider([Completion(text=reply("other"), finish_reason="length")])
    with pytest.raises(ReplyParseError, match="cut off"):
        await analyzer(provider).analyze(asked("hi"))


async def test_a_failure_of_the_provider_is_passed_on():
    provider = FakeProvider([ProviderError("slow down", reason=FallbackReason.RATE_LIMITED)])
    with pytest.raises(ProviderError, match="slow down"):
        await analyzer(provider).analyze(asked("hi"))


async def test_how_the_answer_came_is_told():
    completion = Completion(text=reply("other"), finish_reason="stop", cached=True, attempts=2, latency_ms=321.0)
    decision = await analyzer(FakeProvider([completion])).analyze(asked("hi", history=(Message(role="user", content="x"),)))
    assert (decision.cached, decision.attempts, decision.latency_ms, decision.usage) == (True, 2, 321.0, None)
