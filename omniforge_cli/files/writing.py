"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from omniforge_cli.core.errors import InputError, SettingsError


def write_whole(path: Path, text: str | Iterable[str], error: type[InputError] = SettingsError) -> None:
    """Write a text file (UTF-8) in one step: a reader sees the old content or the new. The folder is made.

    A long text may come in pieces.

    Raises:
        error: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.writelines([text] if isinstance(text, str) else text)
        if path.exists():
            partial.chmod(path.stat().st_mode & 0o777)
        partial.replace(path)
    except OSError as exc:
        partial.unlink(missing_ok=True)
        raise error(f"{path}: cannot be written ({exc.strerror or exc})") from exc
