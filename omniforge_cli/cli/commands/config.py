"""`omniforge config`: effective settings, and where each came from."""

from __future__ import annotations

from typing import Unpack

import click

from omniforge_cli.cli import output
from omniforge_cli.cli.diagnostics import ExitCode
from omniforge_cli.cli.invocation import settings_from
from omniforge_cli.cli.options import CommonFlags, RoutingFlags, common_options, routing_options
from omniforge_cli.files.configuration import shown
from omniforge_cli.files.settings import config_places
from omniforge_cli.reporting.plaintext import aligned


@click.group("config")
def command() -> None:
    """Effective settings, and where each came from.

    A flag stands over an environment variable, that over omniforge.toml in this folder, that over the user's, that over the default.
    """


@command.command("show")
@routing_options
def show_command(**flags: Unpack[RoutingFlags]) -> int:
    """Show every setting with its origin. Secrets are masked, provider keys are told by name alone."""
    settings = settings_from(flags)
    rows = shown(settings)
    if settings.format == "json":
        plain = {row.name: {"value": row.value, "origin": row.origin, "variable": row.variable} for row in rows}
        output.json_line({"settings": plain, "provider_keys": list(settings.provider_keys)})
    else:
        cells = [(row.name, "-" if row.value is None else str(row.value), row.origin) for row in rows]
        cells.append(("provider keys", ", ".join(settings.provider_keys) or "-", "environment"))
        output.write("".join(f"{line}\n" for line in aligned(cells, widest=1000)))
    return ExitCode.OK


@command.command("path")
@common_options
def path_command(**flags: Unpack[CommonFlags]) -> int:
    """Show where configuration files are looked for, the more important first."""
    settings = settings_from(flags)
    places = [{"file": str(path), "exists": path.is_file()} for path in config_places()]
    if settings.format == "json":
        output.json_line(places)
    else:
        output.write("".join(f"{place['file']}{'' if place['exists'] else '  (not there)'}\n" for place in places))
    return ExitCode.OK
