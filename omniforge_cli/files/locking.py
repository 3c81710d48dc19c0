"""One process at a time in a folder whose files are read, changed and written again."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where nobody is kept out
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Wait until no other process is in this block for the folder, and keep the others out until it ends.

    The folder itself is locked: a file in it is replaced when it is written, and a lock on what was replaced would keep nobody out. Nothing
    is left behind, not even by a process that is killed. On a file system that knows no locks, nobody is kept out.
    """
    with contextlib.ExitStack() as held:
        if fcntl is not None:
            with contextlib.suppress(OSError):
                opened = os.open(folder, os.O_RDONLY)
                held.callback(os.close, opened)
                fcntl.flock(opened, fcntl.LOCK_EX)
        yield
