"""The effective settings of one invocation, each with where it came from. Reading them is `files/settings.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

SECRET_SETTINGS: Final = frozenset({"db_key"})
"""Shown masked wherever settings are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Merged once (flag, environment, `omniforge.toml`, user's config, default) and passed down.

    `origins` maps a field's name to "flag --model", "environment OMNIFORGE_DB", a file's path, or "default".
    `provider_keys` names the provider key variables that are set; never their values.
    """

    model: str | None = None
    api_base: str | None = None
    prompt: str = "intent"
    taxonomy: str = "omniforge"
    analyzer: str = "auto"
    provider: str = "auto"
    timeout_s: float = 5.0
    context_max_messages: int = 20
    context_token_budget: int | None = None
    cascade_threshold: float | None = None
    db: str = ""
    db_key: str | None = field(default=None, repr=False)
    tenant: str = "default-tenant"
    user: str = "default-user"
    format: str = "text"
    log_format: str = "text"
    verbosity: int = 0
    origins: Mapping[str, str] = field(default_factory=dict)
    provider_keys: tuple[str, ...] = ()
