"""Faults on purpose, at the seam where real ones arrive: what does an outage cost? The same seed gives the same faults."""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.core.errors import ProviderError, SettingsError
from omniforge_cli.core.identity import nearest
from omniforge_cli.routing.provider import Completion, Provider, ProviderRequest

_ERRORS: Final = {
    # kind: (reason, whether another attempt may help)
    "401": (FallbackReason.AUTH, False),
    "429": (FallbackReason.RATE_LIMITED, True),
    "500": (FallbackReason.PROVIDER_ERROR, True),
    "503": (FallbackReason.PROVIDER_ERROR, True),
    "connection": (FallbackReason.CONNECTION, True),
}
_REPLIES: Final = ("bad_json", "empty")
KINDS: Final = (*_ERRORS, "timeout", *_REPLIES, "slow")
"""`timeout` takes the whole timeout; `bad_json` cuts the real reply off; `slow@800ms` delays it; `429@2s` asks to wait that long."""
_ITEM: Final = re.compile(r"(?P<kind>[a-z0-9_]+):(?P<share>[0-9.]+)(@(?P<number>[0-9.]+)(?P<unit>ms|s))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of fault that hits a share (0..1) of the attempts. `delay_s` is a slow one's delay or a 429's Retry-After."""

    kind: str
    share: float
    delay_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectSpec:
    """Which faults hit how often; at most one hits an attempt, so the shares add up to 1 at most."""

    faults: tuple[Fault, ...]

    def draw(self, *, seed: int, key: str, attempt: int) -> Fault | None:
        """The fault that hits this attempt at this request, if any."""
        digest = hashlib.sha256(f"{seed}:{key}:{attempt}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") / 2.0**64
        for fault in self.faults:
            if place < fault.share:
                return fault
            place -= fault.share
        return None


def parse_inject(text: str) -> InjectSpec:
    """`429:0.1,timeout:0.05,slow:0.1@800ms` as a value.

    Raises:
        SettingsError: an item is unknown or malformed, or the shares add up to more than 1.
    """
    faults = tuple(_fault(item.strip()) for item in text.split(","))
    kinds = Counter(fault.kind for fault in faults)
    twice = next((kind for kind, times in kinds.items() if times > 1), None)
    if twice is not None:
        raise SettingsError(f"--inject: {twice} stands twice; give each fault one share")
    if math.fsum(fault.share for fault in faults) > 1.0:
        raise SettingsError("--inject: the shares add up to more than 1; at most one fault hits an attempt")
    return InjectSpec(faults=faults)


class InjectingProvider:
    """Lets faults hit calls to the inner provider. `sleep` is in seconds."""

    def __init__(self, inner: Provider, *, spec: InjectSpec, seed: int, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._inner = inner
        self._spec = spec
        self._seed = seed
        self._sleep = sleep
        self._attempts: Counter[str] = Counter()

    async def complete(self, request: ProviderRequest, *, timeout_s: float) -> Completion:
        """The inner provider's completion, marked where a fault touched it.

        Raises:
            ProviderError: an injected fault, marked too, or the inner provider's own.
        """
        key = request.key
        attempt = self._attempts[key]
        self._attempts[key] += 1
        fault = self._spec.draw(seed=self._seed, key=key, attempt=attempt)
        if fault is None:
            return await self._inner.complete(request, timeout_s=timeout_s)
        if fault.kind in _REPLIES:
            completion = await self._inner.complete(request, timeout_s=timeout_s)
            text = "" if fault.kind == "empty" else completion.text[: len(completion.text) // 2]
            return replace(completion, text=text, injected=fault.kind)
        if fault.kind == "slow" and fault.delay_s is not None and fault.delay_s < timeout_s:
            await self._sleep(fault.delay_s)
            completion = await self._inner.complete(request, timeout_s=timeout_s - fault.delay_s)
            return replace(completion, latency_ms=completion.latency_ms + fault.delay_s * 1000.0, injected=fault.kind)
        if fault.kind in ("timeout", "slow"):
            await self._sleep(timeout_s)
        raise _error(fault)

    async def close(self) -> None:
        """Release the inner provider."""
        await self._inner.close()


def _fault(item: str) -> Fault:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise SettingsError(f"--inject: {item!r} is not KIND:SHARE or KIND:SHARE@DELAY, as in 429:0.1 or slow:0.1@800ms")
    kind = match["kind"]
    if kind not in KINDS:
        raise SettingsError(f"--inject: no fault is called {kind!r}{nearest(kind, KINDS)}")
    share = _number(match["share"], item)
    if not 0.0 <= share <= 1.0:
        raise SettingsError(f"--inject: {item!r}: the share must lie between 0 and 1")
    delay_s = None
    if match["number"] is not None:
        delay_s = _number(match["number"], item) / (1000.0 if match["unit"] == "ms" else 1.0)
    if (kind == "slow") != (delay_s is not None) and kind != "429":
        raise SettingsError(
            f"--inject: {item!r}: " + ("say how slow: slow:0.1@800ms" if kind == "slow" else "only slow and 429 take a time")
        )
    return Fault(kind=kind, share=share, delay_s=delay_s)


def _number(text: str, item: str) -> float:
    try:
        return float(text)
    except ValueError as exc:
        raise SettingsError(f"--inject: {item!r}: {text!r} is no number") from exc


def _error(fault: Fault) -> ProviderError:
    reason, retryable = _ERRORS.get(fault.kind, (FallbackReason.TIMEOUT, True))
    error = ProviderError(
        f"injected: {fault.kind}",
        reason=reason,
        retryable=retryable,
        retry_after_s=fault.delay_s if fault.kind == "429" else None,
    )
    error.injected = fault.kind
    return error
