from __future__ import annotations

import json
import re
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omniforge_cli.core import redaction
from omniforge_cli.core.redaction import MASK, redact

A = "Ab3" * 12  # letters and digits of no known key

SECRETS = {
    "openai": f"use sk-proj-{A} please",
    "anthropic": f"sk-ant-api03-{A}",
    "stripe": "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "github": f"ghp_{A}",
    "github fine-grained": f"github_pat_{A}_{A}",
    "gitlab": "glpat-abcdefghij0123456789",
    "slack": "xox" + "b-123456789012-abcdefABCDEF",
    "slack webhook": "https://hooks.slack.com/services/T000/B000/abcdefABCDEF0123",
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "aws secret": "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "google": f"AIza{A}",
    "hugging face": f"hf_{A}",
    "groq": f"GROQ_API_KEY=gsk_{A}",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "bearer": "Authorization: Bearer abc123def456ghi789",
    "telegram": "123456789:AAabcdefghijklmnopqrstuvwxyz0123456",
    "address": "postgres://admin:hunter2@db.internal/x",
    "password": "password: hunter",
    "password in json": '{"password": "correct horse"}',
    "password in words": "my password is hunter2, ok?",
    "password in German": "Passwort: geheim99",
    "password in Chinese": "密码：abc12345",
    "api key by name": "api_key=0123456789abcdef",
    "token by name": "the token is 8f14e45fceea167a",
    "visa": "card 4111 1111 1111 1111 exp 12/29",
    "visa without spaces": "4111111111111111",
    "amex": "3782-822463-10005",
    "card after another number": "order 12 4111 1111 1111 1111",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----",
    "cut-off private key": "here: -----BEGIN PRIVATE KEY-----\nMIIEow",
    "pgp": "-----BEGIN PGP PRIVATE KEY BLOCK-----\nxyz\n-----END PGP PRIVATE KEY BLOCK-----",
}
WORDS = {
    "openai": ("use", "please"),
    "password": ("password: ",),
    "password in words": ("my password is ", ", ok?"),
    "address": ("postgres://admin:", "@db.internal/x"),
    "visa": ("card ", " exp 12/29"),
    "card after another number": ("order 12 ",),
    "bearer": ("Authorization: Bearer ",),
    "password in json": ('{"password": "',),
}
HARMLESS = [
    "",
    "Rotate the production API key and raise the monthly quota.",
    "I forgot my password, can you reset it?",
    "the password is expired",
    "the token is invalid",
    "Which secret does the token agent use?",
    "order 1700000000000 at 2026-11-22 19:00:00",
    "confidence 0.4111111111111111 and 4111.1111111111111",
    "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "run 0190b3a4-5f6e-7c8d-9e0f-1a2b3c4d5e6f",
    "call +49 30 1234567 or 030 12345678",
    "4111 1111 1111 1112",
    "prompt_tokens: 1234567890, max_tokens=300",
    "basic understanding of sk-learn",
    "see https://example.com:8080/path",
]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_masked_and_the_words_round_it_stay(name: str) -> None:
    text = SECRETS[name]
    found = redact(text)
    assert MASK in found
    for words in WORDS.get(name, ()):
        assert words in found
    for hidden in (
        "Ab3Ab3",
        "hunter",
        "4111",
        "MIIE",
        "abcdef",
        "geheim",
        "wJalr",
        "dozjg",
        "IOSFO",
        "822463",
        "xyz",
        "e45fc",
        "HqLyj",
        "correct",
    ):
        assert hidden not in found


@pytest.mark.parametrize("text", HARMLESS)
def test_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_the_labelled_messages_of_this_project_hold_no_secret_and_stay_as_they_are() -> None:
    lines = [
        line for file in (Path(__file__).parents[2] / "data").rglob("*.jsonl") for line in file.read_text(encoding="utf-8").splitlines()
    ]
    changed = [line for line in lines if redact(json.loads(line).get("message", "")) != json.loads(line).get("message", "")]
    assert changed == []


@given(st.lists(st.one_of(st.sampled_from([*SECRETS.values(), *HARMLESS]), st.text(max_size=20))).map(" ".join))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "piece",
    [
        "1 ",
        "1",
        "4111 1111 1111 111",
        "eyJ-",
        "eyJaaaaaaaaaa.",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN ",
        "password",
        "password: ",
        "://a:",
        "sk-",
        "SG.",
        "token is ",
        "a:",
        "bearer ",
        "pass word is",
    ],
)
def test_the_time_grows_no_faster_than_a_hostile_text(piece: str) -> None:
    def cost(length: int) -> float:
        text = (piece * (length // len(piece) + 1))[:length]
        times = []
        for _ in range(2):
            began = process_time()
            redact(text)
            times.append(process_time() - began)
        return min(times)

    assert cost(40_000) < 40 * cost(2_500) + 0.05


@pytest.mark.parametrize("text", ["PASSWORD: hunter", "my paſſword: hunter", "the API KEY is 0123456789abcdef", "Contraseña: abc12345"])
def test_case_does_not_hide_a_secret(text: str) -> None:
    assert MASK in redact(text)


@pytest.mark.parametrize(
    ("pattern", "guard"),
    [
        (redaction._TOKEN, redaction._LONG_RUN),
        (redaction._WEBHOOK, redaction._LONG_RUN),
        (redaction._AUTHORIZATION, redaction._LONG_RUN),
        (redaction._DIGITS, redaction._MANY_DIGITS),
    ],
    ids=["token", "webhook", "authorization", "digits"],
)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data())
def test_what_is_looked_for_first_stands_in_every_text_that_a_pattern_fits(
    pattern: re.Pattern[str], guard: re.Pattern[str], data: Any
) -> None:
    assert guard.search(data.draw(st.from_regex(pattern)))
