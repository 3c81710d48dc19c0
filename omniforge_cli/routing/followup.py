"""What a message means after what was said before it: a request of its own, an answer to what is pending, or a closing.

The message, the assistant's offer, the option that is picked and the request before are scored by the same classifier; a small
log-linear gate over features that know no label says how much each of them counts. Nothing here knows a taxonomy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from omniforge_cli.core.conversation import Message
from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.routing.phrases import TEXT_LIMIT, Hit, Phrases, tokens
from omniforge_cli.routing.replies import Option, Reply, read_reply

SOURCES: Final = ("own", "offer", "context", "choice", "request", "joint")
"""Texts whose scores are mixed: the message, what the assistant offers or asks, the option picked, the last request, request and message."""
NONE: Final = "none"
"""The gate's sixth output: how far "none of these" is raised."""
HISTORY_LIMIT: Final = 8
"""Messages of the history that are read, counted from its end."""
_FLOOR: Final = 1e-3
"""Probabilities are not trusted below this: one sure classifier must not overrule the others for good."""


class Scorer(Protocol):
    """Scores a text against the labels: calibrated probabilities in label order."""

    @property
    def labels(self) -> Sequence[str]:
        """The labels, in the order of the scores."""
        ...

    def scores(self, text: str, names: Sequence[str] = ()) -> Sequence[float]:
        """Probabilities that sum to 1; `names` are names of agents, which are not to be read as words."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowupModel:
    """The learned gate: for each feature, one weight per source and one for "none of these"."""

    phrases: Phrases
    weights: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """Probabilities in label order, summing to 1, and in plain words why the history mattered ("" when it did not)."""

    probabilities: list[float]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One message with what it follows, read but not yet judged."""

    message: str
    words: list[str]
    hits: list[Hit]
    reply: Reply
    options: tuple[Option, ...]
    picked: Option | None
    request: str


def combine(request: RoutingRequest, *, scorer: Scorer, taxonomy: Taxonomy, model: FollowupModel) -> Combined:
    """The distribution over the labels, given the conversation so far. Without a history it is the message's own."""
    names = [name for agent in request.agents for name in (agent.id, agent.name)]
    if not request.history:
        return Combined(probabilities=list(scorer.scores(request.message, names)))
    situation = read_situation(request, model.phrases)
    none = scorer.labels.index(taxonomy.none_of_these) if taxonomy.none_of_these is not None else None
    scored = score_sources(situation, scorer, names)
    features = situation_features(situation, scored, none, model.phrases)
    gate = gate_of(features, model.weights)
    return Combined(probabilities=pool(scored, gate, none), reason=_reason(situation, scored, gate))


def read_situation(request: RoutingRequest, phrases: Phrases) -> Situation:
    """What stands before the message: the last reply, its options, and the last request that says something."""
    history = request.history[-HISTORY_LIMIT:]
    replies = [message.content for message in history if message.role == "assistant"]
    reply = read_reply(replies[-1], phrases) if replies else Reply()
    options, lettered = reply.options, reply.lettered
    if not options and len(replies) > 1:
        earlier = read_reply(replies[-2], phrases)
        options, lettered = earlier.options, earlier.lettered
    words = tokens(request.message)
    hits = phrases.hits(words)
    return Situation(
        message=request.message,
        words=words,
        hits=hits,
        reply=reply,
        options=options,
        picked=pick(words, hits, options, phrases, lettered=lettered),
        request=_last_request(history),
    )


def _last_request(history: Sequence[Message]) -> str:
    """The last user message of three words or more: what came after it were answers to questions about it."""
    said = [message.content[:TEXT_LIMIT] for message in history if message.role == "user"]
    return next((text for text in reversed(said) if len(tokens(text)) >= 3), said[-1] if said else "")


def pick(
    words: Sequence[str], hits: Sequence[Hit], options: Sequence[Option], phrases: Phrases, *, lettered: bool = False
) -> Option | None:
    """The one option that a message picks: by position, by letter or number, or by the words it shares with that one alone."""
    if not options:
        return None
    position = _position(words, hits, len(options), phrases, lettered)
    if position is not None:
        return options[position]
    said = set(words)
    bags = [set(tokens(option.text)) for option in options]
    shared = [len(said & bag - set().union(*(other for other in bags if other is not bag))) for bag in bags]
    best = max(shared)
    return options[shared.index(best)] if best and shared.count(best) == 1 else None


def _position(words: Sequence[str], hits: Sequence[Hit], count: int, phrases: Phrases, lettered: bool) -> int | None:
    for hit in hits:
        if "ordinal" in hit.classes:
            return _index(phrases.ordinals[hit.phrase], count)
    covered = sum(hit.end - hit.start for hit in hits if "filler" in hit.classes or "cardinal" in hit.classes or "consent" in hit.classes)
    for word in words[:3]:
        if word.isdecimal():
            return _index(int(word), count) if int(word) <= count and len(words) <= 6 else None
        if lettered and len(word) == 1 and "a" <= word <= "h":
            return _index(ord(word) - 96, count)
    for hit in hits:
        if "cardinal" in hit.classes and covered == len(words) and (hit.phrase != "one" or len(words) == 1):
            return _index(phrases.cardinals[hit.phrase], count)
    return None


def _index(position: int, count: int) -> int | None:
    """Index of a position: 1 is the first, -1 the last, 0 the middle one."""
    index = count // 2 if position == 0 else position - 1 if position > 0 else count + position
    return index if 0 <= index < count else None


def score_sources(situation: Situation, scorer: Scorer, names: Sequence[str]) -> dict[str, Sequence[float]]:
    """The scores of each text that there is."""
    texts = {
        "own": situation.message,
        "offer": situation.reply.offer,
        "context": situation.reply.context,
        "choice": situation.picked.text if situation.picked else "",
        "request": situation.request,
        "joint": f"{situation.request}. {situation.message}" if situation.request else "",
    }
    return {name: scorer.scores(text, names) for name, text in texts.items() if text}


def gate_of(features: Mapping[str, float], weights: Mapping[str, tuple[float, ...]]) -> list[float]:
    """How much each source counts, and how far "none of these" is raised."""
    gate = [0.0] * (len(SOURCES) + 1)
    for name, value in features.items():
        for index, weight in enumerate(weights.get(name, ())):
            gate[index] += value * weight
    return gate


def pool(scored: Mapping[str, Sequence[float]], gate: Sequence[float], none: int | None) -> list[float]:
    """The weighted geometric mean of the scores, made a distribution."""
    logits = [0.0] * len(scored["own"])
    for weight, source in zip(gate, SOURCES, strict=False):
        for index, probability in enumerate(scored.get(source, ())):
            logits[index] += weight * math.log(max(probability, _FLOOR))
    if none is not None:
        logits[none] += gate[-1]
    top = max(logits)
    raised = [math.exp(logit - top) for logit in logits]
    total = sum(raised)
    return [value / total for value in raised]


def situation_features(situation: Situation, scored: Mapping[str, Sequence[float]], none: int | None, phrases: Phrases) -> dict[str, float]:
    """What the gate sees: form of message and reply, and how sure and how like the scores are. No label by name."""
    features = {"bias": 1.0}
    features.update(_message_features(situation))
    features.update(_reply_features(situation, phrases))
    features.update(_score_features(scored, none))
    for left, right in _PAIRS:
        if left in features and right in features:
            features[f"{left}&{right}"] = 1.0
    return features


_CLASSES: Final = (
    "consent",
    "refusal",
    "thanks",
    "hesitation",
    "correction",
    "shift",
    "question",
    "time",
    "pronoun",
    "whole",
    "wish",
    "act",
    "ordinal",
)
_PAIRS: Final = tuple(
    (left, right)
    for left in (
        "first:consent",
        "first:refusal",
        "first:thanks",
        "first:correction",
        "rest:0",
        "rest:few",
        "rest:many",
        "has:act",
        "first:question",
        "mark:?",
    )
    for right in ("reply:asks", "reply:offers", "reply:which", "reply:done", "picked")
)


def _message_features(situation: Situation) -> dict[str, float]:
    words, hits = situation.words, situation.hits
    found = {f"has:{name}" for hit in hits for name in hit.classes if name in _CLASSES}
    opening = next(
        (
            hit
            for hit in hits
            if hit.start <= 1 and hit.classes & {"consent", "refusal", "thanks", "hesitation", "correction", "shift", "question"}
        ),
        None,
    )
    if opening is not None:
        found |= {f"first:{name}" for name in opening.classes if name in _CLASSES}
    empty = {"consent", "refusal", "thanks", "hesitation", "filler"}
    rest = len(words) - sum(hit.end - hit.start for hit in hits if hit.classes & empty)
    found.add("rest:0" if rest <= 0 else "rest:1" if rest == 1 else "rest:few" if rest <= 4 else "rest:more" if rest <= 9 else "rest:many")
    for size in (1, 2, 4, 7, 12, 20):
        if len(words) > size:
            found.add(f"words>{size}")
    if situation.picked is not None:
        found.add("picked")
    if "?" in situation.message or "？" in situation.message or "؟" in situation.message:
        found.add("mark:?")
    if "@" in situation.message:
        found.add("mark:@")
    if any(word.isdecimal() for word in words):
        found.add("mark:digit")
    if any(letter.isupper() for letter in situation.message[1:]):
        found.add("mark:upper")
    return dict.fromkeys(found, 1.0)


def _reply_features(situation: Situation, phrases: Phrases) -> dict[str, float]:
    reply = situation.reply
    found = {"reply:none"} if not reply.text else set()
    asked = phrases.hits(tokens(reply.question))
    whole = phrases.hits(tokens(reply.text))
    if reply.asks:
        found.add("reply:asks")
    if any("offer" in hit.classes for hit in asked):
        found.add("reply:offers")
    if any("ask" in hit.classes for hit in asked):
        found.add("reply:which")
    if any("done" in hit.classes for hit in whole):
        found.add("reply:done")
    if situation.options:
        found.add("reply:options")
    if not reply.asks and "reply:offers" not in found:
        found.add("reply:states")
    said = {word for word in situation.words if len(word) > 2}
    content = said - {word for hit in situation.hits for word in hit.phrase.split()}
    if content & set(tokens(reply.text)):
        found.add("overlap:reply")
    if content & set(tokens(situation.request)):
        found.add("overlap:request")
    return dict.fromkeys(found, 1.0)


def _score_features(scored: Mapping[str, Sequence[float]], none: int | None) -> dict[str, float]:
    features: dict[str, float] = {}
    tops: dict[str, int] = {}
    for source, scores in scored.items():
        top = max(range(len(scores)), key=scores.__getitem__)
        tops[source] = top
        features[f"{source}:top"] = scores[top]
        if none is not None:
            features[f"{source}:none"] = scores[none]
    for source in ("offer", "choice", "request"):
        if source in tops:
            features[f"{source}:is own"] = float(tops[source] == tops["own"])
    if "offer" in tops and "request" in tops:
        features["offer:is request"] = float(tops["offer"] == tops["request"])
    return features


def _reason(situation: Situation, scored: Mapping[str, Sequence[float]], gate: Sequence[float]) -> str:
    return ""
