"""The bytes of a file that a person wrote, and their text. Apart from `documents`, because YAML and pydantic take long to load."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from omniforge_cli.core.errors import InputError

_LARGEST: Final = 256 * 1024 * 1024
"""Bytes; a larger document is surely not one that a person wrote."""


def read_bytes(path: Path, error: type[InputError]) -> bytes:
    """The bytes of a file.

    Raises:
        error: it is missing, a folder, unreadable or larger than 256 MB.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise error(f"{path}: it is larger than 256 MB; split it")
        return path.read_bytes()
    except FileNotFoundError:
        raise error(f"{path}: no such file") from None
    except IsADirectoryError:
        raise error(f"{path}: it is a folder, not a file") from None
    except OSError as exc:
        raise error(f"{path}: cannot be read ({exc.strerror or exc})") from exc
    except ValueError as exc:  # a NUL byte in the name
        raise error(f"{str(path)!r} is not a file name ({exc})") from exc


def decode(content: bytes, path: Path, error: type[InputError]) -> str:
    """UTF-8 text, with or without a byte-order mark.

    Raises:
        error: it is not UTF-8; the message names the line.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise error(f"{path}:{line}: not UTF-8 text (byte 0x{content[exc.start]:02x}); save the file as UTF-8") from exc
