"""What a message means after what was said before it: a request of its own, an answer to what is pending, or a closing.

The message, the assistant's offer, the option that is picked and the request before are scored by the same classifier; a small
log-linear gate, over features that know no label, says how much each of them counts. It is trained by scripts/train_followup.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.routing.phrases import Phrases, classes_of, read
from omniforge_cli.routing.replies import QUESTION_MARKS
from omniforge_cli.routing.situation import Situation

SOURCES: Final = ("own", "offer", "context", "choice", "request", "joint", "proposed")
"""The texts that are scored: the message; what the assistant offers or asks, alone and with the sentences before it; the option
that is picked; the last request; that request with the message; what the assistant offered before."""
_PENDING: Final = frozenset({"offer", "context", "choice", "request", "proposed"})
FLOOR: Final = 1e-3
"""No probability is trusted below this: one classifier that is too sure must not overrule the others for good."""
_OPENINGS: Final = frozenset({"consent", "refusal", "thanks", "hesitation", "correction", "shift", "question"})
_CLASSES: Final = _OPENINGS | {"time", "pronoun", "whole", "wish", "act", "ordinal"}
_EMPTY: Final = frozenset({"consent", "refusal", "thanks", "hesitation", "filler"})
"""Classes of words that ask for nothing by themselves."""
_LENGTHS: Final = (1, 2, 4, 7, 12, 20)
_PAIRS: Final = tuple(
    (left, right, f"{left} & {right}")
    for left in (
        *("first:consent", "first:refusal", "first:thanks", "first:correction", "first:question"),
        *("rest:0", "rest:few", "rest:many", "has:act", "question mark", "aside", "long"),
    )
    for right in ("reply:asks", "reply:offers", "reply:which", "reply:done", "picked")
)
"""Features that count again when they stand together: "no" to an offer is not "no" to a report."""


class Scorer(Protocol):
    """Scores a text against the labels."""

    @property
    def labels(self) -> Sequence[str]:
        """The labels, in the order of the scores."""
        ...

    def scores(self, *texts: str, names: Sequence[str] = ()) -> Sequence[float]:
        """Probabilities that sum to 1, of texts taken as one; `names` are names of agents, which are not to be read as words."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowupModel:
    """The learned gate: for each feature, a weight for each source and one for "none of these"."""

    phrases: Phrases
    weights: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """Probabilities in label order, summing to 1, and in plain words why the history mattered ("" when it did not)."""

    probabilities: list[float]
    reason: str = ""


def combine(request: RoutingRequest, situation: Situation | None, *, scorer: Scorer, taxonomy: Taxonomy, model: FollowupModel) -> Combined:
    """The distribution over the labels in the light of the conversation; without a history (`situation` is None) the message's own."""
    names = [name for agent in request.agents for name in (agent.id, agent.name)]
    if situation is None:
        return Combined(probabilities=list(scorer.scores(request.message, names=names)))
    scored = score_sources(situation, scorer, names)
    none = None if taxonomy.none_of_these is None else list(scorer.labels).index(taxonomy.none_of_these)
    gate = _gate(situation_features(situation, scored, none, model.phrases), model.weights)
    probabilities = pool(scored, gate, none)
    return Combined(probabilities=probabilities, reason=_reason(situation, scored, probabilities, none))


def score_sources(situation: Situation, scorer: Scorer, names: Sequence[str]) -> dict[str, Sequence[float]]:
    """The scores of each text that there is, by source."""
    texts = {
        "own": (situation.message,),
        "offer": _said(situation.reply.offer),
        "context": situation.reply.context,
        "choice": _said(situation.picked.text if situation.picked else ""),
        "request": _said(situation.request),
        "joint": _said(f"{situation.request}. {situation.message}" if situation.request else ""),
        "proposed": situation.proposed,
    }
    return {source: scorer.scores(*said, names=names) for source, said in texts.items() if said}


def _said(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def situation_features(situation: Situation, scored: Mapping[str, Sequence[float]], none: int | None, phrases: Phrases) -> dict[str, float]:
    """What the gate sees: the form of message and reply, how sure the scores are, and which agree. No label by name."""
    found = {"always", *_message_features(situation), *_reply_features(situation, phrases)}
    found.update(name for left, right, name in _PAIRS if left in found and right in found)
    return {**dict.fromkeys(sorted(found), 1.0), **_score_features(scored, none)}


def evidence(source: str, scores: Sequence[float], none: int | None) -> list[float]:
    """What a source says for each label, as logarithms. What is pending asks for something: there "none of these" says nothing."""
    if none is None or source not in _PENDING:
        return [math.log(max(score, FLOOR)) for score in scores]
    whole = sum(scores) - scores[none] + FLOOR * len(scores)
    return [math.log(1 / len(scores) if index == none else (score + FLOOR) / whole) for index, score in enumerate(scores)]


def pool(scored: Mapping[str, Sequence[float]], gate: Sequence[float], none: int | None) -> list[float]:
    """The weighted geometric mean of the scores with "none of these" raised by the gate's last value, made a distribution."""
    logits = [0.0] * len(scored["own"])
    for source, weight in zip(SOURCES, gate, strict=False):
        for index, value in enumerate(evidence(source, scored[source], none) if source in scored else ()):
            logits[index] += weight * value
    if none is not None:
        logits[none] += gate[-1]
    highest = max(logits)
    raised = [math.exp(logit - highest) for logit in logits]
    total = sum(raised)
    return [value / total for value in raised]


def _gate(features: Mapping[str, float], weights: Mapping[str, tuple[float, ...]]) -> list[float]:
    known = [(weights[name], value) for name, value in features.items() if name in weights]
    rows = [row if value == 1.0 else [value * weight for weight in row] for row, value in known]
    return [sum(column) for column in zip(*rows, strict=True)] or [0.0] * (len(SOURCES) + 1)


def _message_features(situation: Situation) -> set[str]:
    words, hits, message = situation.words.words, situation.hits, situation.words.text
    found = {f"has:{name}" for hit in hits for name in hit.classes & _CLASSES}
    opening = next((hit.classes & _OPENINGS for hit in hits if hit.start <= 1 and hit.classes & _OPENINGS), frozenset[str]())
    found.update(f"first:{name}" for name in opening)
    length = situation.words.length()
    rest = length - sum(situation.words.length(hit.start, hit.end) for hit in hits if hit.classes & _EMPTY)
    found.add("rest:0" if rest < 1 else "rest:1" if rest < 2 else "rest:few" if rest <= 4 else "rest:more" if rest <= 9 else "rest:many")
    found.update(f"words>{most}" for most in _LENGTHS if length > most)
    marks = {
        "picked": situation.picked is not None,
        "question mark": any(mark in message for mark in QUESTION_MARKS),
        "at sign": "@" in message,
        "digit": any(word.isdecimal() for word in words),
        "capital": any(letter.isupper() for letter in message[1:]),
    }
    return found | {name for name, present in marks.items() if present}


def _reply_features(situation: Situation, phrases: Phrases) -> set[str]:
    reply = situation.reply
    whole = read(reply.text)
    asked = classes_of(phrases.talk.hits(read(reply.question).words))
    said = classes_of(phrases.talk.hits(whole.words))
    known = {word for hit in situation.hits for word in hit.phrase.split()}
    content = {word for word in situation.words.words if len(word) > 2} - known
    marks = {
        "reply:none": not reply.text,
        "reply:asks": reply.asks,
        "reply:offers": reply.offers,
        "reply:which": "ask" in asked,
        "reply:done": "done" in said,
        "reply:states": not reply.asks and not reply.offers,
        "aside": situation.aside,
        "long": bool(situation.proposed),
        "reply:options": bool(situation.options),
        "shared with reply": not content.isdisjoint(whole.words),
        "shared with request": not content.isdisjoint(read(situation.request).words),
    }
    return {name for name, present in marks.items() if present}


def _score_features(scored: Mapping[str, Sequence[float]], none: int | None) -> dict[str, float]:
    best = {source: max(range(len(scores)), key=scores.__getitem__) for source, scores in scored.items()}
    features = {f"{source}: sure": scored[source][index] for source, index in best.items()}
    if none is not None:
        features.update({f"{source}: none": scores[none] for source, scores in scored.items()})
    for source, other in (("offer", "own"), ("choice", "own"), ("request", "own"), ("offer", "request")):
        if source in best and other in best:
            features[f"{source} is {other}"] = float(best[source] == best[other])
    return features


def _reason(situation: Situation, scored: Mapping[str, Sequence[float]], probabilities: Sequence[float], none: int | None) -> str:
    """Why the label is not the message's own: what it answers."""
    chosen = max(range(len(probabilities)), key=probabilities.__getitem__)
    own = scored["own"]
    if own[chosen] == max(own):
        return ""
    if chosen == none:
        return "after what was said, it asks for nothing more"
    answered = situation.picked.text if situation.picked else situation.reply.offer or situation.request
    short = answered if len(answered) <= 80 else f"{answered[:77]}..."
    return f"it answers what was said before: {short!r}"
