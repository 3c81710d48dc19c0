"""Where taxonomies, prompts and eval sets are found: the working folder first, then what came with the package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from omniforge_cli.core.errors import InputError
from omniforge_cli.core.identity import nearest

PROMPT_SUFFIXES: Final = (".yaml", ".yml")
_PACKAGE: Final = Path(__file__).resolve().parent.parent


def packaged(kind: str) -> Path:
    """The folder `prompts` or `evalsets` that came with this installation: inside a wheel, or at the root of a checkout."""
    inside = _PACKAGE / "_data" / kind
    return inside if inside.is_dir() else _PACKAGE.parent / kind


def taxonomies() -> Path:
    """The folder of the packaged taxonomies."""
    return _PACKAGE / "taxonomies"


def weights() -> Path:
    """The folder of the packaged weights, one folder a taxonomy."""
    return _PACKAGE / "weights"


def natural_key(version: str) -> list[tuple[int, int, str]]:
    """Sort key in which v10 comes after v9."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", version) if part]


def versions(kind: str, suffixes: tuple[str, ...]) -> Iterator[tuple[str, str, Path]]:
    """(name, version, file) of everything of a kind; a file in `./<kind>` shadows the packaged one of the same name and version."""
    seen: dict[tuple[str, str], Path] = {}
    for root in (packaged(kind), Path.cwd() / kind):
        if not root.is_dir():
            continue
        for path in sorted(root.glob("*/*")):
            if path.suffix in suffixes and path.is_file():
                seen[(path.parent.name, path.stem)] = path
    for (name, version), path in sorted(seen.items(), key=lambda item: (item[0][0], natural_key(item[0][1]))):
        yield name, version, path


def find_version(kind: str, ref: str, suffixes: tuple[str, ...], error: type[InputError]) -> Path:
    """The file of `name@version`; `name` alone is its newest version in natural order.

    Raises:
        error: there is none; the message names the nearest.
    """
    name, _, version = ref.partition("@")
    known = list(versions(kind, suffixes))
    of_name = [(found_version, path) for found_name, found_version, path in known if found_name == name]
    if not version and of_name:
        return max(of_name, key=lambda item: natural_key(item[0]))[1]
    for found_version, path in of_name:
        if found_version == version:
            return path
    one = kind.removesuffix("s")
    raise error(f"there is no {one} {ref!r}{nearest(ref, [f'{found_name}@{found_version}' for found_name, found_version, _ in known])}")
