"""`omniforge route --batch --analyzer local`: messages a second and memory, at two lengths, because flat memory shows only between them."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.child import Medians, run
from benchmarks.interleaved import interleaved
from benchmarks.peers import OMNIFORGE
from benchmarks.throughput import messages


def measure(home: Path, *, lengths: tuple[int, ...], rounds: int) -> dict[int, Medians]:
    """Medians by number of lines, start-up included."""
    command = [OMNIFORGE, "route", "--batch", "--analyzer", "local"]
    files = {}
    for n in lengths:
        files[str(n)] = home / f"lines-{n}.jsonl"
        files[str(n)].write_text("".join(json.dumps({"message": message}) + "\n" for message, _ in messages(n)), encoding="utf-8")
    run(command, home=home, stdin=files[str(lengths[0])])
    found = interleaved({n: (lambda path=path: run(command, home=home, stdin=path)) for n, path in files.items()}, rounds=rounds)
    return {int(n): told for n, told in found.items()}
