"""What the loopback server got and what it gives back: requests, replies, and the faults that spoil them, by name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

HUGE = 8 * 1024 * 1024
"""Bytes of the `huge` fault's body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One request as it arrived. `body` is the decoded JSON, `at` the monotonic second."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    at: float

    @property
    def last_user_message(self) -> str:
        """The content of the last `user` message, parts joined."""
        for message in reversed(self.body.get("messages", [])):
            if message.get("role") == "user":
                content = message.get("content")
                return content if isinstance(content, str) else "".join(part.get("text", "") for part in content or [])
        return ""

    @property
    def whole_text(self) -> str:
        """Every message's content, newline between."""
        return "\n".join(str(message.get("content")) for message in self.body.get("messages", []))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back. `raw` replaces the whole body; `drop` closes the connection `before` the reply or in its `middle`."""

    text: str | None = ""
    status: int = 200
    delay_s: float = 0.0
    hang: bool = False
    drop: str | None = None
    finish_reason: str | None = "stop"
    prompt_tokens: int = 120
    completion_tokens: int = 12
    usage: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    content_type: str = "application/json"


Rule = Callable[[Recorded], Reply]


def error(status: int, message: str = "no", **headers: str) -> Reply:
    """An OpenAI-style error body; `Retry_After="1"` becomes a header."""
    body = json.dumps({"error": {"message": message, "type": "server_error", "param": None, "code": None}}).encode()
    return Reply(status=status, raw=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def _cut(reply: Reply) -> Reply:
    return replace(reply, text=(reply.text or "")[: max(1, len(reply.text or "") // 2)])


FAULTS: Mapping[str, Callable[[Reply], Reply]] = {
    "ok": lambda good: good,
    "slow": lambda good: replace(good, delay_s=0.8),
    "hang": lambda good: replace(good, hang=True),
    "drop": lambda good: replace(good, drop="middle"),
    "drop_before": lambda good: replace(good, drop="before"),
    "400": lambda good: error(400, "bad request"),
    "401": lambda good: error(401, "Incorrect API key provided"),
    "403": lambda good: error(403, "forbidden"),
    "404": lambda good: error(404, "no such model"),
    "408": lambda good: error(408, "request timeout"),
    "429": lambda good: error(429, "slow down", Retry_After="0"),
    "429_1s": lambda good: error(429, "slow down", Retry_After="1"),
    "429_bare": lambda good: error(429, "slow down"),
    "500": lambda good: error(500, "boom"),
    "502": lambda good: replace(error(502), raw=b"<html>bad gateway</html>", content_type="text/html"),
    "503": lambda good: error(503, "overloaded"),
    "malformed": lambda good: replace(good, text="{'action_type': " + (good.text or "")),
    "fenced": lambda good: replace(good, text=f"Sure! Here it is:\n```json\n{good.text}\n```\nAnything else?"),
    "truncated": lambda good: _cut(good),
    "length": lambda good: replace(_cut(good), finish_reason="length"),
    "empty": lambda good: replace(good, text=""),
    "null_content": lambda good: replace(good, text=None),
    "no_usage": lambda good: replace(good, usage=False),
    "wrong_type": lambda good: replace(good, content_type="text/plain"),
    "html": lambda good: replace(good, raw=b"<html><body>Please log in</body></html>", content_type="text/html"),
    "not_json": lambda good: replace(good, raw=b"{oops"),
    "no_choices": lambda good: replace(good, raw=b'{"object": "chat.completion", "choices": []}'),
    "huge": lambda good: replace(good, text="x" * HUGE),
}
"""Named faults: from the good reply to what is sent instead."""


def answering(action: str, **fields: Any) -> Rule:
    """Every message gets this label; `fields` join the reply's object."""
    text = json.dumps({"action_type": action, "confidence": 0.9, "reasoning": "as scripted", **fields}, ensure_ascii=False)
    return lambda _request: Reply(text=text)


def saying(text: str | None) -> Rule:
    """Every message gets this reply, verbatim."""
    return lambda _request: Reply(text=text)


def with_faults(rule: Rule, shares: Mapping[str, float], *, seed: int = 0) -> Rule:
    """The rule, with a share of the requests hit by named faults, decided by arrival number and seed."""
    arrivals = iter(range(1 << 62))

    def rolled(request: Recorded) -> Reply:
        place = draw(seed, next(arrivals))
        for name, share in shares.items():
            if place < share:
                return FAULTS[name](rule(request))
            place -= share
        return rule(request)

    return rolled


def draw(*what: object) -> float:
    """A number in 0..1 that depends on nothing else."""
    return int.from_bytes(hashlib.sha256(repr(what).encode("utf-8", "surrogatepass")).digest()[:8], "big") / 2**64
