"""Carries out `eval` and `replay` for a person or a CI job: options in, progress, reports, exit code out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from omniforge_cli.api.evaluation import EvalOptions, Measurement, Watcher, asked_before, evaluate
from omniforge_cli.cli.diagnostics import ExitCode
from omniforge_cli.cli.eval_options import DEFAULT_GATES, KEPT
from omniforge_cli.cli.invocation import settings_from
from omniforge_cli.cli.progress import Progress
from omniforge_cli.core.errors import CostLimitReached
from omniforge_cli.core.gate import NO_REGRESSION, SHORT_FORMS, Gate, short_gate
from omniforge_cli.core.run import RunSettings
from omniforge_cli.core.settings import Settings
from omniforge_cli.files.configuration import without_password
from omniforge_cli.wiring.calls import EvalCalls
from omniforge_cli.wiring.evaluation import load_gates
from omniforge_cli.wiring.reports import prepare, read_formats, write_reports

ROUTER_LOG: Final = "omniforge_cli.routing.router"

Measure = Callable[[Settings, Watcher], Coroutine[Any, Any, Measurement]]


def run_eval(flags: Mapping[str, Any]) -> int:
    """Carry out `eval`; its exit code."""
    flags = resumed(flags)
    options = eval_options(flags)
    if flags["dry_run"]:
        from omniforge_cli.cli.forecasting import forecast_eval  # noqa: PLC0415 - a run must not pay for what forecasting loads

        return forecast_eval(flags, options)
    return carry_out("eval", flags, lambda settings, watcher: evaluate(options, settings=settings, watcher=watcher))


def carry_out(command: str, flags: Mapping[str, Any], measure: Measure) -> int:
    """Measure, with a progress line; then write and show the report. The exit code of the run's status."""
    settings = settings_from(flags)
    formats = read_formats(flags["formats"])
    # the report counts fallbacks; a line for each would drown what else is said
    logging.getLogger(ROUTER_LOG).setLevel(logging.ERROR if settings.verbosity < 1 else logging.NOTSET)
    progress = Progress(command, quiet=settings.verbosity < 0, resumes=flags["resume"])
    files: list[Path] = []
    watcher = Watcher(
        on_plan=progress.begin,
        on_samples=progress.advance,
        warn=progress.warn,
        meanwhile=partial(_prepare, formats),
        on_finished=lambda finished, folder: files.extend(write_reports(finished, folder, formats)),
    )
    try:
        measurement = asyncio.run(_within(flags["timeout_run"], measure(settings, watcher)))
        progress.end()
        return _shown(measurement, files, settings, for_github=flags["github"])
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


def _shown(measurement: Measurement, files: Sequence[Path], settings: Settings, *, for_github: bool) -> int:
    from omniforge_cli.cli.showing import show, tell_github  # noqa: PLC0415 - the first request must not wait for it

    code = show(measurement, files, settings)
    if for_github:
        tell_github(measurement)
    return code


def _prepare(formats: tuple[str, ...]) -> None:
    """Load what comes after the last answer, while answers are waited for."""
    import omniforge_cli.cli.showing  # noqa: F401, PLC0415

    prepare(formats)


async def _within(seconds: float | None, measuring: Coroutine[Any, Any, Measurement]) -> Measurement:
    async with asyncio.timeout(seconds):
        return await measuring


def resumed(flags: Mapping[str, Any]) -> Mapping[str, Any]:
    """With --resume: the run's own options where they were not typed again; raises NotFound."""
    if flags["resume"] is None:
        return flags
    asked = asyncio.run(asked_before(flags["resume"], settings_from(flags)))
    return {**flags, **{name: _typed(value) for name, value in asked.items() if name in KEPT and not flags.get(name)}}


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
