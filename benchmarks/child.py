"""Runs a command as a process of its own and tells what it cost: wall, processor, memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "PYENV_ROOT", "PYENV_VERSION")
_QUIET = {
    "DEEPEVAL_TELEMETRY_OPT_OUT": "YES",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # otherwise `import litellm` asks the network for prices
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "PROMPTFOO_DISABLE_UPDATE": "1",
    "PROMPTFOO_FAILED_TEST_EXIT_CODE": "0",
    "NO_COLOR": "1",
}


class Failed(RuntimeError):
    """A measured command ended with an error; what it said last is the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run took: wall and processor (user and system, with its own children) in seconds, the most memory in MB."""

    wall_s: float
    cpu_s: float
    memory_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Medians:
    """Medians over several runs, with the quickest and the slowest."""

    wall_s: float
    cpu_s: float
    memory_mb: float
    quickest_s: float
    slowest_s: float
    runs: int


def medians(costs: Sequence[Cost]) -> Medians:
    walls = [cost.wall_s for cost in costs]
    return Medians(
        wall_s=statistics.median(walls),
        cpu_s=statistics.median(cost.cpu_s for cost in costs),
        memory_mb=statistics.median(cost.memory_mb for cost in costs),
        quickest_s=min(walls),
        slowest_s=max(walls),
        runs=len(walls),
    )


def environment(home: Path) -> dict[str, str]:
    """Nothing of the user's: no keys, no settings, and caches that start empty."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    folders = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    return {**kept, **folders, **_QUIET, "HOME": str(home), "PROMPTFOO_CONFIG_DIR": str(home / "promptfoo")}


def run(command: Iterable[str | Path], *, home: Path, stdin: Path | None = None) -> Cost:
    """Run it to its end, in an empty folder; only exit code 0 counts.

    Raises:
        Failed: it ended in another way.
    """
    with tempfile.TemporaryDirectory(dir=home) as folder, (Path(folder) / "said").open("w+b") as said:
        with Path(stdin or os.devnull).open("rb") as given:
            began = time.perf_counter()
            process = subprocess.Popen(
                [str(part) for part in command], stdin=given, stdout=said, stderr=said, cwd=folder, env=environment(home)
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall_s = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise Failed(f"exit {process.returncode}: ...{said.read().decode(errors='replace')[-600:]}")
    return Cost(wall_s=wall_s, cpu_s=usage.ru_utime + usage.ru_stime, memory_mb=usage.ru_maxrss / 1024)
