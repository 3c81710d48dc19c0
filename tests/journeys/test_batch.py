"""`omniforge route --batch`: a stream of messages, one line each in and out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.journeys.commands import Omniforge
from tests.loopback import Loopback, Recorded, Reply, answering

Start = Callable[..., Loopback]
OMNIFORGE = [sys.executable, "-m", "omniforge_cli"]
BATCH = ("route", "--batch", "--analyzer", "keyword")


def lines(*rows: object) -> bytes:
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows).encode()


def test_answers_come_in_input_order_with_their_ids(omniforge: Omniforge) -> None:
    rows = [{"id": f"m{i}", "message": "list my agents" if i % 2 else "pause Willow"} for i in range(30)]
    found = omniforge(*BATCH, stdin=lines(*rows)).json_lines
    assert [one["id"] for one in found] == [row["id"] for row in rows]
    assert {one["action_type"] for one in found[1::2]} == {"query_info"}
    assert found[0]["schema_version"] == 1


def test_the_order_holds_where_some_answers_take_longer(omniforge: Omniforge, loopback: Start) -> None:
    def slow_first(request: Recorded) -> Reply:
        number = int(request.last_user_message.rsplit(" ", 1)[-1])
        return Reply(text=json.dumps({"action_type": "query_info", "reasoning": str(number)}), delay_s=0.2 if number == 0 else 0.0)

    server = loopback(slow_first)
    rows = [{"id": i, "message": f"message {i}"} for i in range(20)]
    done = omniforge("route", "--batch", "--model", "m", "--api-base", server.url, stdin=lines(*rows))
    assert [(one["id"], one["reasoning"]) for one in done.json_lines] == [(i, str(i)) for i in range(20)]


def test_a_bad_line_answers_in_its_place_and_the_rest_goes_on(omniforge: Omniforge) -> None:
    rows = (
        {"id": 1, "message": "hi"},
        "{broken",
        {"id": 3},
        [],
        {"id": 5, "message": "list agents", "history": "no"},
        {"id": 6, "message": "list my agents"},
    )
    done = omniforge(*BATCH, stdin=lines(*rows))
    found = done.json_lines
    assert done.code == 0
    assert ["error" in one for one in found] == [False, True, True, True, True, False]
    assert [one.get("id") for one in found] == [1, None, 3, None, 5, 6]
    assert "line 2" in found[1]["error"]
    assert "4 of the input lines" in done.err


def test_plain_lines_are_messages_and_blank_ones_too(omniforge: Omniforge) -> None:
    found = omniforge(*BATCH, stdin=b"\nlist my agents\n\n{not json\n").json_lines
    assert [(one["action_type"], one["source"]) for one in found][:3] == [
        ("unknown", "override"),
        ("query_info", "keyword"),
        ("unknown", "override"),
    ]
    assert len(found) == 4 and "error" not in found[3]


def test_blank_lines_before_json_are_passed_over(omniforge: Omniforge) -> None:
    assert [
        one["id"]
        for one in omniforge(*BATCH, stdin=b"\n  \n" + lines({"id": 1, "message": "hi"}, "", {"id": 2, "message": "ho"})).json_lines
    ] == [1, 2]


def test_invalid_utf8_is_one_bad_line(omniforge: Omniforge) -> None:
    plain = omniforge(*BATCH, stdin=b"list my agents\n\xff\xfe\nlist my skills\n").json_lines
    assert ["error" in one for one in plain] == [False, True, False]
    assert "UTF-8" in plain[1]["error"]
    jsonl = omniforge(
        *BATCH, stdin=lines({"id": 1, "message": "hi"}) + b'{"id": 2, "message": "\xff"}\n' + lines({"id": 3, "message": "hi"})
    ).json_lines
    assert ["error" in one for one in jsonl] == [False, True, False]


def test_half_a_surrogate_and_a_nul_byte_do_no_harm(omniforge: Omniforge) -> None:
    done = omniforge(*BATCH, stdin=b'{"message": "\\ud800 list"}\n{"message": "a\\u0000b"}\n')
    assert (done.code, len(done.json_lines)) == (0, 2)


def test_nothing_in_is_nothing_out(omniforge: Omniforge) -> None:
    done = omniforge(*BATCH, stdin=b"")
    assert (done.code, done.out) == (0, "")


def test_history_and_agents_of_a_line_are_its_own(omniforge: Omniforge) -> None:
    rows = [{"message": "@willow go", "agents": ["Willow"]}, {"message": "@willow go", "agents": ["Oak"]}, {"message": "@willow go"}]
    found = omniforge(*BATCH, stdin=lines(*rows)).json_lines
    assert [one["source"] for one in found] == ["override", "keyword", "override"]


def test_without_a_fallback_an_unanswered_line_says_so_and_the_end_is_exit_3(omniforge: Omniforge, loopback: Start) -> None:
    server = loopback(answering("query_info"), script=["401"])
    done = omniforge("route", "--batch", "--model", "m", "--api-base", server.url, "--no-fallback", stdin=lines({"message": "a"}))
    assert (done.code, done.json_lines[0]["fallback_reason"]) == (3, "auth")
    server.script("500", "500", "500", "500")
    again = omniforge("route", "--batch", "--model", "m", "--api-base", server.url, stdin=lines({"message": "a"}))
    assert (again.code, again.json_lines[0]["fallback_reason"]) == (0, "provider_error")


def test_a_message_as_well_as_a_batch_is_exit_2(omniforge: Omniforge) -> None:
    assert omniforge(*BATCH, "hello").code == 2


def test_head_ends_the_stream_quietly() -> None:
    Path("many.txt").write_text("list my agents\n" * 20_000)
    command = f"{sys.executable} -m omniforge_cli route --batch --analyzer keyword < many.txt | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["action_type"] == "query_info"
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr


def test_each_answer_is_out_before_the_next_line_comes_in() -> None:
    command = [*OMNIFORGE, "route", "--batch", "--analyzer", "keyword", "-q"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        for text in ("list my agents", "pause Willow"):
            process.stdin.write(json.dumps({"id": text, "message": text}) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == text
        process.stdin.close()
        assert process.wait(30) == 0
