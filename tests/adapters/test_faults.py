from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.adapters.faults import retry_after_s, said, status_fault
from omniforge_cli.core.decision import FallbackReason

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:30 -0000"}, 30.0),
        ({"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, NOW) == seconds


@given(st.text())
def test_any_retry_after_is_read_or_ignored(value: str) -> None:
    seconds = retry_after_s({"retry-after": value}, NOW)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error": {"message": "no such\\n model"}}', "no such model"),
        ('{"error": "plain"}', "plain"),
        ('{"message": "mistral"}', "mistral"),
        ('{"detail": "fastapi"}', "fastapi"),
        ('{"detail": [{"msg": "x"}]}', ""),
        ('{"error": {"code": 1}}', ""),
        ("<html>", ""),
        ("[]", ""),
        ('"words"', "words"),
        ('{"error": {"message": "bad key sk-1 given"}}', "bad key *** given"),
    ],
)
def test_a_servers_words_are_one_line_without_keys(body: str, words: str) -> None:
    assert said(body, secrets=["sk-1"]) == words


def test_long_words_are_cut() -> None:
    assert len(said('{"error": "' + "x" * 5000 + '"}')) == 200


@pytest.mark.parametrize(
    ("status", "reason", "retryable"),
    [
        (400, FallbackReason.PROVIDER_ERROR, False),
        (401, FallbackReason.AUTH, False),
        (403, FallbackReason.AUTH, False),
        (404, FallbackReason.PROVIDER_ERROR, False),
        (408, FallbackReason.TIMEOUT, True),
        (422, FallbackReason.PROVIDER_ERROR, False),
        (429, FallbackReason.RATE_LIMITED, True),
        (500, FallbackReason.PROVIDER_ERROR, True),
        (529, FallbackReason.PROVIDER_ERROR, True),
        (302, FallbackReason.PROVIDER_ERROR, False),
    ],
)
def test_each_status_has_its_reason(status: int, reason: FallbackReason, retryable: bool) -> None:
    fault = status_fault(status, "words", where="m at http://h", headers={"retry-after": "2"})
    assert (fault.reason, fault.retryable, fault.retry_after_s) == (reason, retryable, 2.0 if retryable else None)
    assert str(fault).startswith(f"m at http://h answered {status} (words)")
