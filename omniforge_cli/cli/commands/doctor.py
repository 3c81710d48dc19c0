"""`omniforge doctor`: what works on this machine, and how to mend what does not."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Unpack

import click

from omniforge_cli.cli import output
from omniforge_cli.cli.diagnostics import ExitCode
from omniforge_cli.cli.invocation import settings_from
from omniforge_cli.cli.options import RoutingFlags, routing_options
from omniforge_cli.wiring.doctor import FAILED, Check, examine


class DoctorFlags(RoutingFlags):
    """What `doctor` takes."""

    online: bool


@click.command("doctor")
@click.option("--online", is_flag=True, help="Ask the configured endpoint too, when it is not on this machine. Costs nothing.")
@routing_options
def command(**flags: Unpack[DoctorFlags]) -> int:
    """Look at what works on this machine, and say how to mend what does not.

    Changes nothing, and shows no secret: keys are told by name. Exit 0 when everything essential works, else 2.
    """
    settings = settings_from(flags)
    checks = []
    for check in examine(settings, encoding=getattr(sys.stdout, "encoding", None) or "utf-8", online=flags["online"]):
        checks.append(check)
        if settings.format == "text":
            output.write(_told(check))
    works = all(check.status != FAILED for check in checks)
    if settings.format == "json":
        output.json_line({"ok": works, "checks": [asdict(check) for check in checks]})
    return ExitCode.OK if works else ExitCode.USAGE


def _told(check: Check) -> str:
    mend = f"         {'':<14}  mend: {check.mend}\n" if check.mend else ""
    return f"{check.status:<7}  {check.name:<14}  {check.detail}\n{mend}"
