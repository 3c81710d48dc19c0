"""`foresee`: what measuring would take, before anything is asked."""

from __future__ import annotations

from omniforge_cli.api.evaluation import Subject, planned
from omniforge_cli.core.settings import Settings
from omniforge_cli.evals.forecast import Forecast
from omniforge_cli.wiring.forecast import forecast


async def foresee(subject: Subject, *, settings: Settings) -> Forecast:
    """What measuring that would take. Nobody is asked, and nothing is written.

    Raises:
        OmniforgeError: it cannot be run as asked.
    """
    loaded, plan = planned(subject, settings)
    return await forecast(subject.command, plan, loaded, settings=settings, calls=subject.options.calls)
