"""What an outage cost and what a cascade saves, as rows of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from omniforge_cli.core.report import ArmReport, Estimate
from omniforge_cli.reporting import numbers

_FEW_STEPS: Final = 7

OUTAGE_HEAD: Final = ("who answered", "samples", "share", "right")
SWEEP_HEAD: Final = ("LLM under", "asked", "right", "cost a message", "latency")


def outage_rows(arm: ArmReport) -> list[tuple[str, str, str, str]]:
    """The blend where somebody else than the one asked had to answer: each part's size and accuracy, then both together."""
    measured = arm.extra.get("answered_accuracy"), arm.extra.get("fallback_accuracy")
    if not arm.n or arm.n_answered == arm.n or None in measured:
        return []
    parts = [
        (arm.analyzer if arm.analyzer != "llm" else "the LLM", arm.n_answered, Estimate(**(measured[0] or {}))),
        ("its fallback", arm.n_fallbacks, Estimate(**(measured[1] or {}))),
        ("nobody", arm.n_errors, Estimate(value=0.0)),
    ]
    rows = [(who, numbers.count(n), numbers.percent(n / arm.n), numbers.share_with_interval(right)) for who, n, right in parts if n]
    return [*rows, ("together", numbers.count(arm.n), "100%", numbers.share_with_interval(arm.system_accuracy))]


def cascade_sentences(arm: ArmReport) -> list[str]:
    """What a cascade saved, and how right each half was."""
    found = arm.extra.get("cascade")
    if not found or found["avoided"] is None:
        return []
    asked = found["n_local"] + found["n_llm"]
    saved = [numbers.usd(found["saved_usd"])] if found["saved_usd"] is not None else []
    saved += [numbers.milliseconds(found["saved_ms"])] if found["saved_ms"] is not None else []
    saving = f", which saved about {' and '.join(saved)} a message" if saved else ""
    halves = [
        f"{numbers.share_with_interval(Estimate(**found[key]))} of {numbers.count(found[n])} {who}"
        for key, n, who in (("local_accuracy", "n_local", "local answers"), ("llm_accuracy", "n_llm", "LLM answers"))
        if found[n]
    ]
    return [
        f"The cascade kept {numbers.percent(found['avoided'])} of {numbers.counted(asked, 'message')} from the LLM{saving}.",
        f"Right: {', '.join(halves)}.",
    ]


def sweep_rows(arm: ArmReport) -> list[tuple[str, str, str, str, str]]:
    """Some steps of the trade-off curve: from the local analyzer alone on, those where the share of calls moves most evenly."""
    points = arm.extra.get("sweep") or []
    return [
        (
            f"{point['threshold']:.2f}",
            numbers.percent(point["llm_share"]),
            numbers.percent(point["accuracy"]),
            numbers.usd(point["mean_cost_usd"]),
            numbers.milliseconds(point["mean_latency_ms"]),
        )
        for point in _few(points)
    ]


def _few(points: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """At most so many of them, without those that ask no more than the one before, both ends kept."""
    different = [one for i, one in enumerate(points) if i == 0 or points[i - 1]["llm_share"] != one["llm_share"]]
    if len(different) <= _FEW_STEPS:
        return different
    return [different[round(i * (len(different) - 1) / (_FEW_STEPS - 1))] for i in range(_FEW_STEPS)]
