"""Writes docs/cli.md from `--help` and the tables of docs/CONFIGURATION.md (`make docs`). A test fails when they are stale."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

ROOT: Final = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from omniforge_cli.cli.diagnostics import ExitCode  # noqa: E402 - found through the line above
from omniforge_cli.cli.main import cli  # noqa: E402
from omniforge_cli.core.settings import Settings  # noqa: E402
from omniforge_cli.files.settings import OPTIONS, PROVIDER_KEYS  # noqa: E402

CLI_PAGE: Final = ROOT / "docs" / "cli.md"
CONFIGURATION_PAGE: Final = ROOT / "docs" / "CONFIGURATION.md"
WIDTH: Final = 100

EXIT_CODE_MEANINGS: Final = {
    ExitCode.OK: "done; for `eval` and `replay`, every gate passed; for `doctor`, everything essential works",
    ExitCode.GATE_FAILED: "`eval`, `replay`: a gate failed; `compare --fail-on-regression`: a regression",
    ExitCode.USAGE: (
        "usage or configuration error: bad flag, bad file, unknown prompt version; `prompts check` and `evalset check` found an error; "
        "`doctor` found something essential that does not work"
    ),
    ExitCode.PROVIDER: (
        "the provider could not give an answer that was required (`--no-fallback`), or its errors leave the gates undecided: never a pass"
    ),
    ExitCode.NOT_FOUND: "not found or not yours: conversation, run (the same words for both, so that nothing leaks)",
    ExitCode.STORAGE: "storage: locked, unreadable, wrong key, newer schema",
    ExitCode.RECORDING_MISSING: "`--offline` and an answer is not among the recorded ones",
    ExitCode.BUG: "our own bug: one line that asks for a report; `-vv` shows the traceback",
    ExitCode.INTERRUPTED: "interrupted; what finished is saved, and the message names the command that resumes",
}

DEFAULTS: Final = {
    "model": "the model of the first provider key that is set; without a key none, and `auto` answers offline",
    "db": "`omniforge.duckdb` in the user's data folder",
    "cascade_threshold": "`0.8`",
    "context_token_budget": "unset: message count alone",
}
"""What `config show` cannot say in one word."""


def commands() -> Iterator[tuple[str, click.Context]]:
    """Every command and subcommand with its context, in the order of `--help`."""
    context = click.Context(cli, info_name="omniforge", terminal_width=WIDTH, **cli.context_settings)
    yield "omniforge", context
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        if command is not None:
            yield from _with_subcommands(f"omniforge {name}", command, context)


def cli_page() -> str:
    """The whole of docs/cli.md."""
    rows = "".join(f"| {code.value} | {EXIT_CODE_MEANINGS[code]} |\n" for code in ExitCode)
    parts = [
        "# The command line\n",
        "This page is written by `make docs` from `--help`; change the help, not the page.\n",
        "An error is one line on stderr; results go to stdout. Settings that flags do not give come from the environment and from\n"
        "`omniforge.toml`: see [CONFIGURATION.md](CONFIGURATION.md).\n",
        "## Exit codes\n",
        f"| code | meaning |\n|---|---|\n{rows}",
    ]
    for path, context in commands():
        level = "#" * (1 + len(path.split()))
        parts.append(f"{level} {path}\n" if path != "omniforge" else "## omniforge\n")
        parts.append(f"```text\n{_help(context)}\n```\n")
    return "\n".join(parts)


def settings_table() -> str:
    """The table of docs/CONFIGURATION.md: one row a setting."""
    rows = [
        f"| `{option.variable}` | {f'`{option.key}`' if option.key else '(never in a file)'} | {_default(name)} | {option.help} |\n"
        for name, option in OPTIONS.items()
    ]
    return "| variable | key in `omniforge.toml` | default | what it says |\n|---|---|---|---|\n" + "".join(rows)


def keys_table() -> str:
    """The table of provider keys in docs/CONFIGURATION.md."""
    return "| variable | model when nobody names one |\n|---|---|\n" + "".join(
        f"| `{variable}` | `{model}` |\n" for variable, model in PROVIDER_KEYS.items()
    )


def configuration_page(text: str) -> str:
    """The text of docs/CONFIGURATION.md with its tables written anew."""
    for name, table in (("settings", settings_table()), ("provider keys", keys_table())):
        head, begin, rest = text.partition(f"<!-- {name}: written by make docs -->\n")
        _, end, tail = rest.partition(f"<!-- end of {name} -->\n")
        text = "".join((head, begin, table, end, tail))
    return text


def main() -> None:
    """Write both pages."""
    CLI_PAGE.write_text(cli_page(), encoding="utf-8")
    CONFIGURATION_PAGE.write_text(configuration_page(CONFIGURATION_PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def _with_subcommands(path: str, command: click.Command, parent: click.Context) -> Iterator[tuple[str, click.Context]]:
    context = click.Context(command, info_name=path.split()[-1], parent=parent, terminal_width=WIDTH)
    yield path, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            subcommand = command.get_command(context, name)
            if subcommand is not None:
                yield from _with_subcommands(f"{path} {name}", subcommand, context)


def _help(context: click.Context) -> str:
    return "\n".join(line.rstrip() for line in context.get_help().rstrip().splitlines())


def _default(name: str) -> str:
    value = getattr(Settings(), name)
    return DEFAULTS.get(name, "unset" if value is None else f"`{value}`")


if __name__ == "__main__":
    main()
