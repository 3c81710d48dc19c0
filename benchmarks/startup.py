"""How long the shortest commands take, beside a Python that imports click and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.child import Medians, run
from benchmarks.interleaved import interleaved
from benchmarks.peers import OMNIFORGE
from benchmarks.server import provider

MESSAGE = "could you pause the invoice bot until Monday?"
UNIT = 'python -c "import click"'


def measure(home: Path, *, rounds: int) -> dict[str, Medians]:
    """Medians by command; caches are warm, and the provider answers at once."""
    with provider(0.0) as started:
        commands: dict[str, list[str | Path]] = {
            UNIT: [sys.executable, "-c", "import click"],
            "omniforge --help": [OMNIFORGE, "--help"],
            "omniforge route --analyzer local": [OMNIFORGE, "route", "--analyzer", "local", MESSAGE],
            "omniforge route, LLM on loopback": [OMNIFORGE, "route", "--model", "openai/bench", "--api-base", started.url, MESSAGE],
        }
        for command in commands.values():
            run(command, home=home)
        return interleaved({name: (lambda command=command: run(command, home=home)) for name, command in commands.items()}, rounds=rounds)
