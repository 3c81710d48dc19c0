"""Effective settings as they may be shown: each with where it came from, secrets masked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from omniforge_cli.core.settings import SECRET_SETTINGS, Settings
from omniforge_cli.files.settings import OPTIONS

MASK: Final = "***"
_PASSWORD: Final = re.compile(r"(?<=//)[^/@\s]*@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One setting: its name in `omniforge.toml` (or of its own, where it may not stand there), value, origin and variable."""

    name: str
    value: Any
    origin: str
    variable: str


def shown(settings: Settings) -> list[Shown]:
    """Every setting in the order of the options. A secret's value is never among them, nor a password inside a URL."""
    return [
        Shown(
            name=option.key or name,
            value=_masked(name, getattr(settings, name)),
            origin=settings.origins.get(name, "default"),
            variable=option.variable,
        )
        for name, option in OPTIONS.items()
    ]


def _masked(name: str, value: Any) -> Any:
    if name in SECRET_SETTINGS:
        return None if value is None else MASK
    return without_password(value) if isinstance(value, str) else value


def without_password(text: str) -> str:
    """The text with user and password masked in each address that brings them."""
    return _PASSWORD.sub(f"{MASK}@", text)
