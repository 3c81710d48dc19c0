"""Version files that may still change: whether one is released, what the next is called, a copy of one under a new version, and writing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from omniforge_cli.core.errors import InputError
from omniforge_cli.core.identity import sha256
from omniforge_cli.files.contents import read_bytes
from omniforge_cli.files.lock import read_lock
from omniforge_cli.files.resources import natural_key, packaged
from omniforge_cli.files.writing import write_whole

_LAST_NUMBER: Final = re.compile(r"(\d+)(?=\D*\Z)")
_NAME: Final = re.compile(r"[A-Za-z0-9][\w.\-]*")


def roots(kind: str) -> list[Path]:
    """The folders of a kind that exist, each once: that of the working folder first, then the packaged one."""
    found = {root.resolve(): root for root in (packaged(kind), Path.cwd() / kind) if root.is_dir()}
    return list(reversed(found.values()))


def release_state(path: Path, error: type[InputError]) -> str:
    """`released`, `draft`, or `changed` for a released file that is no longer what it was."""
    root = path.parent.parent
    locked = read_lock(root, error).get(f"{path.parent.name}/{path.name}")
    if locked is None:
        return "draft"
    return "released" if sha256(read_bytes(path, error)) == locked else "changed"


def next_version(existing: Iterable[str]) -> str:
    """What comes after the newest of these: `v10` after `v9`; `v1` where there is none."""
    known = set(existing)
    version = max(known, key=natural_key, default="v0")
    while True:
        version = _LAST_NUMBER.sub(lambda found: str(int(found[1]) + 1), version) if _LAST_NUMBER.search(version) else f"{version}2"
        if version not in known:
            return version


def copied(text: str, values: Mapping[str, str]) -> str:
    """The text of a YAML file with other values of top-level keys that stand on one line; everything else stays, comments too."""
    for key, value in values.items():
        found = re.search(rf"^{key}:[ \t]+(?![|>])\S[^\n]*$", text, flags=re.MULTILINE)
        if found:
            text = f"{text[: found.start()]}{key}: {value}{text[found.end() :]}"
    return text


def draft_path(kind: str, name: str, version: str, error: type[InputError]) -> Path:
    """Where a version belongs in the working folder.

    Raises:
        error: name or version is no plain word.
    """
    for word in (name, version):
        if not _NAME.fullmatch(word):
            raise error(f"{word!r} is no name for a file: letters, digits, `.`, `-` and `_` only")
    return Path(kind) / name / f"{version}.yaml"


def write_draft(path: Path, text: str, error: type[InputError]) -> None:
    """Write a file whole or not at all; a released one is never touched.

    Raises:
        error: it is released, or cannot be written.
    """
    if path.is_file() and release_state(path, error) != "draft":
        raise error(f"{path}: it is released and never changes; put the change into a new version")
    write_whole(path, text, error)
