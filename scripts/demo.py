"""`make demo`: route a few messages and measure the default eval set, offline, with no key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "omniforge_cli"]
MESSAGES = (
    "Our team wastes hours every Monday compiling updates from Notion, can you take that over?",
    "could you pause the invoice bot until Monday?",
    "run create-invoice-bot for October",
    "¿qué agentes corrieron anoche?",
)


def run(*arguments: str) -> int:
    """Show a command, run it, and return its exit code."""
    shown = " ".join(f'"{argument}"' if " " in argument else argument for argument in arguments)
    print(f"\n$ omniforge {shown}", flush=True)
    return subprocess.run([*COMMAND, *arguments], check=False).returncode


def main() -> int:
    """The demo; the exit code is that of the eval and its gates."""
    for message in MESSAGES:
        code = run("route", "--analyzer", "local", message)
        if code:
            return code
    print("\nThe offline analyzer on the default eval set, against the gates of evalsets/gates.yaml:")
    code = run("eval", "--analyzer", "local")
    newest = max(Path("reports").glob("2*/report.html"), default=None)  # a run is named for its time
    if newest is not None:
        print(f"\nOpen {newest} in a browser.")
    return code


if __name__ == "__main__":
    sys.exit(main())
