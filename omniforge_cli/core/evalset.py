"""Eval sets: versioned, labelled messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.identity import content_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One labelled message. `expected_action` is None only in a replay, for a turn without a decision made then.

    `origin` says where a replayed turn came from (conversation id and message id), and `decided_then` holds the decision made then;
    they are no part of the content.
    """

    id: str
    message: str
    expected_action: str | None
    acceptable_actions: tuple[str, ...] = ()
    expected_entities: Mapping[str, Any] = field(default_factory=dict)
    expected_ambiguous: bool | None = None
    history: tuple[Message, ...] = ()
    agents: tuple[Agent, ...] = ()
    tags: tuple[str, ...] = ()
    note: str = ""
    description: str = ""
    origin: str | None = None
    decided_then: Mapping[str, Any] = field(default_factory=dict)

    @property
    def content_hash(self) -> str:
        """Identity of what is asked and what is expected: two runs are paired where id and this hash agree."""
        return content_hash(
            [
                self.message,
                self.expected_action,
                sorted(self.acceptable_actions),
                [[message.role, message.content] for message in self.history],
                [[agent.id, agent.name, agent.description, list(agent.skills)] for agent in self.agents],
                {key: self.expected_entities[key] for key in sorted(self.expected_entities)},
                self.expected_ambiguous,
            ]
        )

    def accepts(self, action: str | None) -> bool:
        """Whether that answer counts as right."""
        return action is not None and (action == self.expected_action or action in self.acceptable_actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalSet:
    """Cases in file order. `sha256` is of the file's bytes; `sets` names the parts of a joined one."""

    name: str
    version: str
    cases: Sequence[Case] = field(repr=False)  # asyncio prints the result of its main task when it ends
    description: str = ""
    sha256: str = ""
    sets: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"
