"""Reports made by hand for the writers' tests; their numbers are written down here, not computed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from omniforge_cli.core.report import (
    ArmReport,
    ClassScore,
    Comparison,
    Confusion,
    Cost,
    Estimate,
    GateResult,
    GateStatus,
    Latency,
    PrecisionRecall,
    ReliabilityBin,
    Report,
    TagScore,
    Verdict,
)

LABELS = ("refund", "delivery_status", "change_address", "cancel_order", "other")


def case(id_: str, expected: str | None, predicted: str | None, **more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": id_,
        "expected": expected,
        "predicted": predicted,
        "correct": predicted is not None and expected == predicted,
        "confidence": 0.91 if predicted else None,
        "source": "llm" if predicted else None,
        "fallback_reason": None,
        "error": None,
        "injected": None,
        "latency_ms": 812.5,
        "calls": 1,
        "cached": False,
        "repeat": 0,
        "case_hash": "c" * 8,
        "message": f"message of {id_}",
        "tags": ["direct"],
        "reasoning": f"why {id_}",
        "target_agent_id": None,
        "entities": {},
        "expected_entities": {},
        "alternative_action": None,
        "is_ambiguous": False,
        "clarifying_question": None,
        "usage": {"prompt_tokens": 310, "completion_tokens": 42, "cost_usd": 0.00012},
    }
    return plain | more


def arm(name: str = "llm:tiny:desk@v2", **more: Any) -> ArmReport:
    kept: dict[str, Any] = {
        "name": name,
        "prompt": "desk@v2",
        "prompt_sha256": "ab" * 32,
        "model": "tiny",
        "analyzer": "llm",
        "n": 60,
        "n_answered": 57,
        "n_errors": 1,
        "n_fallbacks": 2,
        "n_outages": 2,
        "accuracy": Estimate(value=53 / 60, ci_low=0.778, ci_high=0.942),
        "system_accuracy": Estimate(value=54 / 60, ci_low=0.798, ci_high=0.953),
        "macro_f1": 0.8812345,
        "per_class": {
            "refund": ClassScore(precision=0.8, recall=12 / 14, f1=0.8275862, support=14),
            "delivery_status": ClassScore(precision=1.0, recall=1.0, f1=1.0, support=13),
            "change_address": ClassScore(precision=0.9166667, recall=11 / 13, f1=0.88, support=13),
            "cancel_order": ClassScore(precision=0.8, recall=0.8, f1=0.8, support=20),
            "other": ClassScore(precision=None, recall=None, f1=None, support=0),
        },
        "confusion": Confusion(
            labels=LABELS,
            matrix=((12, 0, 0, 1, 0), (0, 13, 0, 0, 0), (0, 0, 11, 1, 0), (3, 0, 0, 16, 0), (0, 0, 0, 0, 0)),
        ),
        "ece": 0.0412,
        "brier": 0.0931,
        "reliability_bins": (
            ReliabilityBin(low=0.0, high=0.5, n=0, confidence=None, accuracy=None),
            ReliabilityBin(low=0.5, high=0.9, n=20, confidence=0.76, accuracy=0.7),
            ReliabilityBin(low=0.9, high=1.0, n=37, confidence=0.96, accuracy=0.99),
        ),
        "ambiguity": PrecisionRecall(precision=0.5, recall=0.4, n=10),
        "clarification_rate": 0.05,
        "entities": PrecisionRecall(precision=0.9, recall=0.8, f1=0.8470588, n=22),
        "by_tag": {
            "direct": TagScore(n=40, accuracy=Estimate(value=0.95, ci_low=0.835, ci_high=0.986)),
            "trap": TagScore(n=20, accuracy=Estimate(value=0.75, ci_low=0.531, ci_high=0.888)),
        },
        "latency_ms": Latency(p50=812.5, p90=1400.0, p95=1940.2, p99=2200.0, max=2310.0, mean=870.1, n=58, n_cached=2),
        "tokens": {"prompt": 18600, "completion": 2520},
        "cost_usd": Cost(total=0.0072, mean=0.00012, p95=0.0002),
        "fallback_rate": 2 / 60,
        "error_rate": 1 / 60,
        "fallback_reasons": {"timeout": 2, "bad_output": 1},
    }
    return ArmReport(**(kept | more))


def report(**more: Any) -> Report:
    """Two arms, a failed gate, an undecided one and two that passed, two comparisons, five cases an arm."""
    local = arm(
        "local",
        prompt=None,
        prompt_sha256=None,
        model=None,
        analyzer="local",
        n_answered=60,
        n_errors=0,
        n_fallbacks=0,
        n_outages=0,
        accuracy=Estimate(value=48 / 60, ci_low=0.682, ci_high=0.882),
        system_accuracy=Estimate(value=48 / 60, ci_low=0.682, ci_high=0.882),
        macro_f1=0.79,
        fallback_reasons={},
        latency_ms=Latency(p50=0.412, p90=0.6, p95=1.06, p99=3.0, max=3.1, mean=0.5, n=60, n_cached=0),
        tokens={"prompt": 0, "completion": 0},
        cost_usd=Cost(total=0.0, mean=0.0, p95=0.0),
        cases=[
            case("parcel-1", "delivery_status", "delivery_status", source="local", latency_ms=0.4),
            case("refund-1", "refund", "cancel_order", source="local", reasoning="the word order", latency_ms=0.4),
            case("refund-2", "refund", "refund", source="local", latency_ms=0.4),
            case("trap-1", "cancel_order", "cancel_order", source="local", latency_ms=0.4, tags=["trap"]),
            case("trap-2", "cancel_order", "refund", source="local", latency_ms=0.4, tags=["trap"]),
        ],
    )
    llm = arm(
        cases=[
            case("parcel-1", "delivery_status", "delivery_status"),
            case("refund-1", "refund", "refund"),
            case(
                "refund-2",
                "refund",
                None,
                error={"reason": "timeout", "message": "no answer within 5 s", "attempts": 3},
                fallback_reason="timeout",
            ),
            case("trap-1", "cancel_order", "refund", tags=["trap"], reasoning="money was <b>named</b>"),
            case(
                "trap-2",
                "cancel_order",
                "other",
                error={"reason": "bad_output", "message": "no object", "attempts": 1},
                tags=["trap"],
                source="keyword",
            ),
        ],
    )
    kept: dict[str, Any] = {
        "run_id": "20260302-101112-ab12",
        "created_at": "2026-03-02T10:11:12+00:00",
        "omniforge_version": "0.1.0",
        "command": "eval",
        "evalset": {"name": "desk", "version": "v1", "sha256": "cd" * 32, "n_cases": 60},
        "taxonomy": {"name": "support-desk", "version": "1", "labels": list(LABELS)},
        "machine": {"python": "3.11.9", "platform": "Linux"},
        "settings": {"concurrency": 16, "timeout": 5.0, "repeats": 1, "retries": 2, "cache": False, "seed": 0},
        "arms": (local, llm),
        "comparisons": (
            Comparison(
                a="local",
                b="llm:tiny:desk@v2",
                n=60,
                fixed=("refund-1",),
                broken=("refund-2", "trap-1"),
                delta=Estimate(value=5 / 60, ci_low=-0.0167, ci_high=0.183),
                mcnemar_p=0.18,
                p_adjusted=0.18,
                verdict=Verdict.CANNOT_TELL,
                detectable_delta=0.121,
                needed_n=240,
                delta_macro_f1=Estimate(value=0.0912, ci_low=-0.01, ci_high=0.19),
                delta_latency_ms=Estimate(value=869.6, ci_low=800.0, ci_high=940.0),
                delta_cost_usd=Estimate(value=0.00012, ci_low=0.00011, ci_high=0.00013),
            ),
        ),
        "gates": (
            gate(name="accuracy", threshold=0.8, observed=53 / 60, status=GateStatus.PASS),
            gate(
                name="p95",
                metric="latency_ms.p95",
                op="<=",
                threshold=1000.0,
                observed=1940.2,
                status=GateStatus.FAIL,
                why="1,940 ms is more than 1,000 ms",
            ),
            gate(
                name="traps",
                metric="by_tag.trap.accuracy",
                threshold=0.76,
                observed=0.75,
                status=GateStatus.UNDECIDED,
                why="2 outages could tip it",
            ),
        ),
        "status": "fail",
    }
    return Report(**(kept | more))


def gate(**more: Any) -> GateResult:
    kept: dict[str, Any] = {
        "name": "accuracy",
        "arm": "llm:tiny:desk@v2",
        "metric": "accuracy",
        "op": ">=",
        "threshold": 0.9,
        "observed": 0.9,
        "status": GateStatus.PASS,
        "why": "",
        "false_alarm": 0.021,
        "power": 0.8,
    }
    return GateResult(**(kept | more))


def one_arm_report(**more: Any) -> Report:
    """Only the LLM arm, without gates or comparisons."""
    whole = report()
    return replace(whole, arms=(whole.arms[1],), comparisons=(), gates=(), status="no_gates", **more)
