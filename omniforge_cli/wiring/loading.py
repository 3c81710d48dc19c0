"""Loads the HTTP client while a command reads what it needs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence

from omniforge_cli.core.run import Analyzer
from omniforge_cli.core.settings import Settings
from omniforge_cli.wiring.routing import DEFAULT_MODEL, adapter_name, choose_analyzer


def load_client(settings: Settings, models: Sequence[str]) -> None:
    """Start to load what asks the models, in a thread; do nothing where nobody is asked, as worker processes start before any thread.

    Half of the time of importing aiohttp passes without the interpreter: OpenSSL reads the system's certificates.
    """
    if choose_analyzer(settings).analyzer in (Analyzer.LOCAL, Analyzer.KEYWORD) and not models:
        return
    if any(adapter_name(settings, model) == "direct" for model in models or (settings.model or DEFAULT_MODEL,)):
        threading.Thread(target=_import_client, name="import aiohttp", daemon=True).start()


def _import_client() -> None:
    with contextlib.suppress(ImportError):  # told where the client is made
        import omniforge_cli.adapters.direct_provider  # noqa: F401
