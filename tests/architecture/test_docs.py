"""The pages say what the program does: generated parts are in step, and nothing that a user can type is undocumented."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import click
import pytest

from omniforge_cli.cli.diagnostics import ExitCode
from omniforge_cli.files.settings import OPTIONS, PROVIDER_KEYS
from scripts.cli_docs import CLI_PAGE, CONFIGURATION_PAGE, cli_page, commands, configuration_page
from tests.architecture.sources import ROOT, modules

CLI = CLI_PAGE.read_text(encoding="utf-8")
CONFIGURATION = CONFIGURATION_PAGE.read_text(encoding="utf-8")
COMMANDS = dict(commands())
EXAMPLES = re.findall(r"```python\n(.*?)```", CONFIGURATION, re.DOTALL)


def section(path: str) -> str:
    """What cli.md says about one command."""
    heading = f"{'#' * max(2, 1 + len(path.split()))} {path}\n"
    return CLI[CLI.index(heading) :].split("```")[1]


def test_the_command_line_page_is_what_help_says():
    assert cli_page() == CLI, "run `make docs`"


def test_the_tables_of_the_configuration_page_are_in_step():
    assert configuration_page(CONFIGURATION) == CONFIGURATION, "run `make docs`"


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_of_a_command_is_documented(path: str):
    for parameter in COMMANDS[path].command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{path} {parameter.opts[0]} has no help"
            assert all(name in section(path) for name in (*parameter.opts, *parameter.secondary_opts))
        else:
            assert parameter.make_metavar(COMMANDS[path]) in section(path)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_says_what_it_does(path: str):
    assert (COMMANDS[path].command.help or "").strip()


@pytest.mark.parametrize("name", OPTIONS)
def test_every_setting_is_documented_with_its_variable_and_key(name: str):
    option = OPTIONS[name]
    assert f"| `{option.variable}` | " in CONFIGURATION
    assert option.key is None or f"| `{option.key}` | " in CONFIGURATION


def test_every_variable_that_the_program_reads_is_documented():
    sources = "".join(path.read_text(encoding="utf-8") for path in modules())
    named = set(re.findall(r"\bOMNIFORGE_[A-Z_]+\b|\bNO_COLOR\b|\bGITHUB_[A-Z_]+\b", sources)) | set(PROVIDER_KEYS)
    assert {name for name in named if f"`{name}`" not in CONFIGURATION} == set()


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_documented(code: ExitCode):
    assert f"\n| {code.value} | " in CLI


def test_the_example_configuration_holds_known_keys_only():
    (example,) = re.findall(r"```toml\n(.*?)```", CONFIGURATION, re.DOTALL)
    for key, value in tomllib.loads(example).items():
        option = next(option for option in OPTIONS.values() if option.key == key)
        option.parse(str(value))


@pytest.mark.parametrize("example", [one for one in EXAMPLES if "gpt" not in one], ids=["offline", "with storage"])
def test_the_offline_examples_run(example: str):
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, env=_environment(), check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_the_page_shows_storage_and_llm_each_on_and_off():
    assert len(EXAMPLES) == 3
    for example in EXAMPLES:
        compile(example, "docs/CONFIGURATION.md", "exec")


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT)}
