"""Which of a conversation's messages the model gets to see, and how they read. Pure: no store, no clock, no tokenizer of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from omniforge_cli.core.conversation import Message
from omniforge_cli.core.errors import SettingsError

DEFAULT_MAX_MESSAGES: Final = 20
DEFAULT_MIN_RECENT: Final = 4
CUT_MARK: Final = " […] "
"""Stands where the middle of an over-long message was left out."""
_BYTES_PER_TOKEN: Final = 3


def estimate_tokens(text: str) -> int:
    """A number of tokens that is rarely too small: UTF-8 bytes / 3, rounded up, so that Chinese and Japanese are not undercounted."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_PER_TOKEN)


def assemble_context(
    messages: Sequence[Message],
    *,
    max_messages: int = DEFAULT_MAX_MESSAGES,
    min_recent: int | None = None,
    token_budget: int | None = None,
    count_tokens: Callable[[str], int] = estimate_tokens,
) -> tuple[Message, ...]:
    """The newest messages that may be shown, oldest first.

    At most `max_messages`; with a `token_budget`, as many of the newest as fit into it. The last `min_recent` (4, or `max_messages`
    if that is less) are always there: if they alone exceed the budget, over-long ones lose their middle, which `CUT_MARK` shows.

    Raises:
        SettingsError: `min_recent` is above `max_messages`, or a number is out of its range.
    """
    least = min(DEFAULT_MIN_RECENT, max_messages) if min_recent is None else min_recent
    if not 0 <= least <= max_messages:
        raise SettingsError(f"context: min_recent ({least}) must lie between 0 and max_messages ({max_messages})")
    if token_budget is not None and token_budget < 1:
        raise SettingsError(f"context: the token budget must be at least 1, not {token_budget}")
    newest = tuple(messages[max(0, len(messages) - max_messages) :])
    return newest if token_budget is None else _within(newest, least, token_budget, count_tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextLimits:
    """The arguments of `assemble_context`, kept together.

    Raises:
        SettingsError: they contradict each other.
    """

    max_messages: int = DEFAULT_MAX_MESSAGES
    min_recent: int | None = None
    token_budget: int | None = None
    count_tokens: Callable[[str], int] = estimate_tokens

    def __post_init__(self) -> None:
        """Refuse what `assemble_context` would refuse, before there is a conversation."""
        self.assemble(())

    def assemble(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """`assemble_context` with these limits."""
        return assemble_context(
            messages,
            max_messages=self.max_messages,
            min_recent=self.min_recent,
            token_budget=self.token_budget,
            count_tokens=self.count_tokens,
        )


def format_context_for_llm(messages: Sequence[Message]) -> str:
    """The messages as lines `role: content`; further lines of a message are indented, so that no content can pose as another message."""
    return "\n".join(f"{message.role}: " + "\n  ".join(message.content.splitlines()) for message in messages)


def _within(newest: tuple[Message, ...], least: int, budget: int, count_tokens: Callable[[str], int]) -> tuple[Message, ...]:
    spent = kept = 0
    sizes: list[int] = []
    for message in reversed(newest):
        sizes.append(count_tokens(message.content))
        spent += sizes[-1]
        if spent > budget and kept >= least:
            break
        kept += 1
        if spent > budget and kept == least:
            recent = newest[len(newest) - kept :]
            return _shortened(recent, sizes[::-1], budget, count_tokens)
    if spent > budget and kept < least:  # fewer messages than the minimum, and too long
        return _shortened(newest, sizes[::-1], budget, count_tokens)
    return newest[len(newest) - kept :]


def _shortened(messages: Sequence[Message], sizes: Sequence[int], budget: int, count_tokens: Callable[[str], int]) -> tuple[Message, ...]:
    """Every message, the longest ones cut to one common length, so that all fit into the budget that they exceed."""
    ordered, left, shorter = sorted(sizes), budget, 0
    while ordered[shorter] <= left // (len(ordered) - shorter):  # ends, because together they exceed the budget
        left -= ordered[shorter]
        shorter += 1
    allowed = left // (len(ordered) - shorter)
    return tuple(
        message if size <= allowed else replace(message, content=_cut(message.content, allowed, count_tokens))
        for message, size in zip(messages, sizes, strict=True)
    )


def _cut(content: str, tokens: int, count_tokens: Callable[[str], int]) -> str:
    """Beginning and end of a text, as much as `tokens` allow; at least the mark."""
    fits, too_much = 0, len(content)
    while too_much - fits > 1:
        middle = (fits + too_much) // 2
        if count_tokens(_ends(content, middle)) <= tokens:
            fits = middle
        else:
            too_much = middle
    return _ends(content, fits)


def _ends(content: str, length: int) -> str:
    tail = length // 2
    return content[: length - tail] + CUT_MARK + content[len(content) - tail :]
