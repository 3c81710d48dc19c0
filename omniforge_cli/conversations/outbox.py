"""Messages on their way to the store. Storing is best-effort here: a failure costs one warning and is retried in the background."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from omniforge_cli.conversations.repository import ConversationRepository
from omniforge_cli.core.conversation import Message
from omniforge_cli.core.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Messages to be stored together. `user_id` is whose the conversation becomes where it `is_new`, `only_user` whose it must be."""

    conversation_id: str
    tenant_id: str
    user_id: str
    only_user: str | None
    is_new: bool
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a reply waits for its messages to be stored, and the pauses between retries, in seconds."""

    reply_s: float = 1.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 30.0


class Outbox:
    """Stores letters one after another and never gives up before it is closed. `is_failing` while the last attempt failed."""

    def __init__(self, repository: ConversationRepository, *, warn: Callable[[str], None], patience: Patience) -> None:
        self._repository = repository
        self._warn = warn
        self._patience = patience
        self._queue: deque[tuple[Letter, asyncio.Future[None]]] = deque()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._has_warned = False
        self.is_failing = False

    async def put(self, letter: Letter) -> None:
        """Take a letter. Returns once it is stored or storing failed, at the latest after `reply_s`; at once while storing is failing."""
        attempted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((letter, attempted))
        self._work_on()
        if not self.is_failing:
            await asyncio.wait([attempted], timeout=self._patience.reply_s)

    def unstored(self, conversation_id: str, *, tenant_id: str, only_user: str | None) -> Sequence[Message]:
        """The messages of a conversation that are not stored yet, oldest first."""
        letters = [letter for letter, _ in self._queue if (letter.tenant_id, letter.conversation_id) == (tenant_id, conversation_id)]
        return [message for letter in letters if only_user in (None, letter.user_id) for message in letter.messages]

    def failed(self, problem: Exception) -> None:
        """Note that the store cannot be used at the moment; nobody waits for it then."""
        self.is_failing = True
        for _, attempted in self._queue:
            _free(attempted)
        self._say(problem)

    async def close(self) -> int:
        """Try once more what is not stored; the number of messages that are lost."""
        self._closing.set()
        if self._queue:
            self._work_on()
        if self._task is not None:
            await self._task
        return sum(len(letter.messages) for letter, _ in self._queue)

    def _work_on(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        pause_s = self._patience.first_pause_s
        while self._queue:
            letter, attempted = self._queue[0]
            if await self._is_settled(letter):
                self._queue.popleft()
                _free(attempted)
                pause_s = self._patience.first_pause_s
                continue
            if self._closing.is_set():
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), pause_s)
            pause_s = min(pause_s * 2, self._patience.longest_pause_s)

    async def _is_settled(self, letter: Letter) -> bool:
        """Whether nothing is left to do for this letter: it is stored, or its conversation was deleted meanwhile."""
        tenant_id, conversation_id = letter.tenant_id, letter.conversation_id
        try:
            if letter.is_new:
                await self._repository.create(tenant_id=tenant_id, user_id=letter.user_id, conversation_id=conversation_id)
            await self._repository.add(conversation_id, letter.messages, tenant_id=tenant_id, user_id=letter.only_user)
        except NotFound as exc:
            self._say(exc)
        except Exception as exc:  # whatever storing met, the conversation goes on
            self.failed(exc)
            return False
        self.is_failing = False
        return True

    def _say(self, problem: Exception) -> None:
        if not self._has_warned:
            self._has_warned = True
            self._warn(f"the conversation is not being stored ({problem}); it goes on, and storing is tried again until it ends")


def _free(attempted: asyncio.Future[None]) -> None:
    if not attempted.done():
        attempted.set_result(None)
