"""The only writer to stderr: hints, warnings, errors, log lines; and the table from error to exit code."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from enum import IntEnum
from typing import Any, Final

from omniforge_cli.core import errors


class ExitCode(IntEnum):
    """What the process says when it ends (contract, section 4)."""

    OK = 0
    GATE_FAILED = 1
    USAGE = 2
    PROVIDER = 3
    NOT_FOUND = 4
    STORAGE = 5
    RECORDING_MISSING = 6
    BUG = 70
    INTERRUPTED = 130


EXIT_CODES: Final[dict[type[BaseException], ExitCode]] = {
    errors.InputError: ExitCode.USAGE,
    errors.IntentAnalysisError: ExitCode.PROVIDER,
    errors.NotFound: ExitCode.NOT_FOUND,
    errors.StorageError: ExitCode.STORAGE,
    errors.RecordingMissing: ExitCode.RECORDING_MISSING,
    errors.CostLimitReached: ExitCode.PROVIDER,
}
"""An error's exit code is that of the nearest class in its ancestry; anything else is our bug."""

_REPORT_HERE: Final = "this is a bug in omniforge; please report it with the command and this line (run again with -vv for the traceback)"


def exit_code(error: BaseException) -> ExitCode:
    """The exit code of an error."""
    for ancestor in type(error).__mro__:
        if ancestor in EXIT_CODES:
            return EXIT_CODES[ancestor]
    return ExitCode.BUG


def say(line: str) -> None:
    """One line for the person at the terminal. A missing, closed or broken stderr is no reason to fail."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(_writable(line) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return


def tell_error(error: BaseException, *, with_traceback: bool) -> ExitCode:
    """Say what went wrong in one line and return the exit code."""
    code = exit_code(error)
    if with_traceback:
        say("".join(traceback.format_exception(error)).rstrip())
    text = " ".join(str(error).split()) or type(error).__name__
    say(f"omniforge: {type(error).__name__}: {text}; {_REPORT_HERE}" if code is ExitCode.BUG else f"omniforge: {text}")
    return code


def set_up_logging(*, verbosity: int, log_format: str) -> None:
    """Send the package's log records to stderr: warnings, with -v what happens, with -vv everything."""
    logger = logging.getLogger("omniforge_cli")
    logger.handlers.clear()
    handler = _StderrHandler()
    handler.setFormatter(JsonLines() if log_format == "json" else TextLines())
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel({-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG))


class _StderrHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(self.format(record))


_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    """What a log call gave in `extra`."""
    return {key: value for key, value in record.__dict__.items() if key not in _STANDARD}


class TextLines(logging.Formatter):
    """`warning: fallback reason=timeout answered_by=local`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback where there is one."""
        facts = "".join(f" {key}={value}" for key, value in _facts(record).items())
        trace = "\n" + self.formatException(record.exc_info) if record.exc_info else ""
        return f"{record.levelname.lower()}: {record.getMessage()}{facts}{trace}"


class JsonLines(logging.Formatter):
    """One JSON object a line, for machines."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's time (seconds since 1970), level, logger, event and facts."""
        line: dict[str, Any] = {
            "time": record.created,
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **_facts(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def _writable(text: str) -> str:
    """The text as stderr's encoding can show it."""
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
