"""Prompt templates in jinja2's sandbox. Messages, names and histories are values there: none of them ever becomes template code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from omniforge_cli.core.conversation import Agent
from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.core.errors import PromptError
from omniforge_cli.core.prompt import FewShot, PromptVersion
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.routing.provider import ChatMessage

_TEMPLATE_FAULTS: Final = (TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What evaluating a template can raise: jinja2's own errors, and those of the expressions in it."""


def _quoted(value: object) -> str:
    """JSON on one line, letters of every script kept: text from a conversation cannot leave its quotes."""
    return json.dumps(value, ensure_ascii=False)


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)
    environment.filters["tojson"] = _quoted  # jinja2's own escapes for HTML
    return environment


_ENVIRONMENT: Final = _environment()


class JinjaRenderer:
    """A `Renderer`: system text, examples as user and assistant turns, then the message. What never changes comes first.

    Templates see `taxonomy`, `agents`, `skills`, `history`, `message` and `tenant` as plain values. Each example is rendered with the
    same `user` template as the message; those with a label that the taxonomy does not have are left out.
    """

    def __init__(self) -> None:
        self._fixed: _Fixed | None = None
        self._lead: str | None = None  # what stands before a message without history and agents

    def render(self, prompt: PromptVersion, taxonomy: Taxonomy, request: RoutingRequest) -> tuple[ChatMessage, ...]:
        """The messages on the wire; the last one ends with the user's message, to the byte.

        Raises:
            PromptError: a template is broken, uses an unknown variable, or does not put the message last.
        """
        fixed = self._fixed
        if fixed is None or fixed.prompt is not prompt or fixed.taxonomy is not taxonomy:
            fixed = self._fixed = _fixed(prompt, taxonomy)
            self._lead = None
        if fixed.system is not None and fixed.message_stands_apart and not request.history and not request.agents:
            if self._lead is None:
                self._lead = _filled(prompt, "user", _values(fixed.labels, request) | {"message": ""})
            return (fixed.system, *fixed.turns, ChatMessage(role="user", content=self._lead + request.message))
        values = _values(fixed.labels, request)
        system = fixed.system or ChatMessage(role="system", content=_filled(prompt, "system", values))
        return (system, *fixed.turns, _user(prompt, values))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fixed:
    """What is the same for every message: rendering twenty examples anew each time took four fifths of an eval's time.

    `system` is None where its template reads more than the taxonomy. `message_stands_apart` where what the user template puts before the
    message depends on neither it nor the tenant.
    """

    prompt: PromptVersion
    taxonomy: Taxonomy
    labels: dict[str, Any]
    system: ChatMessage | None
    turns: tuple[ChatMessage, ...]
    message_stands_apart: bool


def _fixed(prompt: PromptVersion, taxonomy: Taxonomy) -> _Fixed:
    labels = _plain_taxonomy(taxonomy)
    turns = tuple(turn for example in _usable(prompt, taxonomy) for turn in _turns(prompt, labels, example))
    system = None
    if _variables(prompt) <= {"taxonomy"}:
        system = ChatMessage(role="system", content=_filled(prompt, "system", {"taxonomy": labels}))
    apart = _message_stands_apart(prompt)
    return _Fixed(prompt=prompt, taxonomy=taxonomy, labels=labels, system=system, turns=turns, message_stands_apart=apart)


def _message_stands_apart(prompt: PromptVersion) -> bool:
    try:
        template = _ENVIRONMENT.parse(prompt.user.rstrip())
    except TemplateError:
        return False  # rendering it says what is wrong, and where
    named = [name for name in template.find_all(nodes.Name) if name.name == "message"]
    last = template.body[-1] if template.body else None
    is_last = len(named) == 1 and isinstance(last, nodes.Output) and last.nodes[-1] is named[0]
    return is_last and "tenant" not in find_undeclared_variables(template)


def _variables(prompt: PromptVersion) -> set[str]:
    """The variables that the system template reads."""
    try:
        return find_undeclared_variables(_ENVIRONMENT.parse(prompt.system))
    except TemplateError:
        return {"?"}  # rendering it says what is wrong, and where


def _usable(prompt: PromptVersion, taxonomy: Taxonomy) -> list[FewShot]:
    """The examples that fit the taxonomy. None when they show one label only: they would teach nothing but that label."""
    known = {None, *taxonomy.names}
    fitting = [one for one in prompt.few_shot if {one.reply["action_type"], one.reply.get("alternative_action")} <= known]
    return fitting if len({one.reply["action_type"] for one in fitting}) > 1 else []


def _turns(prompt: PromptVersion, labels: Mapping[str, Any], example: FewShot) -> Iterator[ChatMessage]:
    agents = tuple(Agent(id=name, name=name) for name in example.agents)
    yield _user(prompt, _values(labels, RoutingRequest(message=example.message, history=example.history, agents=agents)))
    yield ChatMessage(role="assistant", content=json.dumps(example.reply, ensure_ascii=False, separators=(",", ":")))


def _user(prompt: PromptVersion, values: Mapping[str, Any]) -> ChatMessage:
    content = _filled(prompt, "user", values)
    if not content.endswith(values["message"]):
        raise PromptError(f"prompt {prompt.ref}: the user template must end with {{{{ message }}}}, so that the message stands last")
    return ChatMessage(role="user", content=content)


def _values(labels: Mapping[str, Any], request: RoutingRequest) -> dict[str, Any]:
    return {
        "taxonomy": labels,
        "agents": [
            {"id": agent.id, "name": agent.name, "description": agent.description, "skills": list(agent.skills)} for agent in request.agents
        ],
        "skills": list(request.skills),
        "history": [{"role": message.role, "content": message.content} for message in request.history],
        "message": request.message,
        "tenant": request.tenant_id,
    }


def _plain_taxonomy(taxonomy: Taxonomy) -> dict[str, Any]:
    return {
        "name": taxonomy.name,
        "description": taxonomy.description,
        "none_of_these": taxonomy.none_of_these,
        "addressed_to_agent": taxonomy.addressed_to_agent,
        "clarification_threshold": taxonomy.clarification_threshold,
        "boundary_rules": list(taxonomy.boundary_rules),
        "labels": [
            {
                "name": label.name,
                "description": label.description,
                "phrase": label.phrase,
                "boundary_notes": list(label.boundary_notes),
                "examples": list(label.examples),
                "keywords": list(label.keywords),
            }
            for label in taxonomy.labels
        ],
    }


def _filled(prompt: PromptVersion, part: str, values: Mapping[str, Any]) -> str:
    try:
        return _compiled(prompt.system if part == "system" else prompt.user).render(values)
    except _TEMPLATE_FAULTS as exc:
        line = getattr(exc, "lineno", None)
        where = f"{part} template" + (f", line {line}" if line else "")
        raise PromptError(f"prompt {prompt.ref}: {where}: {' '.join(str(exc).split())}") from exc


@lru_cache(maxsize=64)
def _compiled(source: str) -> Template:
    """The template, compiled once a process. White space after its last tag is an editor's, not the prompt's."""
    return _ENVIRONMENT.from_string(source.rstrip())
