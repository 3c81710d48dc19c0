from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from omniforge_cli.cli.batch import _answerer, in_order
from omniforge_cli.core.conversation import Agent
from omniforge_cli.core.errors import ConversationFileError
from omniforge_cli.files.batch import Block, Line
from omniforge_cli.files.settings import read_settings


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


def test_what_answers_a_batch_can_be_sent_to_a_process_that_was_not_forked():
    answer = _answerer(read_settings({"analyzer": "local"}), (Agent(id="willow", name="Willow"),), (), is_ascii=False)
    block = Block(lines=[b"pause willow", b"\xff"], first=1, is_json=False)
    told = [json.loads(line) for made in (answer, pickle.loads(pickle.dumps(answer.itself))()) for line in made(block)[0].splitlines()]
    assert told[0]["target_agent_id"] == "willow"
    for each in told:
        each.pop("latency_ms", None)
    assert told[:2] == told[2:]
