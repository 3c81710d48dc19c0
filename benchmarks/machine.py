"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.peers import Peer


def describe(peers: Sequence[Peer], missing: Sequence[str], *, load: float, capacity: float) -> str:
    """A list in Markdown: date, machine, versions, how busy the machine was, what the provider could have answered."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    versions = [f"{peer.name} {peer.version}" for peer in peers] + [f"{name} {version(name)}" for name in ("click", "duckdb", "pandas")]
    lines = [
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `python -m benchmarks`.",
        f"Machine: {_processor()}, {os.cpu_count()} cores, {memory_gb:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; load average when it began: {load:.2f}.",
        f"Versions: {', '.join(versions)}. Not installed: {', '.join(missing) or 'none'}.",
        f"The loopback provider runs on the same machine and answers up to {capacity:,.0f} requests a second.",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _processor() -> str:
    cards = Path("/proc/cpuinfo")
    if cards.exists():
        for line in cards.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
