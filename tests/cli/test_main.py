from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from omniforge_cli import __version__
from omniforge_cli.cli.main import COMMANDS, cli, run
from tests.cli.conftest import Ended

Omniforge = Callable[..., Ended]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_is_there_under_its_name(name: str):
    command = cli.get_command(cli.make_context("omniforge", [name], resilient_parsing=True), name)
    assert command is not None
    assert command.name == name


def test_help_lists_the_table(omniforge: Omniforge):
    ended = omniforge("--help")
    assert (ended.code, ended.err) == (0, "")
    assert all(f"  {name} " in ended.out for name in COMMANDS)
    assert omniforge("-h").out == ended.out


def test_no_command_is_an_answer_not_a_crash(omniforge: Omniforge):
    ended = omniforge()
    assert ended.code == 2
    assert "Usage: omniforge" in ended.err + ended.out


def test_the_version_is_told(omniforge: Omniforge):
    assert __version__ in omniforge("--version").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rout",), "No such command 'rout'"),
        (("route", "--formta", "json", "x"), "No such option"),
        (("route", "--format", "xml", "x"), "'xml' is not one of 'text', 'json'"),
        (("route", "--timeout", "soon", "x"), "'soon' is not a valid float"),
        (("route", "a", "b"), "unexpected extra argument"),
        (("prompts", "diff", "a"), "Missing argument 'B'"),
        (("evalset", "frob"), "No such command 'frob'"),
    ],
)
def test_a_usage_error_is_exit_2_with_one_line_and_where_to_look(omniforge: Omniforge, arguments: tuple[str, ...], said: str):
    ended = omniforge(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert "--help`)" in ended.err
    assert ended.err.count("\n") == 1


def test_an_error_of_ours_is_one_line_and_a_traceback_with_vv_only(omniforge: Omniforge):
    plain = omniforge("route", "--taxonomy", "nowhere", "x")
    assert (plain.code, plain.err.count("\n")) == (2, 1)
    for flags in (("-vv",), ("-v", "-v")):
        assert "Traceback" in omniforge("route", *flags, "--taxonomy", "nowhere", "x").err
    assert "Traceback" not in omniforge("route", "-v", "--taxonomy", "nowhere", "x").err


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_interrupt_is_130_and_a_bug_is_70(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Stdin raises what a user's Ctrl-C, or our own bug, would raise while a message is read."""

    class Input:
        def isatty(self) -> bool:
            raise error

    monkeypatch.setattr(sys, "stdin", Input())
    code = run(["route", "--analyzer", "keyword"])
    told = capsys.readouterr().err
    assert (code, "interrupted" in told) == ((130, True) if error is KeyboardInterrupt else (70, False))
    assert ("please report it" in told) == (error is ZeroDivisionError)


def test_completion_offers_commands_by_their_beginning_with_their_help():
    context = cli.make_context("omniforge", [], resilient_parsing=True)
    assert [(item.value, item.help) for item in cli.shell_complete(context, "re")] == [
        (name, COMMANDS[name]) for name in ("replay", "report")
    ]
    assert {item.value for item in cli.shell_complete(context, "--")} >= {"--help", "--version"}
