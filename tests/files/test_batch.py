"""The lines of a batch: JSONL or plain, as they come."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.errors import ConversationFileError
from omniforge_cli.files.batch import Line, read_blocks, read_lines


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
        def read1(self, size: int | None = -1, /) -> bytes:
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


def test_lines_are_given_out_in_blocks_that_know_where_they_stand() -> None:
    content = b"".join(b"message %d\n" % number for number in range(1, 11_001))
    blocks = list(read_blocks(io.BytesIO(content)))
    assert blocks[0].is_full
    assert not blocks[-1].is_full
    assert max(len(block.lines) for block in blocks) == 128
    assert all(block.lines[0] == b"message %d" % block.first for block in blocks)
    assert b"".join(line + b"\n" for block in blocks for line in block.lines) == content


def test_a_line_longer_than_what_is_read_at_once_is_one_line() -> None:
    long = "x" * 1_000_000
    assert [len(line.message) for line in read(f"short\n{long}\nlast".encode())] == [5, 1_000_000, 4]


def test_the_number_of_a_bad_line_counts_from_the_first_line_of_the_input() -> None:
    content = b'\n{"message": "one"}\n' * 3000 + b"oops\n"
    assert read(content)[-1].error == "line 6001: broken JSON: Expecting value: line 1 column 1 (char 0)"
