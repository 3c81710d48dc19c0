"""`omniforge chat` through a pipe, and `route --conversation`: stored, resumed, private, and never without an answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.commands import Omniforge
from tests.loopback import FAULTS, Loopback, answering

Start = Callable[..., Loopback]
CHAT = ("chat", "--analyzer", "keyword")


def stored(omniforge: Omniforge) -> list[str]:
    return [one["conversation_id"] for one in omniforge("conversations", "list", "--format", "json").json]


def test_each_line_is_answered_and_the_conversation_is_stored(omniforge: Omniforge) -> None:
    done = omniforge(*CHAT, stdin=b"list my agents\npause Willow\n")
    assert done.code == 0
    (id_,) = stored(omniforge)
    assert f"omniforge chat --conversation {id_}" in done.err
    shown = omniforge("conversations", "show", id_, "--format", "json").json
    assert [message["role"] for message in shown["messages"]] == ["user", "assistant"] * 2
    assert shown["messages"][0]["metadata"]["decision"]["action_type"] == "query_info"
    assert shown["title"] == "list my agents"
    assert shown["messages"][1]["content"] in done.out


def test_a_chat_is_resumed_with_its_history_behind_it(omniforge: Omniforge, loopback: Start) -> None:
    server = loopback(answering("create_agent"))
    asking = ("chat", "--model", "m", "--api-base", server.url)
    omniforge(*asking, stdin=b"make me a bot for invoices\n")
    (id_,) = stored(omniforge)
    omniforge(*asking, "--conversation", id_, stdin=b"yes\n")
    assert "make me a bot for invoices" in server.requests[-1].whole_text
    assert server.requests[-1].last_user_message.endswith("yes")
    assert len(omniforge("conversations", "show", id_, "--format", "json").json["messages"]) == 4
    assert stored(omniforge) == [id_]


def test_json_has_a_decision_and_a_reply_on_each_line(omniforge: Omniforge) -> None:
    rows = omniforge(*CHAT, "--format", "json", stdin=b"list my agents\n\nhello\n").json_lines
    assert [row["action_type"] for row in rows] == ["query_info", "unknown"]
    assert all(row["reply"] and row["conversation_id"] for row in rows)


def test_commands_begin_anew_list_resume_and_explain(omniforge: Omniforge) -> None:
    done = omniforge(*CHAT, stdin=b"list my agents\n/why\n/new\npause Willow\n/list\n/nonsense\n/quit\nnever read\n")
    assert done.code == 0
    assert '"action_type": "query_info"' in done.out
    newer, older = stored(omniforge)
    assert done.out.rindex(newer) < done.out.rindex(older)
    assert "there is no command /nonsense" in done.err
    assert "never read" not in omniforge("conversations", "export").out
    omniforge(*CHAT, stdin=f"/resume {older}\nhello\n".encode())
    assert len(omniforge("conversations", "show", older, "--format", "json").json["messages"]) == 4


@pytest.mark.parametrize("tenant", ["default-tenant", "other"])
def test_a_conversation_that_is_missing_or_foreign_is_exit_4_and_makes_none(omniforge: Omniforge, tenant: str) -> None:
    omniforge(*CHAT, stdin=b"hello\n")
    (mine,) = stored(omniforge)
    named = "no-such-id" if tenant == "default-tenant" else mine
    done = omniforge(*CHAT, "--conversation", named, "--tenant", tenant, stdin=b"hello\n")
    assert (done.code, done.out) == (4, "")
    assert stored(omniforge) == [mine]
    assert omniforge(*CHAT, "--tenant", tenant, stdin=f"/resume {named}\n".encode()).code == 4


def test_another_users_conversation_is_not_found_where_a_user_is_named(omniforge: Omniforge) -> None:
    omniforge(*CHAT, "--user", "ada", stdin=b"hello\n")
    (id_,) = stored(omniforge)
    assert omniforge("conversations", "show", id_, "--user", "bob").code == 4
    assert omniforge(*CHAT, "--conversation", id_, "--user", "bob", stdin=b"hello\n").code == 4
    assert omniforge("conversations", "show", id_).code == 0


def test_storage_that_fails_costs_one_warning_and_no_answer(omniforge: Omniforge) -> None:
    Path("broken.duckdb").write_bytes(b"this is no database" * 500)
    done = omniforge(*CHAT, "--db", "broken.duckdb", "--format", "json", stdin=b"list my agents\npause Willow\n")
    assert [row["action_type"] for row in done.json_lines] == ["query_info", "update_agent"]
    assert done.err.count("warning") == 1
    assert "4 messages could not be stored and are lost" in done.err
    assert "go on later" not in done.err
    assert Path("broken.duckdb").read_bytes() == b"this is no database" * 500


@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in ("ok", "slow", "fenced", "no_usage", "wrong_type", "429_1s")])
def test_every_fault_of_a_provider_ends_in_an_answer_with_its_reason(omniforge: Omniforge, loopback: Start, fault: str) -> None:
    server = loopback(answering("query_info"), script=[fault] * 8)
    done = omniforge("chat", "--model", "m", "--api-base", server.url, "--timeout", "0.4", "--format", "json", stdin=b"list my agents\n")
    (row,) = done.json_lines
    assert row["fallback_reason"] is not None and row["source"] in ("local", "keyword")
    assert row["reply"]
    assert row["latency_ms"] < 1_400


def test_route_in_a_conversation_reads_and_stores(omniforge: Omniforge) -> None:
    omniforge(*CHAT, stdin=b"list my agents\n")
    (id_,) = stored(omniforge)
    decided = omniforge("route", "pause Willow", "--analyzer", "keyword", "--conversation", id_, "--format", "json").json
    assert (decided["action_type"], decided["conversation_id"]) == ("update_agent", id_)
    assert len(omniforge("conversations", "show", id_, "--format", "json").json["messages"]) == 4
    omniforge("route", "hello", "--analyzer", "keyword")
    assert stored(omniforge) == [id_]


def test_why_masks_secrets_and_bytes_that_are_no_text_do_no_harm(omniforge: Omniforge) -> None:
    secret = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"
    done = omniforge("chat", "--analyzer", "keyword", stdin=f"my key is {secret}\n/why\n".encode() + b"\xff\xfe hello\n")
    assert done.code == 0
    assert secret not in done.out
