"""Answers from a cassette alone, with no socket; and, for one that is missing, what is nearest and where it differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

from omniforge_cli.core.errors import RecordingMissing
from omniforge_cli.core.identity import canonical_json, content_hash
from omniforge_cli.providers.cassette import Recording, Redact, completion_of, read_cassette, readable_request
from omniforge_cli.routing.provider import Completion, ProviderRequest

_COMPARED: Final = 500
"""Recordings whose messages are compared letter by letter when one is missing."""
_CONTEXT: Final = 20


class OfflineProvider:
    """Stands in for the adapter, retries and all. Raises SettingsError when the file cannot be used."""

    def __init__(self, path: Path, *, redact: Redact) -> None:
        self._path = path
        self._redact = redact
        self._recordings = read_cassette(path)

    async def complete(self, request: ProviderRequest, *, timeout_s: float) -> Completion:
        """The recorded answer.

        Raises:
            RecordingMissing: there is none; the message shows the nearest recording and the first difference.
        """
        asked = readable_request(request, self._redact)
        recorded = self._recordings.get(content_hash(asked))
        if recorded is None:
            raise RecordingMissing(self._explained(asked))
        return completion_of(recorded)

    async def close(self) -> None:
        """There is nothing to release."""

    def _explained(self, asked: Mapping[str, Any]) -> str:
        missing = f"no recorded answer in {self._path} for {_quoted(_last_message(asked))}"
        mend = f"record it with --record {self._path}"
        nearest = self._nearest(asked)
        if nearest is None:
            return f"{missing}: the file has none at all; {mend}"
        where, recorded, wanted = next(_differences(nearest["request"], asked))
        return f"{missing}; the nearest recording differs in {where}: recorded {recorded}, asked {wanted}; {mend}"

    def _nearest(self, asked: Mapping[str, Any]) -> Recording | None:
        """The recording with the most fields alike; among those, the one whose message reads most alike."""
        message = _last_message(asked)

        def alike(one: Recording) -> tuple[bool, int]:
            recorded = one["request"]
            return _last_message(recorded) == message, sum(recorded.get(key) == asked[key] for key in asked)

        best = max(map(alike, self._recordings.values()), default=None)
        candidates = [one for one in self._recordings.values() if alike(one) == best][:_COMPARED]
        return max(candidates, key=lambda one: SequenceMatcher(None, _last_message(one["request"]), message).quick_ratio(), default=None)


def _last_message(asked: Mapping[str, Any]) -> str:
    return str(asked["messages"][-1][1]) if asked["messages"] else ""


def _differences(recorded: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Each place where two requests differ, as (where, recorded, asked): what is asked of whom first, then the messages."""
    for key in (key for key in asked if key != "messages"):
        if recorded.get(key) != asked[key]:
            yield key, *_around(canonical_json(recorded.get(key)), canonical_json(asked[key]))
    for number, (before, now) in enumerate(zip(recorded["messages"], asked["messages"], strict=False), start=1):
        if before != now:
            yield f"message {number} ({now[0]})", *_around(str(before[1]), str(now[1]))
    yield "the number of messages", str(len(recorded["messages"])), str(len(asked["messages"]))


def _around(recorded: str, asked: str) -> tuple[str, str]:
    """Both texts near the first character in which they differ."""
    same = next((place for place, (a, b) in enumerate(zip(recorded, asked, strict=False)) if a != b), min(len(recorded), len(asked)))
    start = max(0, same - _CONTEXT)
    return _quoted(recorded[start : same + _CONTEXT], start > 0), _quoted(asked[start : same + _CONTEXT], start > 0)


def _quoted(text: str, cut: bool = False) -> str:
    line = " ".join(text.split())
    return f"{'…' if cut else ''}{(line if len(line) <= 60 else '…' + line[-59:])!r}"
