"""`python -m omniforge_cli` and the `omniforge` command."""

from __future__ import annotations

import sys

from omniforge_cli.cli.main import run


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run())


if __name__ == "__main__":
    main()
