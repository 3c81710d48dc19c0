from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from omniforge_cli.cli import output
from tests.architecture.sources import ROOT


def in_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """Stdout in that encoding, strict, as on a terminal of that code page."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, errors="strict"))
    return raw


def test_text_stands_as_it_is(monkeypatch: pytest.MonkeyPatch):
    raw = in_encoding("utf-8", monkeypatch)
    assert output.line("Zoë 👋")
    assert output.write("no line end")
    assert raw.getvalue().decode() == "Zoë 👋\nno line end"


@pytest.mark.parametrize(("encoding", "shown"), [("cp1252", "Zoë \\U0001f44b €"), ("ascii", "Zo\\xeb \\U0001f44b \\u20ac")])
def test_what_the_encoding_lacks_is_escaped_never_a_crash(encoding: str, shown: str, monkeypatch: pytest.MonkeyPatch):
    raw = in_encoding(encoding, monkeypatch)
    output.line("Zoë 👋 €")
    assert raw.getvalue().decode(encoding) == f"{shown}\n"


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "cp1252", "ascii", "utf-16"])
def test_json_is_the_same_value_in_every_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch):
    raw = in_encoding(encoding, monkeypatch)
    output.json_line({"a": "Zoë 👋", "b": [1, None]})
    assert json.loads(raw.getvalue().decode(encoding)) == {"a": "Zoë 👋", "b": [1, None]}


def test_json_keeps_letters_readable_where_it_can(monkeypatch: pytest.MonkeyPatch):
    raw = in_encoding("utf-8", monkeypatch)
    output.json_line("日本")
    assert raw.getvalue().decode() == '"日本"\n'


def test_a_number_that_json_does_not_have_is_our_bug_not_bad_json():
    with pytest.raises(ValueError, match="JSON"):
        output.json_line(float("nan"))


def test_a_file_is_no_terminal():
    assert not output.is_terminal()


def test_without_a_stdout_nothing_is_written(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert not output.line("x")
    assert not output.json_line({})
    assert not output.is_terminal()


def test_a_full_disk_is_said_to_be_one():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "omniforge_cli", "config", "path"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
    assert (done.returncode, done.stderr) == (2, "omniforge: standard output cannot be written (No space left on device)\n")


def test_a_reader_that_goes_away_is_told_once_and_never_fails_again():
    code = (
        "import os, sys\nfrom omniforge_cli.cli import output\n"
        "read, write = os.pipe()\nos.dup2(write, 1)\nos.close(write)\nos.close(read)\n"
        "told = [output.line('x' * 100), output.line('y')]\nsys.stderr.write(repr(told))\nsys.exit(7)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
    )
    assert (done.returncode, done.stderr) == (7, "[False, True]")
