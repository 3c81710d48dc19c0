"""Asks an OpenAI-compatible endpoint for its list of models: costs nothing, and tells whether address and key are right."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import perf_counter
from typing import Final

import aiohttp

from omniforge_cli.adapters.endpoints import endpoint
from omniforge_cli.adapters.faults import connection_fault, status_fault, timeout_fault

_NO_SUCH_LIST: Final = frozenset({404, 405, 501})
"""Answers of servers that have no list of models; they are there all the same."""


async def reach(model: str, *, api_base: str | None, keys: Mapping[str, str], timeout_s: float) -> str:
    """What was reached and how quickly, in words for a person.

    Raises:
        ProviderError: no key, no connection, no answer in time, or the key was refused.
    """
    target = endpoint(model, api_base=api_base, keys=keys)
    headers = {"Authorization": f"Bearer {target.key}"} if target.key else {}
    started = perf_counter()
    try:
        async with (
            asyncio.timeout(timeout_s),
            aiohttp.ClientSession(trust_env=True) as session,
            session.get(f"{target.url}/models", headers=headers, allow_redirects=False) as response,
        ):
            status, told = response.status, response.headers
    except TimeoutError as exc:
        raise timeout_fault(target.shown, timeout_s) from exc
    except (aiohttp.ClientError, OSError) as exc:
        raise connection_fault(target.shown, str(exc) or type(exc).__name__) from exc
    if status != 200 and status not in _NO_SUCH_LIST:
        raise status_fault(status, "", where=target.shown, headers=told)
    return f"{target.shown} answered {status} in {(perf_counter() - started) * 1000:.0f} ms"
