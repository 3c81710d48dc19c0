"""A message together with what it follows: the last reply, the options it names, the one that is picked, the request before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.routing.phrases import Hit, Phrases, Words, bounded, read
from omniforge_cli.routing.replies import QUESTION_MARKS, Option, Reply, read_reply

HISTORY_LIMIT: Final = 8
"""Messages of the history that are read, counted from its end."""
_SHORT_ANSWER: Final = 6
"""Words up to which a bare number in a message is a position in a list."""
_NUMBER: Final = frozenset({"number", "option", "no", "nr", "num", "numero", "nummer", "opcion", "opcao", "choice", "item"})
"""Words before a number that make it a position in a list."""
_POSITION_FILLERS: Final = frozenset({"filler", "cardinal", "consent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One message with what stands before it, read but not yet judged.

    `request` is the last request that says something, `proposed` what the assistant offered before its last reply. After an aside (a
    side question and its plain answer: "how long does it take?" "A minute.") the reply is the one before it, which still waits.
    """

    message: str
    words: Words
    hits: Sequence[Hit]
    reply: Reply
    options: tuple[Option, ...]
    picked: Option | None
    request: str
    proposed: tuple[str, ...]
    aside: bool


def read_situation(request: RoutingRequest, phrases: Phrases) -> Situation | None:
    """What a message follows; None without a history. Options of the reply before the last count when the last one names none."""
    if not request.history:
        return None
    history = request.history[-HISTORY_LIMIT:]
    replies = [read_reply(message.content, phrases) for message in history if message.role == "assistant"]
    said = [bounded(message.content) for message in history if message.role == "user"]
    aside = len(replies) > 1 and len(said) > 1 and _asks(said[-1], phrases) and not replies[-1].waits and replies[-2].waits
    if aside:
        replies, said = replies[:-1], said[:-1]
    reply = replies[-1] if replies else Reply()
    if not reply.context and len(replies) > 1:  # "Shall I?" stands for what was offered before
        reply = replace(reply, offer=replies[-2].offer, context=replies[-2].context)
    listing = next((earlier for earlier in reversed(replies[-2:]) if earlier.options), reply)
    words = read(request.message)
    hits = phrases.talk.hits(words.words)
    return Situation(
        message=request.message,
        words=words,
        hits=hits,
        reply=reply,
        options=listing.options,
        picked=_picked(words.words, hits, listing, phrases),
        request=_last_request(said),
        proposed=tuple([sentence for earlier in replies[:-1] for sentence in earlier.context]),
        aside=aside,
    )


def _asks(text: str, phrases: Phrases) -> bool:
    if text.rstrip().endswith(QUESTION_MARKS):
        return True
    return any("question" in hit.classes for hit in phrases.talk.hits(read(text).words) if hit.start == 0)


def _last_request(said: Sequence[str]) -> str:
    """The last user message of three words or more: what came after it were answers to questions about it."""
    return next((text for text in reversed(said) if len(read(text).words) >= 3), said[-1] if said else "")


def _picked(words: tuple[str, ...], hits: Sequence[Hit], listing: Reply, phrases: Phrases) -> Option | None:
    """The option that a message picks: by position, by letter or number, or by words that it shares with that one alone."""
    options = listing.options
    if not options:
        return None
    position = _position(words, hits, phrases, lettered=listing.lettered)
    if position is not None:
        index = len(options) // 2 if position == 0 else position - 1 if position > 0 else len(options) + position
        return options[index] if 0 <= index < len(options) else None
    bags = [set(read(option.text).words) for option in options]
    common = {word for bag in bags for word in bag if sum(word in other for other in bags) > 1}
    shared = [len((bag - common).intersection(words)) for bag in bags]
    best = max(shared)
    return options[shared.index(best)] if best and shared.count(best) == 1 else None


def _position(words: tuple[str, ...], hits: Sequence[Hit], phrases: Phrases, *, lettered: bool) -> int | None:
    """The position that is named: 1 the first, -1 the last, 0 the middle one."""
    for hit in hits:
        if "ordinal" in hit.classes:
            return phrases.ordinals[hit.phrase]
    for before, word in pairwise(words):
        if before in _NUMBER and (word.isdecimal() or word in phrases.cardinals):
            return int(word) if word.isdecimal() and len(word) < 3 else phrases.cardinals.get(word)
    for word in words[:3]:
        if word.isdecimal() and len(words) <= _SHORT_ANSWER:
            return int(word) if len(word) < 3 else None
        if lettered and len(word) == 1 and "a" <= word <= "h":
            return ord(word) - 96
    if sum(hit.end - hit.start for hit in hits if hit.classes & _POSITION_FILLERS) == len(words):
        return next((phrases.cardinals[hit.phrase] for hit in hits if "cardinal" in hit.classes), None)
    return None
