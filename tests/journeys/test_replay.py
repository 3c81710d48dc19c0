"""`omniforge replay`: stored turns routed again, against a real HTTP server that answers a known share of them otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.commands import Omniforge, conversation, only_report, write_lines
from tests.loopback import Known, Loopback, Oracle, answering

Start = Callable[..., Loopback]
ACTIONS = ("create_agent", "execute_task", "query_info", "update_agent")
OFFLINE = ("--analyzer", "keyword", "--gates", "none", "--formats", "json")


def talk(n: int = 5, turns: int = 4) -> list[dict[str, Any]]:
    return [
        conversation(f"t{i}", [(f"message {i} of kind {j} please", ACTIONS[(i + j) % 4]) for j in range(turns)], day=i + 1)
        for i in range(n)
    ]


def oracle(rows: list[dict[str, Any]], share_wrong: float) -> Oracle:
    known = [
        Known(message["content"], message["metadata"]["decision"]["action_type"])
        for row in rows
        for message in row["messages"]
        if message["role"] == "user"
    ]
    return Oracle(known, share_wrong=share_wrong)


def asking(server: Loopback, *more: str) -> tuple[str, ...]:
    return ("replay", "--model", "gpt-4o-mini", "--api-base", server.url, "--gates", "none", "--formats", "json", *more)


def test_a_known_disagreement_is_reported_turn_for_turn(omniforge: Omniforge, loopback: Start) -> None:
    rows = talk()
    judge = oracle(rows, 0.25)
    server = loopback(judge)
    done = omniforge(*asking(server, "--from", write_lines("talk.jsonl", rows), "--min-agreement", "0.8", "--format", "json"))
    arm = only_report()["arms"][0]
    changed = {case["message"] for case in arm["cases"] if not case["correct"]}
    assert changed == {known.message for known in judge.wrong}
    assert (len(changed), arm["n"], arm["accuracy"]["value"]) == (5, 20, 0.75)
    expected = {(known.label, judge.label(known)) for known in judge.wrong}
    assert {(flip["then"], flip["now"]) for flip in arm["flips"]} == expected
    assert sum(flip["n"] for flip in arm["flips"]) == 5
    assert sum(flip["share"] for flip in arm["flips"]) == pytest.approx(0.25)
    assert done.code == 1
    assert json.loads(done.out)["gates"][0]["name"] == "agreement"


def test_agreement_is_the_word_and_both_decisions_stand_side_by_side(omniforge: Omniforge, loopback: Start) -> None:
    rows = [conversation("c", [("delete Willow", "update_agent"), ("list my agents", "query_info")])]
    server = loopback(answering("query_info", reasoning="as it is now"))
    done = omniforge(*asking(server, "--from", write_lines("c.jsonl", rows), "--formats", "json,md,html", "--min-agreement", "0.5"))
    assert done.code == 0
    assert "50.0% of 2 turns decided as then, 1 is not." in done.out
    assert "decided then" in done.out and "as it was then" in done.out and "as it is now" in done.out
    (page,) = Path("reports").glob("*/report.html")
    for text in ((page.parent / "report.md").read_text(), page.read_text()):
        assert "as it was then" in text and "as it is now" in text
    assert "accuracy" not in done.out


def test_each_turn_is_routed_with_its_context_as_it_stood(omniforge: Omniforge, loopback: Start) -> None:
    server = loopback(answering("query_info"))
    omniforge(*asking(server, "--from", write_lines("talk.jsonl", talk(1, 3)), "--concurrency", "1"))
    texts = [request.whole_text for request in server.requests]
    assert ["reply 0" in text for text in texts] == [False, True, True]
    assert ["reply 1" in text for text in texts] == [False, False, True]
    assert not any("reply 2" in text for text in texts)


def test_a_turn_without_a_decision_is_routed_and_left_out(omniforge: Omniforge) -> None:
    rows = [conversation("c", [("list my agents", "query_info"), ("hm", None), ("and", "no_such_label")])]
    omniforge("replay", *OFFLINE, "--from", write_lines("c.jsonl", rows))
    arm = only_report()["arms"][0]
    assert (arm["n"], arm["n_unlabelled"], len(arm["cases"])) == (1, 2, 3)


@pytest.mark.parametrize(
    "rows", [[], [{**conversation("c", []), "messages": [{"role": "assistant", "content": "hello"}]}]], ids=["empty", "no-user-turn"]
)
def test_nothing_to_replay_is_exit_2(omniforge: Omniforge, rows: list[Any]) -> None:
    done = omniforge("replay", *OFFLINE, "--from", write_lines("c.jsonl", rows))
    assert (done.code, done.out) == (2, "")
    assert "no user turn" in done.err


def test_a_file_that_is_not_there_is_exit_2(omniforge: Omniforge) -> None:
    done = omniforge("replay", *OFFLINE, "--from", "nowhere/*.jsonl")
    assert done.code == 2 and "nowhere" in done.err


def test_the_database_a_file_and_a_parquet_file_give_the_same_and_are_only_read(omniforge: Omniforge) -> None:
    omniforge("conversations", "import", write_lines("talk.jsonl", talk(3)))
    omniforge("conversations", "export", "--to", "talk.parquet")
    before = omniforge("conversations", "export").out
    found = []
    for place, source in (("a", ()), ("b", ("--from", "talk.jsonl")), ("c", ("--from", "talk.parquet"))):
        omniforge("replay", *OFFLINE, *source, "--output-dir", place)
        report = only_report(place)
        found.append((report["arms"][0]["accuracy"], sorted(case["id"] for case in report["arms"][0]["cases"])))
    assert found[0] == found[1] == found[2]
    assert omniforge("conversations", "export").out == before


def test_filters_choose_turns(omniforge: Omniforge) -> None:
    write_lines("talk.jsonl", talk(3, 2))

    def ids(*filters: str) -> list[str]:
        told = omniforge("replay", *OFFLINE, "--from", "talk.jsonl", "--formats", "none", "--format", "json", *filters).json
        return [case["id"] for case in told["arms"][0]["cases"]]

    assert ids("--since", "2026-03-02", "--until", "2026-03-03") == ["t1#1", "t1#3"]
    assert ids("--conversation", "t2", "--limit", "1") == ["t2#1"]
    assert ids("--action", "create_agent") == ["t0#1"]
    once = ids("--sample", "3", "--seed", "5")
    assert len(once) == 3
    assert ids("--sample", "3", "--seed", "5") == once


def test_an_unknown_label_as_a_filter_is_exit_2(omniforge: Omniforge) -> None:
    done = omniforge("replay", *OFFLINE, "--from", write_lines("t.jsonl", talk(1)), "--action", "query_inf")
    assert done.code == 2 and "query_info" in done.err


def test_changed_turns_become_cases_to_label(omniforge: Omniforge, loopback: Start) -> None:
    rows = talk()
    judge = oracle(rows, 0.2)
    server = loopback(judge)
    omniforge(*asking(server, "--from", write_lines("talk.jsonl", rows), "--to-evalset", "chosen.jsonl"))
    chosen = [json.loads(line) for line in Path("chosen.jsonl").read_text().splitlines()]
    assert {case["message"] for case in chosen} == {known.message for known in judge.wrong}
    assert omniforge("eval", "--analyzer", "keyword", "--evalset", "chosen.jsonl", "--gates", "none", "--formats", "none").code == 0


def test_a_provider_that_is_down_is_no_disagreement_but_exit_3(omniforge: Omniforge, loopback: Start) -> None:
    server = loopback(script=["500"] * 50)
    done = omniforge(*asking(server, "--from", write_lines("t.jsonl", talk(1)), "--retries", "0", "--min-agreement", "0.5"))
    assert done.code == 3
    arm = only_report()["arms"][0]
    assert [flip["now"] for flip in arm["flips"]] == [None] * 4


def test_a_dry_run_sends_and_writes_nothing(omniforge: Omniforge, loopback: Start) -> None:
    server = loopback()
    told = omniforge(*asking(server, "--from", write_lines("t.jsonl", talk(2)), "--dry-run", "--format", "json"))
    assert (told.code, told.json["calls"], told.json["command"]) == (0, 8, "replay")
    assert server.n_requests == 0
    assert sorted(path.name for path in Path().iterdir()) == ["t.jsonl"]
    assert omniforge("runs", "list", "--format", "json").json == []


def test_a_replay_resumes_where_it_failed(omniforge: Omniforge, loopback: Start) -> None:
    server = loopback(answering("query_info"), script=["500"] * 4)
    omniforge(*asking(server, "--from", write_lines("t.jsonl", talk(2)), "--retries", "0", "--concurrency", "1"))
    assert omniforge("replay", "--resume", "last", "--retry-errors", "--formats", "json").code == 0
    arm = only_report()["arms"][0]
    assert (arm["n"], arm["n_answered"], server.n_requests) == (8, 8, 12)
    assert omniforge("eval", "--resume", "last").code == 2


def test_secrets_are_masked_in_every_report(omniforge: Omniforge) -> None:
    secret = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"
    row = conversation("c", [(f"my key is {secret}", "query_info")])
    row["messages"][0]["metadata"]["decision"]["reasoning"] = f"the key {secret} was given"
    done = omniforge("replay", *OFFLINE, "--from", write_lines("c.jsonl", [row]), "--formats", "all")
    files = [path for path in Path("reports").glob("*/*") if path.suffix != ".parquet"]
    assert len(files) == 5
    assert secret not in done.out
    assert not [path.name for path in files if secret.encode() in path.read_bytes()]


def test_two_replays_are_compared_by_their_agreement(omniforge: Omniforge, loopback: Start) -> None:
    rows = talk(10)
    source, ids = write_lines("talk.jsonl", rows), []
    for share_wrong in (0.0, 0.4):
        server = loopback(oracle(rows, share_wrong))
        ids.append(str(omniforge(*asking(server, "--from", source, "--format", "json")).json["run_id"]))
    told = omniforge("compare", *ids)
    assert told.out.startswith("FURTHER FROM WHAT WAS DECIDED THEN\n")
    assert "agreement changed by -40.0 points" in told.out
    assert "accuracy" not in told.out
    assert omniforge("runs", "bless", ids[0], "--to", "blessed.json").code == 0
    assert "agreement changed" in omniforge("compare", "blessed.json", ids[1]).out
    assert "agreement" in (trend := omniforge("runs", "trend").out) and "accuracy" not in trend
