"""`python -m omniforge_cli` and the `omniforge` command."""

from __future__ import annotations

import atexit
import os
import sys

from omniforge_cli.cli.main import run


def main() -> None:
    """Run the command line and exit with its code."""
    ended: list[int] = []
    atexit.register(_leave, ended)  # the last of these functions to run, as the first that is registered
    ended.append(run())
    sys.exit(ended[0])


def _leave(ended: list[int]) -> None:
    """End the process without taking it apart object by object: a tenth of a second after an eval. Everything has been closed by now."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return  # the interpreter has its own way to tell that nobody reads what is left
    if ended:
        os._exit(ended[0])


if __name__ == "__main__":
    main()
