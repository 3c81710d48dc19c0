"""The only writer to stdout. A reader that goes away (`| head`) never changes an exit code."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from omniforge_cli.core.errors import SettingsError


def write(text: str) -> bool:
    """Text as it is; characters that the terminal's encoding lacks are shown as escapes, never a crash.

    False when nobody reads our output any more: a stream may stop then, and a verdict is still told by the exit code.

    Raises:
        SettingsError: it cannot be written, as on a full disk.
    """
    if sys.stdout is None:
        return False
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        _write_nowhere()
        return False
    except OSError as exc:
        _write_nowhere()
        raise SettingsError(f"standard output cannot be written ({exc.strerror or exc})") from exc
    return True


def _write_nowhere() -> None:
    """Later writes, and Python's own flush at exit, go nowhere instead of failing again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def line(text: str = "") -> bool:
    """One line of text; see `write`."""
    return write(text + "\n")


def json_line(value: Any) -> bool:
    """One JSON value on one line. UTF-8 where the encoding is UTF-8, else ASCII with JSON's own escapes."""
    return write(json.dumps(value, ensure_ascii=is_ascii(), allow_nan=False) + "\n")


def is_ascii() -> bool:
    """Whether JSON must be written in ASCII, as stdout's encoding is not UTF-8."""
    return (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "") != "utf8"


def is_terminal() -> bool:
    """Whether a person reads stdout."""
    return sys.stdout is not None and sys.stdout.isatty()
