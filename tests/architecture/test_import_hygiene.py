"""What a command loads, seen in `sys.modules` of a fresh interpreter: nothing that it does not use."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from omniforge_cli.cli.main import COMMANDS
from tests.architecture.sources import ROOT

HEAVY = {
    "aiohttp",
    "cryptography",
    "duckdb",
    "jinja2",
    "litellm",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "rich",
    "scipy",
    "sklearn",
    "tiktoken",
    "yaml",
}
REPORT = "import sys, json; sys.stderr.write('\\n' + json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"


def loaded(code: str, **variables: str) -> set[str]:
    """The heavy packages that a piece of Python loads in an interpreter of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run([sys.executable, "-c", f"{code}\n{REPORT}"], capture_output=True, text=True, env=environment, check=True)
    return HEAVY & set(json.loads(done.stderr.splitlines()[-1]))


def after(*arguments: str, **variables: str) -> set[str]:
    """The heavy packages that are loaded once a command line has run, which must succeed."""
    return loaded(f"from omniforge_cli.cli.main import run\nassert run({list(arguments)!r}) == 0", **variables)


def test_importing_the_package_loads_nothing():
    assert loaded("import omniforge_cli") == set()


def test_listing_the_public_names_loads_nothing():
    assert loaded("import omniforge_cli; dir(omniforge_cli); omniforge_cli.__all__") == set()


def test_help_loads_nothing():
    assert after("--help") == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_loads_nothing(command: str):
    assert after(command, "--help") == set()


def test_completing_a_commands_name_loads_nothing():
    completing = {"_OMNIFORGE_COMPLETE": "bash_complete", "COMP_WORDS": "omniforge ", "COMP_CWORD": "1"}
    code = "from omniforge_cli.cli.main import run\ntry:\n    run([])\nexcept SystemExit:\n    pass"
    assert loaded(code, **completing) == set()


@pytest.mark.parametrize("analyzer", ["keyword", "local"])
def test_an_offline_route_loads_nothing_once_the_taxonomy_is_compiled(analyzer: str):
    first = after("route", "--analyzer", analyzer, "pause the invoice bot")
    assert first <= {"yaml", "pydantic"}
    assert after("route", "--analyzer", analyzer, "pause the invoice bot") == set()


def test_a_batch_loads_nothing_more():
    code = "import io, sys\nsys.stdin = io.TextIOWrapper(io.BytesIO(b'pause willow\\n'))\n"
    run = "from omniforge_cli.cli.main import run\nassert run(['route', '--batch', '--analyzer', 'keyword']) == 0"
    after("route", "--analyzer", "keyword", "x")
    assert loaded(code + run) == set()


@pytest.mark.parametrize("arguments", [("config", "show"), ("config", "path")], ids=" ".join)
def test_showing_the_settings_loads_nothing(arguments: tuple[str, ...]):
    assert after(*arguments) == set()
