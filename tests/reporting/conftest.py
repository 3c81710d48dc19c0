from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent.parent / "data" / "reports"
REWRITE = os.environ.get("REWRITE_GOLDEN") == "1"


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares a text with a file in tests/data/reports, byte for byte; REWRITE_GOLDEN=1 writes it instead."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if REWRITE:
            path.write_bytes(text.encode())
        assert text.encode() == path.read_bytes()

    return compare
