from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.conversation import Agent
from omniforge_cli.core.decision import FallbackReason, Usage
from omniforge_cli.core.errors import ReplyParseError
from omniforge_cli.routing.parse import ParsedReply, parse_reply
from tests.routing.making import DESK

TABLE = yaml.safe_load((Path(__file__).resolve().parents[1] / "data" / "replies.yaml").read_text(encoding="utf-8"))
AGENTS = (Agent(id="Otter", name="Otter"), Agent(id="w-7", name="Willow"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [name for name in ParsedReply.__dataclass_fields__ if name != "action_type"]
REPLIES = st.builds(
    lambda label, rest: {"action_type": label, **rest},
    st.sampled_from(DESK.names),
    st.dictionaries(st.sampled_from([*FIELDS, "more"]), JSON),
)


def read(row: dict[str, Any]) -> ParsedReply:
    return parse_reply(row["reply"], taxonomy=DESK, agents=AGENTS, finish_reason=row.get("finish_reason"))


@pytest.mark.parametrize("row", [row for row in TABLE if "expected" in row], ids=lambda row: row["name"])
def test_a_reply_is_read(row: dict[str, Any]):
    parsed = read(row)
    assert {key: getattr(parsed, key) for key in row["expected"]} == row["expected"]


@pytest.mark.parametrize("row", [row for row in TABLE if "refused" in row], ids=lambda row: row["name"])
def test_a_reply_is_refused(row: dict[str, Any]):
    with pytest.raises(ReplyParseError) as caught:
        read(row)
    assert caught.value.reason is FallbackReason(row["refused"])
    assert "\n" not in str(caught.value)


def test_every_row_of_the_table_says_what_comes_out():
    assert all(("expected" in row) != ("refused" in row) for row in TABLE)
    assert len({row["name"] for row in TABLE}) == len(TABLE)


def test_a_refusal_keeps_what_the_call_cost():
    usage = Usage(prompt_tokens=9)
    with pytest.raises(ReplyParseError) as caught:
        parse_reply("no", taxonomy=DESK, usage=usage)
    assert (caught.value.usage, caught.value.attempts) == (usage, 1)


@pytest.mark.parametrize(
    "text",
    ["{" * 50_000, '{"a": ' * 20_000 + "1" + "}" * 20_000, '{"action_type": ' + "[" * 20_000 + "]" * 20_000 + "}", '"' * 50_001 + "{"],
)
def test_a_hostile_reply_is_refused_in_linear_time(text: str):
    with pytest.raises(ReplyParseError):
        parse_reply(text, taxonomy=DESK)


@given(REPLIES, st.sampled_from(["{}", "```json\n{}\n```", "Here: {} done"]))
def test_any_well_formed_reply_comes_out_as_plain_writable_values(reply: dict[str, Any], around: str):
    parsed = parse_reply(around.replace("{}", json.dumps(reply)), taxonomy=DESK, agents=AGENTS)
    assert parsed.action_type == reply["action_type"]
    assert 0 <= parsed.confidence <= 1
    assert parsed.target_agent_id in {None, "Otter", "w-7"}
    assert parsed.alternative_action in {None, *DESK.names} - {parsed.action_type}
    json.dumps({**parsed.entities}, allow_nan=False, ensure_ascii=False).encode("utf-8")
    f"{parsed.reasoning}{parsed.clarifying_question}".encode()


@given(st.text(alphabet='{}[]",:\\ aot_1\n', max_size=40) | st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str):
    try:
        assert parse_reply(text, taxonomy=DESK).action_type in DESK.names
    except ReplyParseError as refused:
        assert refused.reason in (FallbackReason.BAD_OUTPUT, FallbackReason.EMPTY_OUTPUT)


@given(REPLIES, st.data())
def test_no_beginning_of_a_reply_is_ever_taken_for_the_whole(reply: dict[str, Any], data: st.DataObject):
    whole = json.dumps(reply)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ReplyParseError):
        parse_reply(whole[:cut], taxonomy=DESK)
