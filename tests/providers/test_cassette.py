from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.decision import Usage
from omniforge_cli.core.errors import SettingsError
from omniforge_cli.providers.cassette import RecordingProvider, completion_of, read_cassette, recording, write_cassette
from omniforge_cli.providers.offline import OfflineProvider
from omniforge_cli.routing.provider import ChatMessage, Completion, ProviderRequest
from omniforge_cli.testing import FakeProvider

SYSTEM = "You label messages. " * 30


def masked(text: str) -> str:
    return text.replace("sk-secret", "***")


def asking(message: str, **changes: object) -> ProviderRequest:
    messages = (ChatMessage(role="system", content=SYSTEM), ChatMessage(role="user", content=message))
    return replace(ProviderRequest(model="m", messages=messages, schema={"type": "object"}), **changes)  # type: ignore[arg-type]


async def recorded(path: Path, requests: list[ProviderRequest], answers: list[str] | None = None) -> None:
    inner = FakeProvider(answers or (lambda request: f"answer to {request.messages[-1].content} #{request.repeat}"))
    provider = RecordingProvider(inner, path=path, redact=masked)
    for request in requests:
        await provider.complete(request, timeout_s=1)
    await provider.close()
    assert inner.closed


async def test_what_was_recorded_is_replayed_without_a_call(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "answers.jsonl"
    live = Completion(
        text="yes",
        finish_reason="stop",
        usage=Usage(prompt_tokens=9, completion_tokens=2, cost_usd=0.001),
        model="m-2026",
        latency_ms=123.4,
        attempts=2,
        adapter="direct",
    )
    provider = RecordingProvider(FakeProvider([live]), path=path, redact=masked)
    assert await provider.complete(asking("hi", api_base="http://127.0.0.1:1/v1"), timeout_s=1) == live
    await provider.close()
    replayed = await OfflineProvider(path, redact=masked).complete(asking("hi", api_base=None, tenant_id="x"), timeout_s=1)
    assert replayed == replace(live, cached=True, attempts=0)


async def test_two_repeats_are_two_answers(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    await recorded(path, [asking("hi"), asking("hi", repeat=1)])
    offline = OfflineProvider(path, redact=masked)
    assert [(await offline.complete(asking("hi", repeat=k), timeout_s=1)).text for k in (0, 1)] == ["answer to hi #0", "answer to hi #1"]


async def test_the_order_of_arrival_leaves_no_trace(tmp_path: Path) -> None:
    requests = [asking(f"message {number}") for number in range(20)]
    await recorded(tmp_path / "a.jsonl", requests)
    random.Random(3).shuffle(requests)
    await recorded(tmp_path / "b.jsonl", requests)
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


async def test_one_changed_answer_is_one_changed_line(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    await recorded(path, [asking("one"), asking("two")])
    before = path.read_text().splitlines()
    await recorded(path, [asking("two")], ["another answer"])
    after = path.read_text().splitlines()
    assert len(before) == len(after)
    assert [old for old, new in zip(before, after, strict=True) if old != new] == [line for line in before if "answer to two" in line]


async def test_the_file_says_its_version_first_and_a_long_prompt_once(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    await recorded(path, [asking("one"), asking("two")])
    first, *rest = [json.loads(line) for line in path.read_text().splitlines()]
    assert first["schema_version"] == 1
    assert path.read_text().count(SYSTEM) == 1
    assert [row["request"]["messages"][-1] for row in rest if "request" in row] == [["user", "one"], ["user", "two"]]


async def test_no_secret_is_in_the_file_nor_needed_to_find_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    await recorded(path, [asking("my key is sk-secret")])
    assert "sk-secret" not in path.read_text()
    replayed = await OfflineProvider(path, redact=masked).complete(asking("my key is sk-secret"), timeout_s=1)
    assert replayed.text == "answer to my key is *** #0"


async def test_a_killed_run_leaves_what_it_recorded_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    killed = RecordingProvider(FakeProvider(["first"]), path=path, redact=masked)
    await killed.complete(asking("one"), timeout_s=1)
    journal = tmp_path / "c.jsonl.journal"
    journal.write_text(journal.read_text() + '{"torn')
    await recorded(path, [asking("two")])
    assert not journal.exists()
    assert (await OfflineProvider(path, redact=masked).complete(asking("one"), timeout_s=1)).text == "first"
    assert len(read_cassette(path)) == 2


async def test_injected_faults_are_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    provider = RecordingProvider(FakeProvider([Completion(text="x", injected="slow")]), path=path, redact=masked)
    await provider.complete(asking("one"), timeout_s=1)
    await provider.close()
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"schema_version": 2}\n', "schema version 2"),
        ("", "line 1"),
        ("not json\n", "line 1"),
        ('{"schema_version": 1}\n{"odd": 1}\n', "line 2"),
        ('{"schema_version": 1}\n[]\n', "line 2"),
        ("[]\n", "line 1"),
    ],
)
def test_a_file_that_is_no_cassette_is_refused_with_the_line(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(content)
    with pytest.raises(SettingsError, match=told):
        read_cassette(path)
    with pytest.raises(SettingsError):
        RecordingProvider(FakeProvider(["x"]), path=path, redact=masked)


def test_a_missing_file_says_how_to_record_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--record"):
        OfflineProvider(tmp_path / "none.jsonl", redact=masked)


@given(texts=st.lists(st.tuples(st.text(), st.text()), max_size=5), system=st.text(max_size=300))
def test_any_text_survives_the_file(tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str]], system: str) -> None:
    path = tmp_path_factory.mktemp("cassette") / "c.jsonl"
    requests = [
        ProviderRequest(model="m", messages=(ChatMessage(role="system", content=system * 3), ChatMessage(role="user", content=asked)))
        for asked, _ in texts
    ]
    recordings = {
        one["key"]: one
        for one in (recording(request, Completion(text=text), str) for request, (_, text) in zip(requests, texts, strict=True))
    }
    write_cassette(path, recordings.values())
    assert read_cassette(path) == recordings
    assert {completion_of(one).text for one in read_cassette(path).values()} <= {text for _, text in texts}
    before = path.read_bytes()
    write_cassette(path, read_cassette(path).values())
    assert path.read_bytes() == before


def test_lone_surrogates_survive_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    asyncio.run(recorded(path, [asking("odd \ud800 text\u2028next")]))
    assert next(iter(read_cassette(path).values()))["request"]["messages"][-1][1] == "odd \ud800 text\u2028next"
