"""Carries out `replay` for a person or a CI job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from omniforge_cli.api.evaluation import Measurement, Watcher
from omniforge_cli.api.labelling import write_cases
from omniforge_cli.api.replaying import ReplayOptions, replay
from omniforge_cli.cli.diagnostics import say
from omniforge_cli.cli.measuring import carry_out, eval_options, resumed
from omniforge_cli.core.gate import Gate
from omniforge_cli.core.settings import Settings
from omniforge_cli.wiring.conversations import typed_user


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

    async def measured(settings: Settings, watcher: Watcher) -> Measurement:
        measurement = await replay(asked(settings), settings=settings, watcher=watcher)
        if flags["to_evalset"]:
            written = write_cases(measurement, Path(flags["to_evalset"]), choose=flags["choose"], seed=options.run.seed)
            say(f"omniforge: {written} turns to label are in {flags['to_evalset']}")
        return measurement

    if flags["dry_run"]:
        from omniforge_cli.cli.forecasting import forecast_replay  # noqa: PLC0415 - a run must not pay for what forecasting loads

        return forecast_replay(flags, asked)
    return carry_out("replay", flags, measured)


def _moment(value: Any) -> datetime | None:
    """A typed time, or one that a resumed run kept as text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
