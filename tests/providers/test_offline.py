from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from omniforge_cli.core.errors import RecordingMissing
from omniforge_cli.providers.cassette import recording, write_cassette
from omniforge_cli.providers.offline import OfflineProvider
from omniforge_cli.routing.provider import ChatMessage, Completion, ProviderRequest


def asking(message: str, system: str = "Label it, please.") -> ProviderRequest:
    return ProviderRequest(model="m", messages=(ChatMessage(role="system", content=system), ChatMessage(role="user", content=message)))


async def missing(tmp_path: Path, request: ProviderRequest, *known: ProviderRequest) -> str:
    path = tmp_path / "c.jsonl"
    write_cassette(path, [recording(one, Completion(text="yes"), str) for one in known])
    with pytest.raises(RecordingMissing) as caught:
        await OfflineProvider(path, redact=str).complete(request, timeout_s=1)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(f"record it with --record {path}")
    return str(caught.value)


async def test_a_changed_prompt_shows_where_it_changed(tmp_path: Path) -> None:
    told = await missing(tmp_path, asking("hi", "Label it, thanks."), asking("ho"), asking("hi"))
    assert "differs in message 1 (system): recorded 'Label it, please.', asked 'Label it, thanks.'" in told


async def test_the_nearest_is_the_one_that_reads_most_alike(tmp_path: Path) -> None:
    told = await missing(tmp_path, asking("pause Willow now"), asking("list my agents"), asking("pause Willow"))
    assert "message 2 (user): recorded 'pause Willow', asked 'pause Willow now'" in told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"model": "other"}, "model: recorded '\"m\"', asked '\"other\"'"),
        ({"temperature": 0.5}, "temperature: recorded '0.0', asked '0.5'"),
        ({"repeat": 1}, "repeat: recorded '0', asked '1'"),
        ({"seed": 3}, "seed: recorded 'null', asked '3'"),
        ({"schema": {"type": "object"}}, "schema: recorded 'null'"),
        ({"messages": asking("hi").messages[:1]}, "the number of messages: recorded 2, asked 1"),
    ],
)
async def test_each_field_is_named(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    request = replace(asking("hi"), **changes)  # type: ignore[arg-type]
    assert f"differs in {told}" in await missing(tmp_path, request, asking("hi"))


async def test_an_empty_file_says_so(tmp_path: Path) -> None:
    assert "the file has none at all" in await missing(tmp_path, asking("hi"))
