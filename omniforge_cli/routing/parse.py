"""A model's reply -> what it decided. Reads through wrapping, copes with wrong types, and never repairs an incomplete reply."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from omniforge_cli.core.conversation import Agent
from omniforge_cli.core.decision import FallbackReason, Usage
from omniforge_cli.core.errors import ReplyParseError
from omniforge_cli.core.taxonomy import Taxonomy

DEFAULT_CONFIDENCE: Final = 0.8
"""For a reply that gives none, or none that makes sense. Over the usual thresholds: not saying so is no doubt."""
_COMPLETE: Final = frozenset({None, "stop", "eos", "end_turn", "tool_calls", "function_call"})
"""Finish reasons of a reply that the model ended itself; any other (length, content_filter …) was cut off."""
_TRUE: Final = frozenset({"true", "yes", "1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedReply:
    """What a reply says, in terms of the taxonomy and the user's agents. `confidence` lies in 0..1."""

    action_type: str
    confidence: float
    target_agent_id: str | None = None
    entities: Mapping[str, Any] = field(default_factory=dict)
    reasoning: str = ""
    is_ambiguous: bool = False
    alternative_action: str | None = None
    clarifying_question: str | None = None


def parse_reply(
    text: str, *, taxonomy: Taxonomy, agents: tuple[Agent, ...] = (), finish_reason: str | None = None, usage: Usage | None = None
) -> ParsedReply:
    """The decision in a reply.

    Raises:
        ReplyParseError: `empty_output` for nothing at all; `bad_output` for a cut-off reply, no complete JSON object with an
            `action_type`, several that disagree, or a label that the taxonomy does not have. It carries `usage`.
    """

    def refuse(why: str, reason: FallbackReason = FallbackReason.BAD_OUTPUT) -> ReplyParseError:
        return ReplyParseError(f"the model's reply cannot be used: {why}", reason=reason, usage=usage, attempts=1)

    if finish_reason not in _COMPLETE:
        raise refuse(f"it was cut off (finish_reason={finish_reason})")
    if not text.strip():
        raise refuse("it is empty", FallbackReason.EMPTY_OUTPUT)
    try:
        replies = [value for value in _objects(text) if "action_type" in value]
    except (ValueError, RecursionError) as exc:
        raise refuse(f"no complete JSON object ({exc})") from exc
    if not replies:
        raise refuse("it has no JSON object with an `action_type`")
    labels = {_label(reply["action_type"], taxonomy) for reply in replies}
    if None in labels:
        raise refuse(f"{_short(replies[0]['action_type'])} is not a label of taxonomy {taxonomy.name}")
    if len(labels) > 1:
        raise refuse("it has several objects that disagree on `action_type`")
    return _read(replies[-1], taxonomy, agents)


def _read(reply: Mapping[str, Any], taxonomy: Taxonomy, agents: tuple[Agent, ...]) -> ParsedReply:
    action = _label(reply["action_type"], taxonomy)
    alternative = _label(reply.get("alternative_action"), taxonomy)
    entities = reply.get("entities")
    ambiguous = reply.get("is_ambiguous")
    return ParsedReply(
        action_type=action or "",
        confidence=_confidence(reply.get("confidence")),
        target_agent_id=_agent_id(reply.get("target_agent_id"), agents),
        entities=_clean(entities) if isinstance(entities, dict) else {},
        reasoning=_text(reply.get("reasoning")) or "",
        is_ambiguous=ambiguous is True or (isinstance(ambiguous, str) and ambiguous.strip().lower() in _TRUE),
        alternative_action=alternative if alternative != action else None,
        clarifying_question=_text(reply.get("clarifying_question")),
    )


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The outermost JSON objects in a text, in order; braces in prose are none. ValueError when one never ends or is a broken answer."""
    position = text.find("{")
    while position != -1:
        try:
            value, end = _STRICT.raw_decode(text, position)
        except ValueError:
            end = _balanced_end(text, position)
            value = _decode(text[position:end])
        if value is not None:
            yield value
        position = text.find("{", end)


def _balanced_end(text: str, start: int) -> int:
    """Where the object that opens at `start` ends; braces inside strings do not count."""
    depth = 0
    in_string = False
    for token in re.compile(r'\\.|["{}]', re.DOTALL).finditer(text, start):
        sign = token.group()
        if sign == '"':
            in_string = not in_string
        elif not in_string and sign == "{":
            depth += 1
        elif not in_string and sign == "}":
            depth -= 1
            if depth == 0:
                return token.end()
    raise ValueError("it ends inside the object")


def _decode(source: str) -> dict[str, Any] | None:
    """One object, a comma before a closing bracket forgiven; None for braces in prose. ValueError for a broken answer."""
    strict = re.sub(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', lambda match: match.group(1) or "", source, flags=re.DOTALL)
    try:
        value = _STRICT.decode(strict)
    except ValueError:
        if "action_type" in source:
            raise
        return None
    assert isinstance(value, dict)  # it begins with a brace
    return value


def _one_answer(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({json.dumps(value) for key, value in pairs if key == "action_type"}) > 1:
        raise ValueError("`action_type` stands twice in one object")
    return dict(pairs)


_STRICT: Final = json.JSONDecoder(object_pairs_hook=_one_answer, strict=False)
"""Reads JSON that needs no forgiveness, but for control characters in strings."""


def _label(value: object, taxonomy: Taxonomy) -> str | None:
    """The taxonomy's label that is meant, whatever its case and separators; None for none."""
    if not isinstance(value, str):
        return None
    if value in taxonomy.names:
        return value
    wanted = _bare(value.rpartition(".")[2])
    return next((name for name in taxonomy.names if _bare(name) == wanted), None)


def _bare(name: str) -> str:
    return re.sub(r"[\s_\-]+", "_", name.strip().casefold())


def _confidence(value: object) -> float:
    if isinstance(value, str):
        try:
            value = float(value.strip().removesuffix("%"))
        except ValueError:
            return DEFAULT_CONFIDENCE
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= 100:
        return DEFAULT_CONFIDENCE
    if value <= 1:
        return float(value)
    return 1.0 if value < 2 else value / 100


def _agent_id(value: object, agents: tuple[Agent, ...]) -> str | None:
    """The id of the user's agent that is meant by id or name; a model's invention is nobody."""
    if not isinstance(value, str):
        return None
    wanted = _bare(value.lstrip("@"))
    return next((agent.id for agent in agents if wanted in (_bare(agent.id), _bare(agent.name))), None)


def _text(value: object) -> str | None:
    return _clean(value) if isinstance(value, str) and value.strip() else None


def _clean(value: Any) -> Any:
    """The same JSON value with what cannot be written as UTF-8 or as JSON replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…'"
