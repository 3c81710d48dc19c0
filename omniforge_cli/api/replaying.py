"""`replay`: stored conversations routed again, held against the decisions made then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from omniforge_cli.api.evaluation import EvalOptions, Measurement, Subject, Watcher, measure
from omniforge_cli.core.conversation import Transcript
from omniforge_cli.core.settings import Settings
from omniforge_cli.evals.replay import TurnFilter, replay_set
from omniforge_cli.files.settings import read_settings
from omniforge_cli.wiring.conversations import transcripts
from omniforge_cli.wiring.routing import load_taxonomy
from omniforge_cli.wiring.storage import case_spool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """Which turns to replay, and how. `source` is a JSONL or Parquet file or glob, another DuckDB file, or None for the database.

    `user` filters where it is set; times are aware.
    """

    source: str | None = None
    user: str | None = None
    conversation: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    action: str | None = None
    sample: int | None = None
    measure: EvalOptions = field(default_factory=EvalOptions)


async def replay(
    options: ReplayOptions | None = None, *, settings: Settings | None = None, watcher: Watcher | None = None, **overrides: Any
) -> Measurement:
    """Route stored turns again and report how far the decisions agree. The conversations are only read.

    Raises:
        EvalSetError: there is no turn to replay.
        OmniforgeError: it cannot be run as asked.
    """
    settings = settings or read_settings(overrides)
    subject = await replay_subject(options or ReplayOptions(), settings)
    return await measure(subject, settings=settings, watcher=watcher or Watcher())


async def replay_subject(options: ReplayOptions, settings: Settings) -> Subject:
    """What `replay` measures; raises as it does."""
    taxonomy = load_taxonomy(settings.taxonomy).taxonomy
    chosen = TurnFilter(
        since=options.since,
        until=options.until,
        action=options.action,
        sample=options.sample,
        seed=options.measure.run.seed,
        max_messages=settings.context_max_messages,
    )
    if options.action is not None:
        taxonomy.label(options.action)
    name = options.source or "conversations"
    evalset = await replay_set(_source(options, settings), chosen=chosen, labels=taxonomy.names, name=name, spool=case_spool(settings))
    return Subject(command="replay", evalset=evalset, options=options.measure)


def replay_sync(options: ReplayOptions | None = None, **keywords: Any) -> Measurement:
    """`replay` for code without an event loop."""
    return asyncio.run(replay(options, **keywords))


def _source(options: ReplayOptions, settings: Settings) -> AsyncIterator[Transcript]:
    return transcripts(
        settings,
        source=options.source,
        user=options.user,
        conversation=options.conversation,
        since=options.since,
        until=options.until,
    )
