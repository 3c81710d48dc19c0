from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.core.errors import ProviderError, SettingsError
from omniforge_cli.providers.inject import KINDS, Fault, InjectingProvider, InjectSpec, parse_inject
from omniforge_cli.routing.provider import ChatMessage, Completion, ProviderRequest
from omniforge_cli.testing import FakeProvider, FrozenClock


def asking(message: str = "hi") -> ProviderRequest:
    return ProviderRequest(model="m", messages=(ChatMessage(role="user", content=message),))


def always(kind: str, delay_s: float | None = None) -> InjectSpec:
    return InjectSpec(faults=(Fault(kind=kind, share=1.0, delay_s=delay_s),))


async def outcome(spec: InjectSpec, *, timeout_s: float = 5.0) -> tuple[Completion | ProviderError, FakeProvider, FrozenClock]:
    clock, inner = FrozenClock(), FakeProvider(["0123456789"])
    provider = InjectingProvider(inner, spec=spec, seed=1, sleep=clock.sleep)
    try:
        return await provider.complete(asking(), timeout_s=timeout_s), inner, clock
    except ProviderError as error:
        return error, inner, clock


def test_a_spec_reads_as_it_is_written() -> None:
    assert parse_inject("429:0.1, timeout:0.05,bad_json:0.02,slow:0.1@800ms,503:0.01") == InjectSpec(
        faults=(
            Fault(kind="429", share=0.1),
            Fault(kind="timeout", share=0.05),
            Fault(kind="bad_json", share=0.02),
            Fault(kind="slow", share=0.1, delay_s=0.8),
            Fault(kind="503", share=0.01),
        )
    )
    assert parse_inject("429:1@2s").faults[0].delay_s == 2.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "KIND:SHARE"),
        ("429", "KIND:SHARE"),
        ("429:x", "KIND:SHARE"),
        ("429:0.1.2", "no number"),
        ("timeot:0.1", "did you mean 'timeout'"),
        ("429:1.5", "between 0 and 1"),
        ("429:0.6,500:0.6", "more than 1"),
        ("429:0.1,429:0.2", "twice"),
        ("slow:0.1", "say how slow"),
        ("500:0.1@2s", "only slow and 429"),
    ],
)
def test_a_spec_that_makes_no_sense_is_refused(text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        parse_inject(text)


@given(st.text(max_size=30))
def test_any_other_text_is_a_settings_error(text: str) -> None:
    try:
        assert parse_inject(text).faults
    except SettingsError as error:
        assert str(error).startswith("--inject: ")


@pytest.mark.parametrize(
    ("kind", "reason", "retryable"),
    [
        ("401", FallbackReason.AUTH, False),
        ("429", FallbackReason.RATE_LIMITED, True),
        ("500", FallbackReason.PROVIDER_ERROR, True),
        ("503", FallbackReason.PROVIDER_ERROR, True),
        ("connection", FallbackReason.CONNECTION, True),
        ("timeout", FallbackReason.TIMEOUT, True),
    ],
)
async def test_an_injected_error_looks_like_a_real_one_and_makes_no_call(kind: str, reason: FallbackReason, retryable: bool) -> None:
    error, inner, clock = await outcome(always(kind))
    assert isinstance(error, ProviderError)
    assert (error.reason, error.retryable, error.injected, error.attempts) == (reason, retryable, kind, 1)
    assert inner.requests == []
    assert clock.slept == ([5.0] if kind == "timeout" else [])


async def test_a_429_may_say_how_long_to_wait() -> None:
    error, _, _ = await outcome(always("429", 2.0))
    assert isinstance(error, ProviderError) and error.retry_after_s == 2.0


@pytest.mark.parametrize(("kind", "text"), [("bad_json", "01234"), ("empty", "")])
async def test_an_injected_reply_spoils_the_real_one(kind: str, text: str) -> None:
    completion, inner, _ = await outcome(always(kind))
    assert isinstance(completion, Completion)
    assert (completion.text, completion.injected, len(inner.requests)) == (text, kind, 1)


async def test_a_slow_call_is_late_and_has_less_time_left() -> None:
    completion, inner, clock = await outcome(always("slow", 0.8))
    assert isinstance(completion, Completion)
    assert (completion.latency_ms, completion.injected, clock.slept, inner.timeouts) == (801.0, "slow", [0.8], [pytest.approx(4.2)])


async def test_a_call_slower_than_its_timeout_times_out() -> None:
    error, inner, clock = await outcome(always("slow", 9.0))
    assert isinstance(error, ProviderError)
    assert (error.reason, error.injected, clock(), inner.requests) == (FallbackReason.TIMEOUT, "slow", 5.0, [])


def test_faults_hit_the_share_asked_for_whatever_the_order() -> None:
    spec = parse_inject("429:0.1,timeout:0.05,bad_json:0.25")
    hits = Counter(fault.kind if fault else "none" for fault in (spec.draw(seed=7, key=f"key {n}", attempt=0) for n in range(4000)))
    shares = {kind: count / 4000 for kind, count in hits.items()}
    assert shares == {
        kind: pytest.approx(share, abs=0.03) for kind, share in {"429": 0.1, "timeout": 0.05, "bad_json": 0.25, "none": 0.6}.items()
    }


async def test_the_same_seed_gives_the_same_faults_and_each_attempt_its_own() -> None:
    spec = parse_inject("429:0.5")

    async def hits(seed: int, messages: list[str]) -> dict[str, list[bool]]:
        provider = InjectingProvider(FakeProvider(["yes"]), spec=spec, seed=seed)
        told: dict[str, list[bool]] = {}
        for message in messages:
            try:
                await provider.complete(asking(message), timeout_s=1)
                told.setdefault(message, []).append(False)
            except ProviderError:
                told.setdefault(message, []).append(True)
        return told

    messages = [f"message {number}" for number in range(20)] * 2
    first = await hits(1, messages)
    assert first == await hits(1, messages[::-1])
    assert first != await hits(2, messages)
    assert any(once != again for once, again in first.values())


def test_every_kind_can_be_asked_for() -> None:
    for kind in KINDS:
        assert parse_inject(f"{kind}:0.1" + ("@1s" if kind == "slow" else "")).faults[0].kind == kind


async def test_closing_closes_the_inner_one() -> None:
    inner = FakeProvider(["x"])
    await InjectingProvider(inner, spec=always("429"), seed=0).close()
    assert inner.closed
