"""The only writer to stdout. A reader that goes away (`| head`) never changes an exit code."""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def write(text: str) -> bool:
    """Text as it is; characters that the terminal's encoding lacks are shown as escapes, never a crash.

    False when whoever read our output has closed it: a stream may stop then, and a verdict is still told by the exit code.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        # Later writes, and Python's own flush at exit, go nowhere instead of failing again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def line(text: str = "") -> bool:
    """One line of text; see `write`."""
    return write(text + "\n")


def json_line(value: Any) -> bool:
    """One JSON value on one line. UTF-8 where the encoding is UTF-8, else ASCII with JSON's own escapes."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    return write(json.dumps(value, ensure_ascii=encoding != "utf8", allow_nan=False) + "\n")


def is_terminal() -> bool:
    """Whether a person reads stdout."""
    return sys.stdout.isatty()
