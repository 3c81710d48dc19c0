"""Taxonomies in a form that loads in a millisecond: no YAML, no pydantic. Kept in the user's cache folder, keyed by content.

The key is the SHA-256 of the file's bytes and this program's version, so that an entry can never be stale. A cache that cannot be read or
written costs time, never an answer.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from omniforge_cli import __version__
from omniforge_cli.core.errors import OmniforgeError
from omniforge_cli.core.identity import sha256
from omniforge_cli.core.taxonomy import Label, Taxonomy


def load(folder: Path, content: bytes) -> Taxonomy | None:
    """The compiled taxonomy of a file with that content, or None."""
    try:
        plain = json.loads(_entry(folder, content).read_bytes())
        labels = tuple(Label(**{key: _tuples(value) for key, value in label.items()}) for label in plain.pop("labels"))
        return Taxonomy(labels=labels, **{key: _tuples(value) for key, value in plain.items()})
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OmniforgeError):
        return None


def save(folder: Path, content: bytes, taxonomy: Taxonomy) -> None:
    """Keep the compiled form; whole or not at all."""
    plain = asdict(taxonomy)
    del plain["names"]
    entry = _entry(folder, content)
    partial = entry.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError, ValueError):  # ValueError: half of a surrogate pair, which no file can hold
        entry.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")
        partial.replace(entry)


def _entry(folder: Path, content: bytes) -> Path:
    return folder / "taxonomies" / f"{sha256(__version__.encode() + b'|' + content)}.json"


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
