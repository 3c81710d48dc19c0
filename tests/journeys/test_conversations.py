"""`omniforge conversations`: import, list, show, export, delete, prune, and that no tenant sees another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.journeys.commands import Omniforge, conversation, write_lines

TWO = [
    conversation("c1", [("make me a bot", "create_agent"), ("yes", "create_agent")]),
    conversation("c2", [("what agents are there?", "query_info")], day=2),
]
SECRET = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"


def test_what_was_imported_is_listed_and_shown(omniforge: Omniforge) -> None:
    done = omniforge("conversations", "import", write_lines("two.jsonl", TWO), "--format", "json")
    assert (done.code, done.json) == (0, {"conversations": 2, "messages": 6})
    listed = omniforge("conversations", "list", "--format", "json").json
    assert [(one["conversation_id"], one["title"], one["user_id"]) for one in listed] == [
        ("c2", "about c2", "ada"),
        ("c1", "about c1", "ada"),
    ]
    shown = omniforge("conversations", "show", "c1", "--format", "json").json
    assert [message["content"] for message in shown["messages"]] == ["make me a bot", "reply 0", "yes", "reply 1"]
    assert shown["messages"][2]["metadata"]["decision"]["action_type"] == "create_agent"
    assert "user: make me a bot   [create_agent]" in omniforge("conversations", "show", "c1").out


def test_importing_twice_changes_nothing(omniforge: Omniforge) -> None:
    write_lines("two.jsonl", TWO)
    omniforge("conversations", "import", "two.jsonl")
    before = omniforge("conversations", "export").out
    again = omniforge("conversations", "import", "two.jsonl", "--format", "json")
    assert (again.code, again.json) == (0, {"conversations": 0, "messages": 0})
    assert omniforge("conversations", "export").out == before


def test_an_export_imports_into_another_database_as_it_was(omniforge: Omniforge) -> None:
    omniforge("conversations", "import", write_lines("two.jsonl", TWO))
    exported = omniforge("conversations", "export")
    Path("out.jsonl").write_text(exported.out)
    assert omniforge("conversations", "import", "out.jsonl", "--db", "other.duckdb").code == 0
    assert omniforge("conversations", "export", "--db", "other.duckdb").out == exported.out
    assert omniforge("conversations", "export", "c1", "--to", "c1.parquet").code == 0
    assert omniforge("conversations", "import", "c1.parquet", "--db", "third.duckdb", "--format", "json").json["messages"] == 4


def test_another_tenant_gets_nothing_in_the_words_of_a_missing_one(omniforge: Omniforge) -> None:
    omniforge("conversations", "import", write_lines("two.jsonl", TWO))
    other = ("--tenant", "other")
    assert omniforge("conversations", "list", "--format", "json", *other).json == []
    assert omniforge("conversations", "export", *other).out == ""
    for command in (
        ("conversations", "show", "c1"),
        ("conversations", "export", "c1"),
        ("conversations", "delete", "c1", "--yes"),
        ("route", "yes", "--analyzer", "keyword", "--conversation", "c1"),
        ("chat", "--analyzer", "keyword", "--conversation", "c1"),
        ("replay", "--analyzer", "keyword", "--conversation", "c1", "--gates", "none"),
    ):
        foreign = omniforge(*command, *other)
        missing = omniforge(*(word.replace("c1", "c9") for word in command))
        assert (foreign.code, foreign.out) == (4, ""), command
        assert foreign.err.splitlines()[-1] == missing.err.splitlines()[-1].replace("c9", "c1"), command
    assert omniforge("replay", "--analyzer", "keyword", "--gates", "none", *other).code == 2
    assert len(omniforge("conversations", "show", "c1", "--format", "json").json["messages"]) == 4


def test_an_import_over_another_tenants_id_makes_a_conversation_of_its_own(omniforge: Omniforge) -> None:
    omniforge("conversations", "import", write_lines("two.jsonl", TWO))
    omniforge("conversations", "import", write_lines("own.jsonl", [conversation("c1", [("ours", None)])]), "--tenant", "other")
    assert [
        one["content"] for one in omniforge("conversations", "show", "c1", "--tenant", "other", "--format", "json").json["messages"]
    ] == [
        "ours",
        "reply 0",
    ]
    assert len(omniforge("conversations", "show", "c1", "--format", "json").json["messages"]) == 4


def test_a_file_of_another_tenant_is_refused_whole(omniforge: Omniforge) -> None:
    write_lines("mixed.jsonl", [TWO[0], conversation("c3", [("x", None)], tenant="other")])
    done = omniforge("conversations", "import", "mixed.jsonl")
    assert done.code == 2
    assert omniforge("conversations", "list", "--format", "json").json == []


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"{", "line 1"), (b'{"conversation_id": 7}\n', "not a conversation"), (b"\xff\xfe\n", "UTF-8"), (b"", "")],
    ids=["broken", "no-text-id", "bytes", "empty"],
)
def test_a_broken_file_is_exit_2_and_changes_nothing(omniforge: Omniforge, content: bytes, told: str) -> None:
    Path("bad.jsonl").write_bytes(content)
    done = omniforge("conversations", "import", "bad.jsonl")
    assert done.code == (2 if told else 0)
    if told:
        assert told in done.err and "bad.jsonl" in done.err
        assert len(done.err.strip().splitlines()) == 1
    assert omniforge("conversations", "list", "--format", "json").json == []


def test_deleting_asks_and_without_a_terminal_needs_yes(omniforge: Omniforge) -> None:
    omniforge("conversations", "import", write_lines("two.jsonl", TWO))
    refused = omniforge("conversations", "delete", "c1")
    assert refused.code == 2 and "--yes" in refused.err
    assert omniforge("conversations", "delete", "c1", "--yes").code == 0
    assert omniforge("conversations", "show", "c1").code == 4
    assert [one["conversation_id"] for one in omniforge("conversations", "list", "--format", "json").json] == ["c2"]


def test_pruning_removes_what_has_not_moved(omniforge: Omniforge) -> None:
    omniforge("conversations", "import", write_lines("two.jsonl", TWO))
    assert "2 conversations" in omniforge("conversations", "prune", "--older-than", "1d", "--yes").out
    assert omniforge("conversations", "list", "--format", "json").json == []
    assert omniforge("conversations", "prune", "--older-than", "soon", "--yes").code == 2


def test_a_redacted_export_masks_secrets_and_the_stored_text_stays(omniforge: Omniforge) -> None:
    omniforge("conversations", "import", write_lines("s.jsonl", [conversation("s", [(f"my key is {SECRET}", None)])]))
    assert SECRET not in omniforge("conversations", "export", "--redact").out
    assert SECRET in omniforge("conversations", "export", "--no-redact").out


def test_an_encrypted_file_holds_no_plain_text_and_needs_its_key(omniforge: Omniforge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIFORGE_DB_KEY", "a long pass phrase for this test")
    omniforge("conversations", "import", write_lines("two.jsonl", TWO), "--db", "sealed.duckdb")
    assert b"make me a bot" not in Path("sealed.duckdb").read_bytes()
    assert "make me a bot" in omniforge("conversations", "show", "c1", "--db", "sealed.duckdb").out
    monkeypatch.setenv("OMNIFORGE_DB_KEY", "another")
    wrong = omniforge("conversations", "show", "c1", "--db", "sealed.duckdb")
    assert (wrong.code, wrong.out) == (5, "")


def test_pages_are_parts_of_the_whole(omniforge: Omniforge) -> None:
    rows = [conversation(f"p{n}", [("hello", None)], day=n + 1) for n in range(5)]
    omniforge("conversations", "import", write_lines("five.jsonl", rows))
    pages = [omniforge("conversations", "list", "--limit", "2", "--offset", str(at), "--format", "json").json for at in (0, 2, 4)]
    assert [one["conversation_id"] for page in pages for one in page] == ["p4", "p3", "p2", "p1", "p0"]
    assert (
        json.loads(omniforge("conversations", "show", "p0", "--limit", "1", "--offset", "1", "--format", "json").out)["messages"][0]["role"]
        == "assistant"
    )
