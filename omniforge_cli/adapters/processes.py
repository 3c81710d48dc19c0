"""What can be told about a process from outside: that it still runs, since when, and its command line (from `/proc` where there is one)."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessIdentity:
    """One process, told apart from a later one with the same number. `started` is in clock ticks since boot, None where not known."""

    pid: int
    host: str
    started: int | None

    @classmethod
    def current(cls) -> ProcessIdentity:
        """This process."""
        return cls(pid=os.getpid(), host=socket.gethostname(), started=_started(os.getpid()))

    @property
    def is_here(self) -> bool:
        """Whether it is, or was, one of this host's."""
        return self.host == socket.gethostname()

    @property
    def is_gone(self) -> bool:
        """Whether the process has certainly ended; of another host's process nothing is certain."""
        if not self.is_here:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        started = _started(self.pid)
        return self.started is not None and started is not None and started != self.started


def command_line(pid: int) -> str | None:
    """The command line of a running process on one line, or None when it cannot be read."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    return " ".join(raw.replace(b"\0", b" ").decode("utf-8", "replace").split()) or None


def _started(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        state, *rest = stat.rpartition(")")[2].split()  # the name before the bracket may hold spaces
        return -1 if state == "Z" else int(rest[18])  # a zombie has ended, though its number is still taken
    except (OSError, ValueError, IndexError):
        return None
