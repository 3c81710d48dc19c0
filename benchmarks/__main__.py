"""`make bench` or `python -m benchmarks`: start-up, evals against the limit and the peers, offline batch, replay, storage; some minutes."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic

from benchmarks import machine, offline_batch, replay, startup, table, throughput
from benchmarks.interleaved import tell
from benchmarks.peers import Peer, installed, missing, ours
from benchmarks.server import ROOT, capacity
from benchmarks.throughput import Setting


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each command; medians are told")
    parser.add_argument("--quick", action="store_true", help="3 rounds")
    parser.add_argument("--peers", type=Path, metavar="DIR", help="virtual environments: inspect-ai, pydantic-evals, deepeval, promptfoo")
    parser.add_argument("--cases", type=int, default=2_000, help="cases of omniforge and bare aiohttp, at each width")
    parser.add_argument("--peer-cases", type=int, default=1_000, help="cases of the comparison with all peers, 64 at a time")
    parser.add_argument("--wide", type=int, action="append", help="calls at a time (repeatable)  [64 and 256]")
    parser.add_argument("--latency-ms", type=float, default=100.0, help="what the provider takes for a call")
    parser.add_argument(
        "--box", type=float, default=30.0, metavar="SECONDS", help="a peer that took longer in all is run 3 times only; 0: never"
    )
    parser.add_argument("--lines", type=int, action="append", help="lengths of the offline batch (repeatable)  [1,000 and 10,000]")
    parser.add_argument("--turns", type=int, default=20_000, help="turns of the replay; a tenth of them are replayed before")
    parser.add_argument(
        "--messages", type=int, default=1_000_000, help="size of the database in which recent messages are read; 0: leave it out"
    )
    parser.add_argument("--write", type=Path, metavar="PAGE", help="also replace the measured part of this page, and the .svg beside it")
    return parser.parse_args()


def storage(messages: int) -> str:
    """What `benchmarks/storage.py` prints, as it printed it."""
    wanted = [["writes"], ["recent", "--messages", str(messages)]] if messages else [["writes"]]
    told = ""
    for arguments in wanted:
        command = [sys.executable, "-m", "benchmarks.storage", *arguments]
        told += subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return f"```text\n{told}```"


def compare(chosen: argparse.Namespace, peers: list[Peer], home: Path) -> tuple[str, str]:
    """The tables of start-up and of the evals, and the plot."""
    tell("start-up")
    starts = startup.measure(home, rounds=2 * chosen.rounds + 1)
    latency_s, box_s = chosen.latency_ms / 1000, chosen.box or float("inf")
    tables = [f"### Start-up\n\n{table.startup_table(starts)}", "### Eval"]
    for wide in chosen.wide or [64, 256]:
        tell(f"eval, {chosen.cases} cases, {wide} wide")
        setting = Setting(n=chosen.cases, wide=wide, latency_s=latency_s)
        tables.append(table.throughput_table(throughput.measure(setting, peers[:2], home, rounds=chosen.rounds, box_s=box_s), setting))
    tell(f"eval, {chosen.peer_cases} cases, 64 wide, all peers")
    setting = Setting(n=chosen.peer_cases, wide=64, latency_s=latency_s)
    evals = throughput.measure(setting, peers, home, rounds=chosen.rounds, box_s=box_s)
    tables.append(table.throughput_table(evals, setting))
    return "\n\n".join(tables), table.plot(starts, evals, setting)


def main() -> None:
    chosen = options()
    chosen.rounds = 3 if chosen.quick else chosen.rounds
    began, load = monotonic(), os.getloadavg()[0]
    peers = [ours(), *installed(chosen.peers)]
    head = machine.describe(peers, missing(peers), load=load, capacity=capacity())
    with tempfile.TemporaryDirectory() as folder:
        tables, drawn = compare(chosen, peers, Path(folder))
        tell("offline batch")
        batch = table.batch_table(offline_batch.measure(Path(folder), lengths=tuple(chosen.lines or (1_000, 10_000)), rounds=chosen.rounds))
        tell("replay")
        replayed = table.replay_table(replay.measure(Path(folder), turns=(chosen.turns // 10, chosen.turns), rounds=1))
    tell("storage")
    kept = storage(chosen.messages)
    parts = [head, tables, f"### Offline batch\n\n{batch}", f"### Replay\n\n{replayed}", f"### Storage and context\n\n{kept}"]
    text = "\n\n".join([*parts, f"The whole run took {monotonic() - began:.0f} s."])
    print(text)
    if chosen.write:
        picture = chosen.write.with_suffix(".svg")
        picture.write_text(drawn, encoding="utf-8")
        table.write_between(chosen.write, text + f"\n\n![Start-up, and the eval against its limit and the peers]({picture.name})")


if __name__ == "__main__":
    main()
