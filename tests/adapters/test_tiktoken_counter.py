from __future__ import annotations

import os
from pathlib import Path

import pytest

from omniforge_cli.adapters.tiktoken_counter import TiktokenCounter


@pytest.mark.parametrize("model", [None, "gpt-4o-mini", "openai/gpt-4o-mini", "claude-3-haiku", "gpt-4"])
def test_tokens_are_counted_offline_for_any_model(model: str | None) -> None:
    warnings: list[str] = []
    count = TiktokenCounter(model, warn=warnings.append)
    assert [count(text) for text in ("", "hello world", "<|endoftext|> \ud800")][:2] == [0, 2]
    assert warnings == []
    assert "TIKTOKEN_CACHE_DIR" not in os.environ


def test_a_hostile_text_is_counted_in_bounded_pieces() -> None:
    assert TiktokenCounter(warn=print)("a" * 300_000) > 10_000


def test_without_a_tokenizer_the_estimate_counts_and_one_warning_says_so(tmp_path: Path) -> None:
    warnings: list[str] = []
    count = TiktokenCounter(warn=warnings.append, folder=tmp_path)
    assert (count("abcd"), count("日本語")) == (2, 3)
    assert len(warnings) == 1 and "estimated" in warnings[0]
