"""Recorded answers in a file to commit: JSON lines, sorted, redacted, the same bytes for the same answers."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from omniforge_cli.core.decision import Usage
from omniforge_cli.core.errors import SettingsError
from omniforge_cli.core.identity import canonical_json, content_hash
from omniforge_cli.routing.provider import Completion, Provider, ProviderRequest

CASSETTE_SCHEMA_VERSION: Final = 1
Redact = Callable[[str], str]
Recording = Mapping[str, Any]
"""`{"key", "request", "answer"}`, plain JSON values."""
_SHARED_CHARACTERS: Final = 200
"""A longer text that several requests have in common (a system prompt, a schema) is written once."""
_ENCODING_ERRORS: Final = "backslashreplace"
"""A lone surrogate becomes `\\ud800`, which is how JSON writes it."""


def readable_request(request: ProviderRequest, redact: Redact) -> dict[str, Any]:
    """What identifies a recording, for people too: without tenant and address, which say where it was recorded and not what."""
    plain = request.to_dict()
    plain.pop("api_base")
    plain["messages"] = [[role, redact(content)] for role, content in plain["messages"]]
    return plain


def recording(request: ProviderRequest, completion: Completion, redact: Redact) -> Recording:
    """One answer with its request, redacted. The key is of the redacted request, so that it tells nothing either."""
    asked = readable_request(request, redact)
    usage = completion.usage
    answer = {
        "text": redact(completion.text),
        "finish_reason": completion.finish_reason,
        "model": completion.model,
        "adapter": completion.adapter,
        "latency_ms": round(completion.latency_ms, 1),
        "usage": None if usage is None else [usage.prompt_tokens, usage.completion_tokens, usage.cost_usd],
    }
    return {"key": content_hash(asked), "request": asked, "answer": answer}


def completion_of(recorded: Recording) -> Completion:
    """The recorded answer: cached, with the latency it first had, and no attempts."""
    answer = recorded["answer"]
    usage = answer["usage"]
    return Completion(
        text=answer["text"],
        finish_reason=answer["finish_reason"],
        model=answer["model"],
        adapter=answer["adapter"],
        latency_ms=answer["latency_ms"],
        usage=None if usage is None else Usage(prompt_tokens=usage[0], completion_tokens=usage[1], cost_usd=usage[2]),
        attempts=0,
        cached=True,
    )


def read_cassette(path: Path) -> dict[str, Recording]:
    """The recordings of a file by key.

    Raises:
        SettingsError: it cannot be read, is no cassette, or was written by a newer omniforge; with the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"recorded answers {path}: cannot be read ({exc}); record them with --record {path}") from exc
    shared: dict[str, Any] = {}
    recordings: dict[str, Recording] = {}
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            if number == 1:
                _check_version(row["schema_version"], path)
            elif "shared" in row:
                shared[row["shared"]] = row["value"]
            else:
                recordings[row["key"]] = _restored(row, shared)
        except (ValueError, KeyError, TypeError) as exc:
            raise SettingsError(f"recorded answers {path}, line {number}: this is no recorded answer; record the file anew") from exc
    return recordings


def write_cassette(path: Path, recordings: Iterable[Recording]) -> None:
    """Write the recordings, sorted by message, in one step: a reader sees the old file or the new one."""
    ordered = sorted(recordings, key=_order)
    shared = _shared_texts(ordered)
    lines = [
        canonical_json({"schema_version": CASSETTE_SCHEMA_VERSION, "kind": "omniforge recorded answers"}),
        *(canonical_json({"shared": name, "value": json.loads(text)}) for text, name in shared.items()),
        *(canonical_json(_compact(one, shared)) for one in ordered),
    ]
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8", errors=_ENCODING_ERRORS)
    unfinished.replace(path)


class RecordingProvider:
    """Records every answer in a cassette. What the file held stays, except where it was asked again.

    Each answer goes to a journal beside the file as it arrives; `close()` folds the journal in, and so does the next recording
    after a run that was killed.
    """

    def __init__(self, inner: Provider, *, path: Path, redact: Redact) -> None:
        self._inner = inner
        self._path = path
        self._redact = redact
        self._journal = path.with_name(f"{path.name}.journal")
        self._recorded: dict[str, Recording] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            read_cassette(path)  # a file that is something else is refused before anything is asked
        self._fold({one["key"]: one for one in _journalled(self._journal)})

    async def complete(self, request: ProviderRequest, *, timeout_s: float) -> Completion:
        """The inner provider's answer, recorded.

        Raises:
            ProviderError: the call failed; failures are not recorded.
        """
        completion = await self._inner.complete(request, timeout_s=timeout_s)
        if completion.injected is None:
            one = recording(request, completion, self._redact)
            self._recorded[one["key"]] = one
            with self._journal.open("a", encoding="utf-8", errors=_ENCODING_ERRORS) as journal:
                journal.write(canonical_json(one) + "\n")
        return completion

    async def close(self) -> None:
        """Write the file and release the inner provider. Safe to call twice."""
        self._fold(self._recorded)
        self._recorded = {}
        await self._inner.close()

    def _fold(self, recorded: Mapping[str, Recording]) -> None:
        if recorded:
            earlier = read_cassette(self._path) if self._path.exists() else {}
            write_cassette(self._path, {**earlier, **recorded}.values())
        self._journal.unlink(missing_ok=True)


def _check_version(version: object, path: Path) -> None:
    if version != CASSETTE_SCHEMA_VERSION:
        raise SettingsError(f"recorded answers {path}: schema version {version}, but this omniforge reads {CASSETTE_SCHEMA_VERSION}")


def _order(one: Recording) -> tuple[str, str, int, str]:
    asked = one["request"]
    return (asked["messages"][-1][1] if asked["messages"] else "", asked["model"], asked["repeat"], one["key"])


def _shared_texts(recordings: Iterable[Recording]) -> dict[str, str]:
    """JSON of each long part that several requests have in common -> the name it goes by, in a stable order."""
    seen = Counter(text for one in recordings for text in {canonical_json(part) for part in _parts(one["request"])})
    common = sorted(text for text, times in seen.items() if times > 1 and len(text) > _SHARED_CHARACTERS)
    return {text: content_hash(text)[:12] for text in common}


def _parts(asked: Mapping[str, Any]) -> Iterator[Any]:
    yield asked["schema"]
    yield from (content for _, content in asked["messages"])


def _compact(one: Recording, shared: Mapping[str, str]) -> Recording:
    def named(part: Any) -> Any:
        name = shared.get(canonical_json(part))
        return part if name is None else {"shared": name}

    asked = one["request"]
    messages = [[role, named(content)] for role, content in asked["messages"]]
    return {**one, "request": {**asked, "schema": named(asked["schema"]), "messages": messages}}


def _restored(row: Recording, shared: Mapping[str, Any]) -> Recording:
    def full(part: Any) -> Any:
        return shared[part["shared"]] if isinstance(part, dict) and "shared" in part else part

    asked, answer = row["request"], row["answer"]
    messages = [[role, full(content)] for role, content in asked["messages"]]
    return {"key": row["key"], "request": {**asked, "schema": full(asked["schema"]), "messages": messages}, "answer": answer}


def _journalled(journal: Path) -> Iterator[Recording]:
    """What a killed run left; a line without its end was torn."""
    if journal.exists():
        whole_lines = journal.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
        yield from map(json.loads, whole_lines)
