"""`--dry-run` of `eval` and `replay`: what it would take, and nothing asked."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from omniforge_cli.api.evaluation import EvalOptions, eval_subject
from omniforge_cli.api.forecasting import foresee
from omniforge_cli.api.replaying import ReplayOptions, replay_subject
from omniforge_cli.cli import output
from omniforge_cli.cli.diagnostics import ExitCode
from omniforge_cli.cli.invocation import settings_from
from omniforge_cli.core.settings import Settings
from omniforge_cli.evals.forecast import Forecast
from omniforge_cli.reporting import forecast


def forecast_eval(flags: Mapping[str, Any], options: EvalOptions) -> int:
    """Tell what that eval would take."""
    return _tell(flags, lambda settings: foresee(eval_subject(options), settings=settings))


def forecast_replay(flags: Mapping[str, Any], asked: Callable[[Settings], ReplayOptions]) -> int:
    """Tell what that replay would take."""

    async def foreseen(settings: Settings) -> Forecast:
        return await foresee(await replay_subject(asked(settings), settings), settings=settings)

    return _tell(flags, foreseen)


def _tell(flags: Mapping[str, Any], foreseen: Callable[[Settings], Coroutine[Any, Any, Forecast]]) -> int:
    settings = settings_from(flags)
    told = asyncio.run(foreseen(settings))
    if settings.format == "json":
        output.json_line(forecast.plain(told))
    else:
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        output.write(forecast.render_text(told, width=shutil.get_terminal_size((100, 24)).columns, encoding=encoding))
    return ExitCode.OK
