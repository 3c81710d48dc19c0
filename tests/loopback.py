"""A real HTTP server on 127.0.0.1 that speaks OpenAI chat completions, and misbehaves on demand.

In a test: `with Loopback(script=["429", "ok"]) as server: ... server.url ... server.requests`, or the fixture `loopback`.
As a process: `python tests/loopback.py --port 0 --labels FILE --share-wrong 0.1 --latency-ms 100` prints its URL and serves until killed.
`GET /_stats` and `GET /_requests` beside `/v1` tell a test in another process what arrived.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from time import monotonic
from typing import Any

import yaml
from aiohttp import web

if __package__ in (None, ""):  # run as a script: this folder stands in the path, and not the one above
    sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.replies import FAULTS, Recorded, Reply, Rule, answering, draw, error, saying, with_faults

__all__ = ["FAULTS", "Known", "Loopback", "Oracle", "Recorded", "Reply", "Rule", "answering", "error", "free_port", "saying", "with_faults"]


@dataclass(frozen=True, slots=True)
class Known:
    """A message the oracle can label, told apart from the same words elsewhere by its history."""

    message: str
    label: str
    history: tuple[str, ...] = ()


class Oracle:
    """Labels messages that it knows by what the last user message ends with; of the known ones exactly `share_wrong` get another label.

    `wrong` holds the entries that are answered wrongly: round(share * n) of them, the same ones for the same `seed`.
    """

    def __init__(self, known: Iterable[Known], *, share_wrong: float = 0.0, seed: int = 0) -> None:
        entries = list(dict.fromkeys(known))
        self.labels = sorted({entry.label for entry in entries})
        shuffled = sorted(entries, key=lambda entry: draw(seed, entry))
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
        rows: Any = [json.loads(line) for line in text.split("\n") if line.strip()]
    elif path.suffix == ".csv":
        rows = list(csv.DictReader(StringIO(text, newline="")))
    elif path.suffix == ".json":
        rows = json.loads(text)
    else:
        rows = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if isinstance(rows, dict) and "cases" not in rows:
        rows = [{"message": message, "label": label} for message, label in rows.items()]
    for row in rows["cases"] if isinstance(rows, dict) else rows:
        history = tuple(message["content"] for message in row.get("history") or ())
        yield Known(row["message"], row.get("expected_action") or row["label"], history)


class Loopback:
    """The server, in a thread of its own. `script` answers the first requests, one entry each; `rule` the rest.

    A script entry is a `Reply` or the name of a fault, applied to what the rule would have said. More than `max_in_flight`
    requests at once get a 429 that asks for 0.05 s.
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
        self._count(request)
        self.in_flight += 1
        self.max_seen_in_flight = max(self.max_seen_in_flight, self.in_flight)
        try:
            return await self._respond(request)
        finally:
            self.in_flight -= 1

    def _count(self, request: web.BaseRequest) -> None:
        self.n_requests += 1
        if request.transport not in self._connections:
            self._connections.add(request.transport)
            self.n_connections += 1

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
        with_faults(rule, shares, seed=options.seed),
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
