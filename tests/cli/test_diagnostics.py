from __future__ import annotations

import io
import json
import logging
import sys

import pytest

from omniforge_cli.cli.diagnostics import ExitCode, exit_code, say, set_up_logging, tell_error
from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.core.errors import (
    GateFileError,
    IntentAnalysisError,
    NotFound,
    ProviderError,
    RecordingMissing,
    SchemaTooNew,
    StorageLocked,
)

LOG = logging.getLogger("omniforge_cli.tests")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (GateFileError("x"), ExitCode.USAGE),
        (ProviderError("x", reason=FallbackReason.AUTH), ExitCode.PROVIDER),
        (IntentAnalysisError("x", reason=FallbackReason.TIMEOUT), ExitCode.PROVIDER),
        (NotFound("x"), ExitCode.NOT_FOUND),
        (StorageLocked("x"), ExitCode.STORAGE),
        (SchemaTooNew("x"), ExitCode.STORAGE),
        (RecordingMissing("x"), ExitCode.RECORDING_MISSING),
        (ValueError("x"), ExitCode.BUG),
        (MemoryError(), ExitCode.BUG),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_leaves_with_the_code_of_its_nearest_ancestor(error: BaseException, code: ExitCode):
    assert exit_code(error) is code


def test_an_error_is_one_line(capsys: pytest.CaptureFixture[str]):
    assert tell_error(GateFileError("a file\n  is   wrong"), with_traceback=False) is ExitCode.USAGE
    assert capsys.readouterr() == ("", "omniforge: a file is wrong\n")


def test_a_bug_asks_for_a_report_and_names_itself(capsys: pytest.CaptureFixture[str]):
    assert tell_error(ZeroDivisionError("division by zero"), with_traceback=False) is ExitCode.BUG
    told = capsys.readouterr().err
    assert told.startswith("omniforge: ZeroDivisionError: division by zero; this is a bug in omniforge")
    assert told.count("\n") == 1


def test_an_error_without_words_is_called_by_its_name(capsys: pytest.CaptureFixture[str]):
    tell_error(NotFound(), with_traceback=False)
    assert capsys.readouterr().err == "omniforge: NotFound\n"


def test_a_traceback_comes_first_when_it_is_asked_for(capsys: pytest.CaptureFixture[str]):
    try:
        raise NotFound("gone")
    except NotFound as error:
        tell_error(error, with_traceback=True)
    told = capsys.readouterr().err
    assert told.startswith("Traceback")
    assert told.endswith("omniforge: gone\n")


@pytest.mark.parametrize("stream", [None, "closed"])
def test_a_missing_or_closed_stderr_is_no_reason_to_fail(stream: str | None, monkeypatch: pytest.MonkeyPatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed if stream else None)
    say("nobody hears this")


def test_what_stderr_cannot_show_is_escaped(monkeypatch: pytest.MonkeyPatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding="ascii"))
    say("Zoë")
    assert raw.getvalue() == b"Zo\\xeb\n"


@pytest.mark.parametrize(
    ("verbosity", "told"),
    [(-1, ["error"]), (0, ["warning", "error"]), (1, ["info", "warning", "error"]), (2, ["debug", "info", "warning", "error"])],
)
def test_verbosity_decides_what_is_told(verbosity: int, told: list[str], capsys: pytest.CaptureFixture[str]):
    set_up_logging(verbosity=verbosity, log_format="text")
    for level in ("debug", "info", "warning", "error"):
        getattr(LOG, level)("it happened", extra={"level_told": level})
    assert capsys.readouterr().err.splitlines() == [f"{level}: it happened level_told={level}" for level in told]


def test_a_log_line_can_be_json_with_its_facts(capsys: pytest.CaptureFixture[str]):
    set_up_logging(verbosity=0, log_format="json")
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        LOG.exception("call", extra={"model": "m-1", "latency_ms": 12.5, "where": object()})
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["level"], told["event"], told["model"], told["latency_ms"]) == ("error", "call", "m-1", 12.5)
    assert told["logger"] == "omniforge_cli.tests"
    assert "ZeroDivisionError" in told["traceback"]


def test_logging_set_up_twice_tells_once(capsys: pytest.CaptureFixture[str]):
    for _ in range(2):
        set_up_logging(verbosity=0, log_format="text")
    LOG.warning("once")
    assert capsys.readouterr().err == "warning: once\n"
