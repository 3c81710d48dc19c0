from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.cli.batch import Line, in_order, read_lines
from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.errors import ConversationFileError


def read(content: bytes) -> list[Line]:
    return list(read_lines(io.BytesIO(content)))


def test_plain_lines_are_messages_blank_ones_too():
    assert [line.message for line in read(b"one\r\n\n  two \n\nthree")] == ["one", "", "  two ", "", "three"]
    assert [line.message for line in read(b"\n\none\n")] == ["", "", "one"]


def test_nothing_is_no_line():
    assert read(b"") == read(b"\n \n") == []


def test_jsonl_is_known_by_its_first_line_that_is_not_blank():
    lines = read(b'\n  {"message": "one"}\n\n{"message": "two", "id": 7}\n')
    assert lines == [Line(message="one"), Line(message="two", id=7)]


def test_a_byte_order_mark_is_no_part_of_the_first_line():
    assert read(b'\xef\xbb\xbf{"message": "one"}\n') == [Line(message="one")]
    assert read(b"\xef\xbb\xbfone\n") == [Line(message="one")]


def test_history_and_agents_of_a_line_are_read():
    row = {"message": "yes", "history": [{"role": "user", "content": "go?"}], "agents": ["Otter"], "more": 1}
    assert read(json.dumps(row).encode()) == [
        Line(message="yes", history=(Message(role="user", content="go?"),), agents=(Agent(id="Otter", name="Otter"),))
    ]
    (empty,) = read(b'{"message": "yes", "history": [], "agents": []}')
    assert (empty.history, empty.agents) == ((), ())
    (none,) = read(b'{"message": "yes", "history": null, "agents": null}')
    assert (none.history, none.agents) == (None, None)


@pytest.mark.parametrize(
    ("line", "said", "id"),
    [
        (b"{oops", "line 2: broken JSON", None),
        (b"[1]", "line 2: not an object with a `message`", None),
        (b'"text"', "line 2: not an object with a `message`", None),
        (b'{"id": "a"}', "line 2: `message` is missing or no text", "a"),
        (b'{"id": 5, "message": 7}', "line 2: `message` is missing or no text", 5),
        (b'{"message": "x", "id": "a", "history": "hi"}', "line 2: a history is a list", "a"),
        (b'{"message": "x", "id": "a", "agents": [{}]}', "line 2: agent 1: it has no name", "a"),
        (b'{"message": "x", "id": NaN}', "line 2: `id` holds a number that JSON does not have", None),
        (b'{"message": "\xff"}', "line 2: broken JSON", None),
        (b'{"a":' * 100_000, "line 2: broken JSON", None),
    ],
)
def test_a_bad_line_is_told_in_its_place_and_the_rest_goes_on(line: bytes, said: str, id: object):
    first, bad, last = read(b'{"message": "one"}\n' + line + b'\n{"message": "three"}\n')
    assert (first, last) == (Line(message="one"), Line(message="three"))
    assert bad.error is not None
    assert bad.error.startswith(said)
    assert bad.id == id


def test_a_plain_line_that_is_no_text_is_told_with_its_number():
    assert read(b"one\ncaf\xe9\n")[1].error == "line 2: not UTF-8 text (byte 0xe9)"


def test_half_a_surrogate_pair_becomes_a_question_mark():
    row = rb'{"message": "a\ud800", "history": [{"role": "user", "content": "b\ud800"}], "agents": ["c\ud800"]}'
    (line,) = read(row)
    assert line == Line(message="a?", history=(Message(role="user", content="b?"),), agents=(Agent(id="c?", name="c?"),))


def test_an_input_that_cannot_be_read_is_said_to_be(tmp_path: Path):
    class Broken(io.BytesIO):
        def __next__(self) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(ConversationFileError, match=r"standard input cannot be read \(Input/output error\)"):
        list(read_lines(Broken()))


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=10), max_size=8))
def test_every_plain_line_comes_out_once_and_in_order(messages: list[str]):
    content = "".join(f"{message}\n" for message in messages).encode()
    first = next((message for message in messages if message.encode().strip()), "")
    if (messages and messages[0].startswith("\ufeff")) or first.lstrip().startswith("{"):
        return  # a byte-order mark, or JSONL
    assert [line.message for line in read(content)] == (messages if first else [])


async def answers(lines: Iterator[Line], delays: dict[str, float]) -> list[str]:
    async def answer(line: Line) -> dict[str, Any]:
        await asyncio.sleep(delays.get(line.message, 0))
        return {"message": line.message}

    return [result["message"] async for result in in_order(lines, answer)]


async def test_answers_come_in_input_order_however_long_each_takes():
    lines = [Line(message=str(number)) for number in range(40)]
    assert await answers(iter(lines), {"0": 0.05, "7": 0.02}) == [str(number) for number in range(40)]


async def test_a_bounded_number_is_under_way():
    under_way = most = 0

    async def answer(line: Line) -> dict[str, Any]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.002)
        under_way -= 1
        return {}

    results = [result async for result in in_order(iter([Line(message="x")] * 100), answer)]
    assert len(results) == 100
    assert 1 < most <= 16


async def test_an_answer_is_given_before_the_next_line_has_come():
    came = asyncio.Event()
    loop = asyncio.get_running_loop()

    def lines() -> Iterator[Line]:
        yield Line(message="first")
        asyncio.run_coroutine_threadsafe(came.wait(), loop).result(timeout=10)
        yield Line(message="second")

    async def answer(line: Line) -> dict[str, Any]:
        return {"message": line.message}

    told = []
    async for result in in_order(lines(), answer):
        told.append(result["message"])
        came.set()
    assert told == ["first", "second"]


async def test_a_failure_of_one_answer_ends_the_others():
    cancelled = []

    async def answer(line: Line) -> dict[str, Any]:
        if line.message == "bad":
            raise ZeroDivisionError
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(line.message)
            raise
        return {}

    with pytest.raises(ZeroDivisionError):
        async for _ in in_order(iter([Line(message="bad"), Line(message="slow")]), answer):
            pass
    assert cancelled in ([], ["slow"])


async def test_an_input_that_breaks_is_the_callers_error():
    def lines() -> Iterator[Line]:
        yield Line(message="one")
        raise ConversationFileError("standard input cannot be read")

    with pytest.raises(ConversationFileError):
        await answers(lines(), {})
