"""Carries out `eval` and `replay` for a person or a CI job: options in, progress, reports, exit code out."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from omniforge_cli.api.evaluation import EvalOptions, Measurement, Watcher, asked_before, eval_subject, evaluate, foresee
from omniforge_cli.api.labelling import write_cases
from omniforge_cli.api.replaying import ReplayOptions, replay, replay_subject
from omniforge_cli.cli import output
from omniforge_cli.cli.diagnostics import ExitCode, say
from omniforge_cli.cli.eval_options import DEFAULT_GATES, KEPT
from omniforge_cli.cli.invocation import settings_from
from omniforge_cli.cli.progress import Progress
from omniforge_cli.core.errors import CostLimitReached, SettingsError
from omniforge_cli.core.gate import NO_REGRESSION, SHORT_FORMS, Gate, short_gate
from omniforge_cli.core.run import RunSettings
from omniforge_cli.core.settings import Settings
from omniforge_cli.evals.forecast import Forecast
from omniforge_cli.files.configuration import without_password
from omniforge_cli.files.gates import load_gates
from omniforge_cli.files.settings import no_colour, step_summary_file
from omniforge_cli.reporting import forecast, terminal
from omniforge_cli.reporting import json as json_report
from omniforge_cli.wiring.calls import EvalCalls
from omniforge_cli.wiring.conversations import typed_user
from omniforge_cli.wiring.reports import prepare, read_formats, write_github, write_reports

ROUTER_LOG: Final = "omniforge_cli.routing.router"
EXIT_OF_STATUS = {"pass": ExitCode.OK, "no_gates": ExitCode.OK, "fail": ExitCode.GATE_FAILED, "undecided": ExitCode.PROVIDER}


Measure = Callable[[Settings, Watcher], Coroutine[Any, Any, Measurement]]


def run_eval(flags: Mapping[str, Any]) -> int:
    """Carry out `eval`; its exit code."""
    flags = resumed(flags)
    options = eval_options(flags)
    if flags["dry_run"]:
        return _show_forecast(flags, lambda settings: foresee(eval_subject(options), settings=settings))
    return _run("eval", flags, lambda settings, watcher: evaluate(options, settings=settings, watcher=watcher))


def run_replay(flags: Mapping[str, Any]) -> int:
    """Carry out `replay`; its exit code. Chosen turns go into an eval set file where one was asked for."""
    flags = resumed(flags)
    options = eval_options(flags)
    if flags["min_agreement"] is not None:
        options = replace(options, gates=(*options.gates, Gate(metric="accuracy", min=flags["min_agreement"], name="agreement")))

    def asked(settings: Settings) -> ReplayOptions:
        return ReplayOptions(
            source=flags["source"],
            user=typed_user(settings),
            conversation=flags["conversation"],
            since=_moment(flags["since"]),
            until=_moment(flags["until"]),
            action=flags["action"],
            sample=flags["sample"],
            measure=options,
        )

    async def foreseen(settings: Settings) -> Forecast:
        return await foresee(await replay_subject(asked(settings), settings), settings=settings)

    async def measured(settings: Settings, watcher: Watcher) -> Measurement:
        measurement = await replay(asked(settings), settings=settings, watcher=watcher)
        if flags["to_evalset"]:
            written = write_cases(measurement, Path(flags["to_evalset"]), choose=flags["choose"], seed=options.run.seed)
            say(f"omniforge: {written} turns to label are in {flags['to_evalset']}")
        return measurement

    return _show_forecast(flags, foreseen) if flags["dry_run"] else _run("replay", flags, measured)


def _show_forecast(flags: Mapping[str, Any], foreseen: Callable[[Settings], Coroutine[Any, Any, Forecast]]) -> int:
    """Carry out `--dry-run`."""
    settings = settings_from(flags)
    told = asyncio.run(foreseen(settings))
    if settings.format == "json":
        output.json_line(forecast.plain(told))
    else:
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        output.write(forecast.render_text(told, width=shutil.get_terminal_size((100, 24)).columns, encoding=encoding))
    return ExitCode.OK


def _run(command: str, flags: Mapping[str, Any], measure: Measure) -> int:
    settings = settings_from(flags)
    formats = read_formats(flags["formats"])
    # the report counts fallbacks; a line for each would drown what else is said
    logging.getLogger(ROUTER_LOG).setLevel(logging.ERROR if settings.verbosity < 1 else logging.NOTSET)
    progress = Progress(command, quiet=settings.verbosity < 0)
    watcher = Watcher(
        on_plan=progress.begin,
        on_samples=progress.advance,
        warn=progress.warn,
        meanwhile=partial(prepare, formats),
    )
    try:
        measurement = asyncio.run(_within(flags["timeout_run"], measure(settings, watcher)))
    except CostLimitReached as exc:
        progress.stopped(str(exc))
        return ExitCode.PROVIDER
    except TimeoutError:
        progress.stopped(f"stopped after {flags['timeout_run']:g} s (--timeout-run)")
        return ExitCode.PROVIDER
    except KeyboardInterrupt:
        progress.interrupted()
        return ExitCode.INTERRUPTED
    finally:
        progress.end()
    code = show(measurement, formats, settings)
    if flags["github"]:
        _tell_github(measurement)
    return code


async def _within(seconds: float | None, measuring: Coroutine[Any, Any, Measurement]) -> Measurement:
    async with asyncio.timeout(seconds):
        return await measuring


def show(measurement: Measurement, formats: tuple[str, ...], settings: Settings) -> int:
    """Write the report files, print the result, and return the exit code of the run's status."""
    report = measurement.finished.report
    files = write_reports(measurement.finished, measurement.folder, formats)
    measurement.finished.close()
    if settings.format == "json":
        output.write(json_report.render(report))
    else:
        shown = [_relative(path) for path in files]
        width = shutil.get_terminal_size((100, 24)).columns
        colour = output.is_terminal() and not no_colour()
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        output.write(terminal.render(report, files=shown, width=width, color=colour, encoding=encoding))
    return EXIT_OF_STATUS[report.status]


def _tell_github(measurement: Measurement) -> None:
    """Step summary, comment and annotations. GitHub reads annotations from stderr too, so that stdout stays the report's."""
    summary = step_summary_file()
    if summary is None:
        say("omniforge: GITHUB_STEP_SUMMARY is not set, so there is no step summary; comment.md is written")
    try:
        annotations = write_github(measurement.finished.report, measurement.folder, summary)
    except SettingsError as exc:
        say(f"omniforge: warning: {exc}")  # the gates' verdict stands all the same
        return
    for line in annotations.splitlines():
        say(line)


def resumed(flags: Mapping[str, Any]) -> Mapping[str, Any]:
    """With --resume: the run's own options where they were not typed again; raises NotFound."""
    if flags["resume"] is None:
        return flags
    asked = asyncio.run(asked_before(flags["resume"], settings_from(flags)))
    return {**flags, **{name: _typed(value) for name, value in asked.items() if name in KEPT and not flags.get(name)}}


def _moment(value: Any) -> datetime | None:
    """A typed time, or one that a resumed run kept as text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _typed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _kept(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The typed options that a resumption needs, as JSON; files by their whole path, for it may start elsewhere.

    An address with a password is not written down: it has to be typed again.
    """
    kept: dict[str, Any] = {}
    for name in KEPT:
        value = flags.get(name)
        if name == "api_base" and value and without_password(value) != value:
            continue
        if name == "evalsets" and value:
            value = [str(Path(ref).resolve()) if Path(ref).is_file() else ref for ref in value]
        if value not in (None, (), False):
            kept[name] = value.isoformat() if hasattr(value, "isoformat") else list(value) if isinstance(value, tuple) else value
    return kept


def eval_options(flags: Mapping[str, Any]) -> EvalOptions:
    """What the flags ask for; settings such as the model's endpoint are not among it.

    Raises:
        GateFileError: the gates file is broken.
    """
    concurrency = flags["concurrency"]
    run = RunSettings(
        concurrency="auto" if concurrency == "auto" else int(concurrency or 16),
        retries=2 if flags["retries"] is None else flags["retries"],
        repeats=flags["repeats"] or 1,
        seed=flags["seed"] or 0,
        limit=flags["limit"],
        tags=tuple(tag.strip() for tag in (flags["tags"] or "").split(",") if tag.strip()),
        cache=flags["cache"] or flags["refresh"],
        inject=flags["inject"],
        offline=flags["offline"],
    )
    if flags["dry_run"] and flags["resume"]:
        raise click.UsageError("--dry-run tells what a new run takes; it does not go with --resume")
    if flags["offline"] and (flags["record"] or flags["cache"] or flags["refresh"] or flags["inject"]):
        raise click.UsageError("--offline answers from its file alone; --record, --cache, --refresh and --inject do not go with it")
    return EvalOptions(
        evalsets=flags.get("evalsets") or ("intent",),
        prompts=flags["prompts"],
        models=flags["models"],
        run=run,
        output_dir=flags["output_dir"],
        gates=gates(flags),
        max_errors=flags["max_errors"],
        no_fallback=flags["no_fallback"],
        resume=flags["resume"],
        retry_errors=flags["retry_errors"],
        sweep=flags["sweep"],
        asked=_kept(flags),
        calls=EvalCalls(
            cache="refresh" if flags["refresh"] else "cache" if flags["cache"] else None,
            record=flags["record"],
            rpm=flags["rpm"],
            tpm=flags["tpm"],
            max_cost_usd=flags["max_cost_usd"],
        ),
    )


def gates(flags: Mapping[str, Any]) -> tuple[Gate, ...]:
    """The gates of the file and of the flags together."""
    path = flags["gates"]
    if path is None and DEFAULT_GATES.is_file():
        path = str(DEFAULT_GATES)
    from_file = () if path in (None, "none") else load_gates(Path(path))
    short = [short_gate(flag, value) for flag in SHORT_FORMS if (value := flags[flag.replace("-", "_")]) is not None]
    baseline = flags["no_regression_from"]
    regression = [Gate(metric=NO_REGRESSION, baseline=baseline)] if baseline else []
    return (*from_file, *short, *regression)


def _relative(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
