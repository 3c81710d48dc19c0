"""What an HTTP answer that is no completion means for us: the same for every adapter."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.core.errors import ProviderError

MAX_REPLY_BYTES: Final = 4 * 1024 * 1024
"""A longer body is no routing decision, and reading on would let a server fill our memory."""
_SAID_CHARACTERS: Final = 200


def status_fault(status: int, said: str, *, where: str, headers: Mapping[str, str], attempts: int = 1) -> ProviderError:
    """The error for an HTTP status other than 200. `where` names model and server; `said` is the server's own message."""
    reason, retryable, mend = _meaning(status)
    return ProviderError(
        f"{where} answered {status}{f' ({said})' if said else ''}{mend}",
        reason=reason,
        retryable=retryable,
        retry_after_s=retry_after_s(headers) if retryable else None,
        attempts=attempts,
    )


def _meaning(status: int) -> tuple[FallbackReason, bool, str]:
    if status in (401, 403):
        return FallbackReason.AUTH, False, "; check the provider's key"
    if status == 429:
        return FallbackReason.RATE_LIMITED, True, ""
    if status == 408:
        return FallbackReason.TIMEOUT, True, ""
    return FallbackReason.PROVIDER_ERROR, status >= 500, "; check the model's name and --api-base" if status == 404 else ""


def timeout_fault(where: str, timeout_s: float, *, attempts: int = 1) -> ProviderError:
    """Nothing came back in time."""
    message = f"{where} did not answer within {timeout_s:g} s; allow more with --timeout"
    return ProviderError(message, reason=FallbackReason.TIMEOUT, retryable=True, attempts=attempts)


def connection_fault(where: str, why: str, *, retryable: bool = True, attempts: int = 1) -> ProviderError:
    """There was no connection, or it broke."""
    message = f"{where} cannot be reached ({one_line(why)}); is it running, and is --api-base right?"
    return ProviderError(message, reason=FallbackReason.CONNECTION, retryable=retryable, attempts=attempts)


def not_a_completion(where: str, why: str, *, attempts: int = 1) -> ProviderError:
    """The answer was 200, with a body that is no chat completion."""
    message = f"{where} answered 200, but with no chat completion ({one_line(why)}); is --api-base right?"
    return ProviderError(message, reason=FallbackReason.BAD_OUTPUT, attempts=attempts)


def said(body: str, *, secrets: Iterable[str] = ()) -> str:
    """The server's own words out of an error body, on one short line and without our keys."""
    try:
        decoded = json.loads(body)
    except ValueError:
        return ""  # a proxy's HTML page helps nobody
    words = _message(decoded)
    for secret in secrets:
        words = words.replace(secret, "***")
    return one_line(words)


def _message(decoded: Any) -> str:
    for key in ("error", "message", "detail"):
        if isinstance(decoded, dict) and decoded.get(key):
            decoded = decoded[key]
    return decoded if isinstance(decoded, str) else ""


def one_line(text: str) -> str:
    """The text on one line of at most 200 characters."""
    line = " ".join(text.split())
    return line if len(line) <= _SAID_CHARACTERS else line[: _SAID_CHARACTERS - 1] + "…"


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds the server asks to wait: `Retry-After-Ms`, or `Retry-After` as seconds or as an HTTP date."""
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000.0
    wish = headers.get("retry-after")
    seconds = _seconds(wish)
    if seconds is not None or wish is None:
        return seconds
    try:
        date = parsedate_to_datetime(wish)
    except ValueError:
        return None
    aware = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max(0.0, (aware - (now or datetime.now(UTC))).total_seconds())


def _seconds(value: str | None) -> float | None:
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
