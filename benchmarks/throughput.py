"""An eval from the command to its last report, against the time that the provider alone takes, and against the peers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.child import Cost, Failed, Medians, run
from benchmarks.interleaved import interleaved, tell
from benchmarks.peers import Peer
from benchmarks.server import ROOT, Provider, provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """`n` cases, `wide` at a time, a provider that answers `latency_s` after the request."""

    n: int
    wide: int
    latency_s: float

    @property
    def limit_s(self) -> float:
        """The wall time of a harness that costs nothing: the last case cannot be answered before."""
        return self.n * self.latency_s / self.wide


def messages(n: int) -> list[tuple[str, str]]:
    """`n` different messages and their labels, of the training data's; every quote and backslash is left out for the templates of peers."""
    known = []
    for path in sorted((ROOT / "data" / "intent").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if not set(row["message"]) & set("\"'\\{}\n\t") and "history" not in row:
                known.append((row["message"], row["label"]))
    return [(f"{message} ({number})", label) for number in range(n) for message, label in [known[number % len(known)]]]


def write_cases(path: Path, n: int) -> Path:
    """JSONL with `message` and `label`, which omniforge and every harness here reads."""
    lines = [json.dumps({"message": message, "label": label}, ensure_ascii=False) for message, label in messages(n)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def measure(setting: Setting, peers: Sequence[Peer], home: Path, *, rounds: int, box_s: float) -> dict[str, Medians]:
    """Medians by peer. A run that asked the provider more or less than once a case is told on stderr."""
    cases, few = write_cases(home / f"cases-{setting.n}.jsonl", setting.n), write_cases(home / "few.jsonl", 10)
    with provider(setting.latency_s) as started:
        for peer in peers:  # bytecode and caches
            try:
                run(peer.command(started.url, few, setting.wide), home=home)
            except Failed as exc:
                tell(f"{peer.name} failed: {exc}")
        commands = {peer.name: peer.command(started.url, cases, setting.wide) for peer in peers}
        measures = {
            name: (lambda name=name, command=command: _counted(name, command, setting, started, home)) for name, command in commands.items()
        }
        return interleaved(measures, rounds=rounds, box_s=box_s)


def _counted(name: str, command: list[str | Path], setting: Setting, started: Provider, home: Path) -> Cost:
    before = started.n_requests()
    cost = run(command, home=home)
    asked = started.n_requests() - before
    if asked != setting.n:
        tell(f"{name}: {asked} requests for {setting.n} cases")
    return cost
