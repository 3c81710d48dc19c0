"""Taxonomies and prompt versions in a form that loads in a millisecond: no YAML, no pydantic.

It is kept in the user's cache folder. The key is the SHA-256 of the file's bytes and this program's version, so that an entry can never be
stale. A cache that cannot be read or written costs time, never an answer.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from omniforge_cli import __version__
from omniforge_cli.core.conversation import Message
from omniforge_cli.core.errors import OmniforgeError
from omniforge_cli.core.identity import sha256
from omniforge_cli.core.prompt import FewShot, PromptParams, PromptVersion
from omniforge_cli.core.taxonomy import Label, Taxonomy

_UNUSABLE: Final = (OSError, ValueError, TypeError, KeyError, AttributeError, OmniforgeError)
"""What a missing, torn or foreign entry can raise: it is made anew then."""


def load_taxonomy(folder: Path, content: bytes) -> Taxonomy | None:
    """The compiled taxonomy of a file with that content, or None."""
    try:
        plain = _read(folder, "taxonomies", content)
        labels = tuple(Label(**_tupled(label)) for label in plain.pop("labels"))
        return Taxonomy(labels=labels, **_tupled(plain))
    except _UNUSABLE:
        return None


def save_taxonomy(folder: Path, content: bytes, taxonomy: Taxonomy) -> None:
    """Keep the compiled form; whole or not at all."""
    plain = asdict(taxonomy)
    del plain["names"]
    _write(folder, "taxonomies", content, plain)


def load_prompt(folder: Path, content: bytes) -> PromptVersion | None:
    """The compiled prompt version of a file with that content, or None."""
    try:
        plain = _read(folder, "prompts", content)
        examples = tuple(_example(example) for example in plain.pop("few_shot"))
        return PromptVersion(params=PromptParams(**plain.pop("params")), few_shot=examples, **plain)
    except _UNUSABLE:
        return None


def save_prompt(folder: Path, content: bytes, prompt: PromptVersion) -> None:
    """Keep the compiled form; whole or not at all."""
    plain = asdict(replace(prompt, few_shot=()))
    plain["few_shot"] = [
        {
            "message": example.message,
            "reply": dict(example.reply),
            "history": [[message.role, message.content] for message in example.history],
            "agents": example.agents,
        }
        for example in prompt.few_shot
    ]
    _write(folder, "prompts", content, plain)


def _example(plain: dict[str, Any]) -> FewShot:
    history = tuple(Message(role=role, content=content) for role, content in plain.pop("history"))
    return FewShot(history=history, **_tupled(plain))


def _read(folder: Path, kind: str, content: bytes) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(_entry(folder, kind, content).read_bytes())
    return plain


def _write(folder: Path, kind: str, content: bytes, plain: dict[str, Any]) -> None:
    entry = _entry(folder, kind, content)
    partial = entry.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError, ValueError):  # ValueError: half of a surrogate pair, which no file can hold
        text = json.dumps(plain, ensure_ascii=False).encode("utf-8")
        entry.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(text)
        partial.replace(entry)


def _entry(folder: Path, kind: str, content: bytes) -> Path:
    return folder / kind / f"{sha256(__version__.encode() + b'|' + content)}.json"


def _tupled(plain: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()}
