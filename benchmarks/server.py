"""A chat completions provider that costs next to nothing, so that a benchmark measures its client.

`python -m benchmarks.server --latency-ms 100` prints its URL and serves until killed. Each answer is the same, `latency` after its request;
`GET /_stats` tells what arrived. `tests/loopback.py` reads and keeps each request: more work than some of the clients do.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ANSWER = json.dumps({"action_type": "unknown", "confidence": 0.9, "reasoning": "the benchmark says so"})


def _http(body: dict[str, object]) -> bytes:
    payload = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(payload), payload)


COMPLETION = _http(
    {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "bench",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 120, "completion_tokens": 12, "total_tokens": 132},
    }
)


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests on it are answered in the order of their delays."""

    latency_s = 0.0
    n_requests = 0
    open_now = 0
    most_open = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.buffer = transport, b""
        Connection.open_now += 1
        Connection.most_open = max(Connection.most_open, Connection.open_now)

    def connection_lost(self, exc: Exception | None) -> None:
        Connection.open_now -= 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            _, found, rest = head.partition(b"content-length:")
            whole = end + 4 + (int(rest.split(b"\r\n", 1)[0]) if found else 0)
            if len(self.buffer) < whole:
                return
            self.buffer = self.buffer[whole:]
            self.answer(head)

    def answer(self, head: bytes) -> None:
        if head.startswith(b"get"):
            self.write(_http({"requests": Connection.n_requests, "most_connections": Connection.most_open}))
            return
        Connection.n_requests += 1
        if Connection.latency_s:
            asyncio.get_running_loop().call_later(Connection.latency_s, self.write, COMPLETION)
        else:
            self.write(COMPLETION)

    def write(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)


async def serve(latency_s: float) -> None:
    Connection.latency_s = latency_s
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A server that runs as a process of its own."""

    url: str
    latency_s: float

    def n_requests(self) -> int:
        """How many completions were asked for since it started."""
        with urllib.request.urlopen(self.url.removesuffix("/v1") + "/_stats") as answer:
            return int(json.load(answer)["requests"])


@contextlib.contextmanager
def provider(latency_s: float) -> Iterator[Provider]:
    """Start one, and end it."""
    command = [sys.executable, "-m", "benchmarks.server", "--latency-ms", str(latency_s * 1000)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield Provider(url=process.stdout.readline().strip(), latency_s=latency_s)
        finally:
            process.send_signal(signal.SIGTERM)


async def _capacity(url: str, seconds: float, wide: int) -> float:
    host, port = url.removeprefix("http://").removesuffix("/v1").split(":")
    body = b"x" * 8_000
    request = b"POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    until, answered = time.monotonic() + seconds, 0

    async def ask() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection(host, int(port))
        while time.monotonic() < until:
            writer.write(request)
            await reader.readexactly(len(COMPLETION))
            answered += 1
        writer.close()

    await asyncio.gather(*(ask() for _ in range(wide)))
    return answered / seconds


def capacity(seconds: float = 2.0, wide: int = 64) -> float:
    """Requests of 8 kB a second that the server answers when it adds no delay; the bare client that asks is part of the measurement."""
    with provider(0.0) as started:
        return asyncio.run(_capacity(started.url, seconds, wide))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    with contextlib.suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        asyncio.run(serve(parser.parse_args().latency_ms / 1000))
