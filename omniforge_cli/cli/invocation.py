"""From typed flags to settings, with logging set up: the first thing every command does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omniforge_cli.cli.diagnostics import set_up_logging
from omniforge_cli.core.settings import Settings
from omniforge_cli.files.settings import OPTIONS, read_settings


def settings_from(flags: Mapping[str, Any]) -> Settings:
    """The effective settings of this invocation.

    Raises:
        SettingsError: a flag, a variable or a configuration file cannot be used.
    """
    typed = {name: flags.get(name) for name in OPTIONS}
    if flags.get("quiet"):
        typed["verbosity"] = -1
    elif flags.get("verbose"):
        typed["verbosity"] = flags["verbose"]
    settings = read_settings(typed)
    set_up_logging(verbosity=settings.verbosity, log_format=settings.log_format)
    return settings
