"""A real HTTP server on 127.0.0.1 that speaks OpenAI chat completions, and misbehaves on demand.

In a test: `with Loopback(script=["429", "ok"]) as server: ... server.url ... server.requests`, or the fixture `loopback`.
As a process: `python tests/loopback.py --port 0 --labels FILE --share-wrong 0.1 --latency-ms 100` prints its URL and serves until killed.
`GET /_stats` and `GET /_requests` beside `/v1` tell a test in another process what arrived.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import hashlib
import json
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Any

import yaml
from aiohttp import web

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


@dataclass(frozen=True, slots=True)
class Known:
    """A message the oracle can label, told apart from the same words elsewhere by its history."""

    message: str
    label: str
    history: tuple[str, ...] = ()

    @property
    def order(self) -> str:
        """A stable pseudo-random place."""
        return hashlib.sha256(json.dumps([self.message, self.label, self.history]).encode("utf-8", "surrogatepass")).hexdigest()


class Oracle:
    """Labels messages that it knows by what the last user message ends with; of the known ones exactly `share_wrong` get another label.

    `wrong` holds the entries that are answered wrongly: round(share * n) of them, the same ones for the same `seed`.
    """

    def __init__(self, known: Iterable[Known], *, share_wrong: float = 0.0, seed: int = 0) -> None:
        entries = list(dict.fromkeys(known))
        self.labels = sorted({entry.label for entry in entries})
        shuffled = sorted(entries, key=lambda entry: hashlib.sha256(f"{seed}{entry.order}".encode()).digest())
        self.wrong = frozenset(shuffled[: round(share_wrong * len(entries))])
        self._endings: dict[str, list[Known]] = {}
        for entry in sorted(entries, key=lambda entry: (-len(entry.message), -len(entry.history))):
            self._endings.setdefault(entry.message[-_ENDING:], []).append(entry)

    @classmethod
    def read(cls, path: Path, *, share_wrong: float = 0.0, seed: int = 0) -> Oracle:
        """From an eval set (YAML or JSONL), CSV with `message,label`, or a JSON object message -> label."""
        return cls(_known(path), share_wrong=share_wrong, seed=seed)

    def find(self, ending: str, whole_text: str) -> Known | None:
        """The longest known message that the text ends with; among equals the one whose history stands in the whole text."""
        for length in range(min(_ENDING, len(ending)), 0, -1):
            for entry in self._endings.get(ending[-length:], ()):
                if ending.endswith(entry.message) and all(said in whole_text for said in entry.history):
                    return entry
        return None

    def label(self, entry: Known) -> str:
        """The label that is answered: the right one, or the next in the alphabet for an entry in `wrong`."""
        if entry not in self.wrong or len(self.labels) < 2:
            return entry.label
        return self.labels[(self.labels.index(entry.label) + 1) % len(self.labels)]

    def __call__(self, request: Recorded) -> Reply:
        entry = self.find(request.last_user_message, request.whole_text)
        action = self.label(entry) if entry is not None else (self.labels or ["unknown"])[-1]
        reply = {"action_type": action, "confidence": 0.9 if entry is not None else 0.1, "reasoning": "the oracle says so"}
        return Reply(text=json.dumps(reply))


_ENDING = 12


def _known(path: Path) -> Iterator[Known]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        rows: Any = [json.loads(line) for line in text.splitlines() if line.strip()]
    elif path.suffix == ".csv":
        rows = list(csv.DictReader(text.splitlines()))
    elif path.suffix == ".json":
        rows = json.loads(text)
    else:
        rows = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if isinstance(rows, dict) and "cases" not in rows:
        rows = [{"message": message, "label": label} for message, label in rows.items()]
    for row in rows["cases"] if isinstance(rows, dict) else rows:
        history = tuple(message["content"] for message in row.get("history") or ())
        yield Known(row["message"], row.get("expected_action") or row["label"], history)


def with_faults(rule: Rule, shares: Mapping[str, float], *, seed: int = 0) -> Rule:
    """The rule, with a share of the requests hit by named faults, decided by arrival number and seed."""
    arrivals = iter(range(1 << 62))

    def rolled(request: Recorded) -> Reply:
        draw = int.from_bytes(hashlib.sha256(f"{seed}:{next(arrivals)}".encode()).digest()[:8], "big") / 2**64
        for name, share in shares.items():
            if draw < share:
                return FAULTS[name](rule(request))
            draw -= share
        return rule(request)

    return rolled


class Loopback:
    """The server, in a thread of its own. `script` answers the first requests, one entry each; `rule` the rest.

    A script entry is a `Reply` or the name of a fault, applied to what the rule would have said. More than `max_in_flight`
    requests at once get a 429 that asks for `retry_after_s`.
    """

    def __init__(
        self,
        rule: Rule | None = None,
        *,
        script: Sequence[str | Reply] = (),
        latency_s: float = 0.0,
        port: int = 0,
        max_in_flight: int | None = None,
        keep: int = 10_000,
    ) -> None:
        self._rule = rule or answering("unknown")
        self._script: deque[str | Reply] = deque(script)
        self._latency_s = latency_s
        self._port = port
        self._max_in_flight = max_in_flight
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._connections: set[object] = set()
        self.requests: deque[Recorded] = deque(maxlen=keep)
        self.n_requests = 0
        self.n_connections = 0
        self.in_flight = 0
        self.max_seen_in_flight = 0

    @property
    def url(self) -> str:
        """What `--api-base` takes."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def origin(self) -> str:
        """The URL without `/v1`."""
        return f"http://127.0.0.1:{self._port}"

    def script(self, *replies: str | Reply) -> None:
        """Queue replies for the next requests."""
        self._script.extend(replies)

    def answer_with(self, rule: Rule) -> None:
        """Change the rule for the requests that follow."""
        self._rule = rule

    def __enter__(self) -> Loopback:
        self._thread = threading.Thread(target=lambda: asyncio.run(self.serve()), name="loopback", daemon=True)
        self._thread.start()
        assert self._started.wait(10), "the loopback server did not start"
        return self

    def __exit__(self, *_exc: object) -> None:
        assert self._loop is not None and self._stop is not None and self._thread is not None
        with suppress(RuntimeError):  # it has ended already
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def serve(self, ready: Callable[[], None] | None = None) -> None:
        """Serve until stopped."""
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        runner = web.ServerRunner(
            web.Server(self._handle, access_log=None, keepalive_timeout=300), handle_signals=False, shutdown_timeout=0.2
        )
        await runner.setup()
        listener = socket.create_server(("127.0.0.1", self._port), backlog=1024)
        self._port = listener.getsockname()[1]
        await web.SockSite(runner, listener).start()
        self._started.set()
        if ready is not None:
            ready()
        await self._stop.wait()
        await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET":
            return self._tell(request.path)
        if request.transport not in self._connections:
            self._connections.add(request.transport)
            self.n_connections += 1
        self.n_requests += 1
        self.in_flight += 1
        self.max_seen_in_flight = max(self.max_seen_in_flight, self.in_flight)
        try:
            return await self._respond(request)
        finally:
            self.in_flight -= 1

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        recorded = Recorded(path=request.path, headers=dict(request.headers), body=json.loads(await request.read()), at=monotonic())
        self.requests.append(recorded)
        if not request.path.endswith("/chat/completions"):
            return _plain(error(404, f"no such path {request.path}"))
        if self._max_in_flight is not None and self.in_flight > self._max_in_flight:
            return _plain(error(429, "too many at once", Retry_After="0.05"))
        reply = self._reply(recorded)
        if self._latency_s or reply.delay_s:
            await asyncio.sleep(self._latency_s + reply.delay_s)
        if reply.hang:
            assert self._stop is not None
            await self._stop.wait()
        if reply.drop is not None:
            return await _drop(request, reply)
        return _plain(reply, str(recorded.body.get("model", "")))

    def _reply(self, recorded: Recorded) -> Reply:
        if not self._script:
            return self._rule(recorded)
        scripted = self._script.popleft()
        return scripted if isinstance(scripted, Reply) else FAULTS[scripted](self._rule(recorded))

    def _tell(self, path: str) -> web.Response:
        if path == "/_requests":
            return web.json_response([{"path": one.path, "headers": dict(one.headers), "body": one.body} for one in self.requests])
        if path == "/_stats":
            told = {"requests": self.n_requests, "connections": self.n_connections, "max_in_flight": self.max_seen_in_flight}
            return web.json_response(told)
        if path.endswith("/models"):
            return web.json_response({"object": "list", "data": [{"id": "loopback", "object": "model"}]})
        return web.json_response({"error": {"message": "no such path"}}, status=404)


def _body(reply: Reply, model: str) -> bytes:
    if reply.raw is not None:
        return reply.raw
    message = {"role": "assistant", "content": reply.text}
    body: dict[str, Any] = {
        "id": "chatcmpl-loopback",
        "object": "chat.completion",
        "created": 1700000000,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish_reason}],
    }
    if reply.usage:
        total = reply.prompt_tokens + reply.completion_tokens
        body["usage"] = {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.completion_tokens, "total_tokens": total}
    return json.dumps(body).encode()


def _plain(reply: Reply, model: str = "") -> web.Response:
    return web.Response(body=_body(reply, model), status=reply.status, headers=dict(reply.headers), content_type=reply.content_type)


async def _drop(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": reply.content_type})
    if reply.drop == "middle":
        body = _body(reply, "")
        response.content_length = len(body)
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def free_port() -> int:
    """A port on which nothing listens (for "connection refused")."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--labels", type=Path, action="append", default=[], help="eval set, CSV, JSONL or JSON object message -> label")
    parser.add_argument("--share-wrong", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--answer", default="unknown", help="the label for every message, when no --labels are given")
    parser.add_argument("--script", default="", help=f"comma-separated faults for the first requests: {', '.join(FAULTS)}")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME:SHARE", help="a share of all requests (repeatable)")
    parser.add_argument("--max-in-flight", type=int, default=None)
    parser.add_argument("--keep", type=int, default=10_000, help="how many requests /_requests remembers")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until killed; the first line on stdout is the URL."""
    options = _options(argv)
    known = [entry for path in options.labels for entry in _known(path)]
    rule: Rule = Oracle(known, share_wrong=options.share_wrong, seed=options.seed) if known else answering(options.answer)
    shares = {name: float(share) for name, _, share in (fault.partition(":") for fault in options.fault)}
    server = Loopback(
        with_faults(rule, shares, seed=options.seed) if shares else rule,
        script=[name for name in options.script.split(",") if name],
        latency_s=options.latency_ms / 1000.0,
        port=options.port,
        max_in_flight=options.max_in_flight,
        keep=options.keep,
    )

    def announce() -> None:
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()

    with suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        asyncio.run(server.serve(announce))


if __name__ == "__main__":
    main()
