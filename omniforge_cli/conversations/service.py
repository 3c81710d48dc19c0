"""Chat without a terminal: one message in, its routing decision and a reply out, both remembered where there is a store."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol
from weakref import WeakValueDictionary

from omniforge_cli.conversations.context import ContextLimits
from omniforge_cli.conversations.outbox import Letter, Outbox, Patience
from omniforge_cli.conversations.repository import ConversationRepository, Origins
from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.decision import RoutingDecision, RoutingRequest
from omniforge_cli.core.errors import NotFound, StorageError
from omniforge_cli.core.taxonomy import Taxonomy

_LOG: Final = logging.getLogger(__name__)
_PIECE: Final = re.compile(r"\S*\s*")


class RoutesMessages(Protocol):
    """What decides: the package's `Router`, or anything like it."""

    async def route(self, request: RoutingRequest) -> RoutingDecision:
        """The decision for one message.

        Raises:
            IntentAnalysisError: there is none.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Who sends a message. New conversations belong to `user_id`; where `only_user` is set, no other user's conversation exists."""

    tenant_id: str = "default-tenant"
    user_id: str = "default-user"
    only_user: str | None = None
    agents: tuple[Agent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatOptions:
    """How much history is shown to the analyzer, how long storing may hold up a reply, and where times and ids come from."""

    limits: ContextLimits = field(default_factory=ContextLimits)
    patience: Patience = field(default_factory=Patience)
    origins: Origins = field(default_factory=Origins)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What came of one message."""

    conversation_id: str
    decision: RoutingDecision
    reply: str

    async def stream(self) -> AsyncIterator[str]:
        """The reply in pieces of a word; together they are the reply."""
        for piece in _PIECE.findall(self.reply):
            if piece:
                yield piece
                await asyncio.sleep(0)


class ChatService:
    """Routes the messages of conversations, replies from the taxonomy's templates, and stores both; for many speakers at once.

    Without a repository nothing is remembered, not even within the session. When the repository fails, replies still come, `warn` is told
    once, and storing is tried again in the background until `close`.
    """

    def __init__(
        self,
        *,
        router: RoutesMessages,
        taxonomy: Taxonomy,
        repository: ConversationRepository | None = None,
        warn: Callable[[str], None] = _LOG.warning,
        options: ChatOptions | None = None,
    ) -> None:
        self._router = router
        self._taxonomy = taxonomy
        self._repository = repository
        self._options = options or ChatOptions()
        self._outbox = Outbox(repository, warn=warn, patience=self._options.patience) if repository is not None else None
        self._new: dict[tuple[str, str], str] = {}  # conversations that may not be in the store yet, with their user
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def send(self, content: str, *, speaker: Speaker, conversation_id: str | None = None) -> Turn:
        """Route one message of a conversation, or of a new one. Messages to one conversation are taken in the order of the calls.

        Raises:
            NotFound: the conversation that is named does not exist for this speaker.
            IntentAnalysisError: there is no decision; nothing is stored.
        """
        if conversation_id is None:
            conversation_id = self._options.origins.new_id()
            self._new[speaker.tenant_id, conversation_id] = speaker.user_id
        lock = self._locks.setdefault((speaker.tenant_id, conversation_id), asyncio.Lock())
        async with lock:
            return await self._take(content, speaker, conversation_id)

    async def close(self) -> int:
        """Store what is not stored yet, if it can be; the number of messages that are lost."""
        return 0 if self._outbox is None else await self._outbox.close()

    async def _take(self, content: str, speaker: Speaker, conversation_id: str) -> Turn:
        origins = self._options.origins
        history = await self._history(speaker, conversation_id)
        asked = Message(role="user", content=content, id=origins.new_id(), created_at=origins.now())
        decision = await self._router.route(
            RoutingRequest(
                message=content,
                history=self._options.limits.assemble(history),
                agents=speaker.agents,
                tenant_id=speaker.tenant_id,
                conversation_id=conversation_id,
            )
        )
        reply = reply_to(decision, self._taxonomy, speaker.agents)
        if self._outbox is not None:
            said = Message(
                role="assistant", content=reply, id=origins.new_id(), created_at=origins.now(), metadata={"in_reply_to": asked.id}
            )
            await self._outbox.put(self._letter(speaker, conversation_id, _with_decision(asked, decision), said))
        return Turn(conversation_id=conversation_id, decision=decision, reply=reply)

    async def _history(self, speaker: Speaker, conversation_id: str) -> Sequence[Message]:
        """What was said before: the stored messages, then those that wait to be stored."""
        if self._repository is None or self._outbox is None:
            return ()
        waiting = self._outbox.unstored(conversation_id, tenant_id=speaker.tenant_id, only_user=speaker.only_user)
        if self._outbox.is_failing:
            return waiting
        limit = self._options.limits.max_messages
        key = (speaker.tenant_id, conversation_id)
        try:
            stored = await self._repository.recent_messages(
                conversation_id, tenant_id=speaker.tenant_id, user_id=speaker.only_user, limit=limit
            )
        except NotFound:
            if key not in self._new or speaker.only_user not in (None, self._new[key]):
                raise
            return waiting
        except StorageError as exc:
            self._outbox.failed(exc)
            return waiting
        self._new.pop(key, None)
        there = {message.id for message in stored}
        return [*stored, *(message for message in waiting if message.id not in there)]

    def _letter(self, speaker: Speaker, conversation_id: str, *messages: Message) -> Letter:
        return Letter(
            conversation_id=conversation_id,
            tenant_id=speaker.tenant_id,
            user_id=speaker.user_id,
            only_user=speaker.only_user,
            is_new=(speaker.tenant_id, conversation_id) in self._new,
            messages=messages,
        )


def reply_to(decision: RoutingDecision, taxonomy: Taxonomy, agents: Sequence[Agent] = ()) -> str:
    """What to say: the label's reply with the agent meant, then the clarifying question when there is one."""
    label = taxonomy.label(decision.action_type)
    names = {agent.id: agent.name for agent in agents}
    target = decision.target_agent_id
    told = (label.reply or f"I would {label.spoken}{{target}}.").replace("{target}", f" for {names.get(target, target)}" if target else "")
    return told if decision.clarifying_question is None else f"{told}\n{decision.clarifying_question}"


def _with_decision(message: Message, decision: RoutingDecision) -> Message:
    return replace(message, metadata={"decision": decision.to_dict()})
