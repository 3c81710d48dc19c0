"""What was released never changes: `versions.lock` beside prompts or eval sets holds each released file's SHA-256.

The form is `sha256sum`'s, so `sha256sum -c versions.lock` in that folder checks it too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omniforge_cli.core.errors import InputError
from omniforge_cli.core.identity import sha256
from omniforge_cli.files.contents import decode, read_bytes
from omniforge_cli.files.resources import natural_key

LOCK_NAME: Final = "versions.lock"
_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *](\S.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A released file that is no longer what it was; `found` is None when it is gone."""

    file: str
    locked: str
    found: str | None

    def __str__(self) -> str:
        """One line for a person."""
        if self.found is None:
            return f"{self.file}: was released and is gone; restore it"
        return (
            f"{self.file}: was changed after its release (locked {self.locked[:12]}, found {self.found[:12]}); "
            "restore it and put the change into a new version"
        )


def read_lock(root: Path, error: type[InputError]) -> dict[str, str]:
    """File (relative to `root`, with forward slashes) -> SHA-256 of everything released; empty when there is no lock.

    Raises:
        error: a line that is no `<sha256>  <name>/<file>`, or a file that stands twice.
    """
    path = root / LOCK_NAME
    if not path.exists():
        return {}
    locked: dict[str, str] = {}
    for number, line in enumerate(decode(read_bytes(path, error), path, error).splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.rstrip())
        if match is None:
            raise error(f"{path}:{number}: not a line of the form `<sha256>  <name>/<file>`; restore it from version control")
        if match[2] in locked:
            raise error(f"{path}:{number}: {match[2]} stands twice; remove one line")
        locked[match[2]] = match[1]
    return locked


def drifts(root: Path, error: type[InputError]) -> list[Drift]:
    """Every released file that changed or is gone, in the lock's order; raises `error` for a broken lock."""
    states = [Drift(file=file, locked=locked, found=_sha256(root / file, error)) for file, locked in read_lock(root, error).items()]
    return [state for state in states if state.found != state.locked]


def release(root: Path, file: Path, error: type[InputError]) -> str:
    """Lock one file of `root` as it stands and give its SHA-256; a second release of the same bytes changes nothing.

    Raises:
        error: it is missing, lies outside `root`, was released with other content, or the lock cannot be written.
    """
    try:
        name = file.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise error(f"{file}: it is not in {root}, whose lock was to hold it") from None
    found = sha256(read_bytes(file, error))
    locked = read_lock(root, error)
    if locked.get(name, found) != found:
        raise error(str(Drift(file=name, locked=locked[name], found=found)))
    if name not in locked:
        try:
            _write(root, {**locked, name: found})
        except OSError as exc:
            raise error(f"{root / LOCK_NAME}: cannot be written ({exc.strerror or exc})") from exc
    return found


def _sha256(path: Path, error: type[InputError]) -> str | None:
    return sha256(read_bytes(path, error)) if path.exists() else None


def _write(root: Path, locked: dict[str, str]) -> None:
    """In one step, so that a reader sees the old lock or the new one."""
    lines = [f"{locked[file]}  {file}\n" for file in sorted(locked, key=natural_key)]
    draft = root / f".{LOCK_NAME}.new"
    draft.write_text("".join(lines), encoding="utf-8", newline="\n")
    draft.replace(root / LOCK_NAME)
