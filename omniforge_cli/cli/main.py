"""The command group: commands are loaded only to run them, and every error leaves through one door."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from omniforge_cli import __version__
from omniforge_cli.cli.diagnostics import ExitCode, say, tell_error

COMMANDS: Final = {
    "route": "Decide what one message, or a stream of messages, wants.",
    "chat": "Talk in the terminal; the conversation is stored.",
    "eval": "Measure prompts, models and analyzers on eval sets; gate CI.",
    "replay": "Route stored conversations again and report what changed.",
    "compare": "Compare two runs case by case: what was fixed, what broke, is it noise.",
    "runs": "Past runs: list, show, export, bless, trend.",
    "report": "Write a past run's reports again.",
    "prompts": "Prompt versions: list, show, diff, new, check, release.",
    "evalset": "Eval sets: list, show, check, stats, diff, add, import, export, release.",
    "conversations": "Stored conversations: list, show, import, export, delete, prune.",
    "train": "Fit the local analyzer for any taxonomy from labelled messages.",
    "config": "Effective settings, and where each came from.",
    "doctor": "What works on this machine, and how to mend what does not.",
}
"""Name -> one-line help; the command itself is `cli/commands/<name>.py`, attribute `command`."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run, so that `--help` is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The table's order: the main job first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; a name that is not in the table is none."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"omniforge_cli.cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name from the table, importing none; options as click does."""
        named = [CompletionItem(name, help=told) for name, told in COMMANDS.items() if name.startswith(incomplete)]
        return named + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="omniforge")
def cli() -> None:
    """Route chat messages to actions with an LLM, and prove how well it does so.

    Try: omniforge route "Could you pause the invoice bot until Monday?"
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the process's exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result: Any = cli.main(args=arguments, prog_name="omniforge", standalone_mode=False)
        return int(result) if isinstance(result, int) else ExitCode.OK
    except click.ClickException as exc:
        return _usage(exc)
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except (KeyboardInterrupt, click.Abort):
        say("omniforge: interrupted")
        return ExitCode.INTERRUPTED
    except Exception as exc:  # the error boundary: whatever it is, one clear line and the right exit code
        return tell_error(exc, with_traceback=_is_very_verbose(arguments))


def _usage(exc: click.ClickException) -> int:
    context = getattr(exc, "ctx", None)
    hint = f" (see `{context.command_path} --help`)" if context is not None else ""
    say(f"omniforge: {' '.join(exc.format_message().split())}{hint}")
    return ExitCode.USAGE


def _is_very_verbose(arguments: Sequence[str]) -> bool:
    return sum(argument.count("v") for argument in arguments if argument.startswith("-v") and set(argument[1:]) == {"v"}) >= 2
