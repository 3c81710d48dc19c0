"""Stored conversations that go on: chat, and `route` with a conversation behind the message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType

from omniforge_cli.api.router import IntentRouter
from omniforge_cli.conversations.service import ChatOptions, ChatService, Speaker, Turn
from omniforge_cli.core.conversation import Conversation
from omniforge_cli.core.settings import Settings
from omniforge_cli.wiring.conversations import context_limits, repository, typed_user


class Chat:
    """A conversation of the settings' tenant and user, stored as it goes; an async context manager.

    `conversation_id` is None until the first message makes one. Where the store fails, `warn` is told once and the chat goes on.
    """

    def __init__(self, router: IntentRouter, settings: Settings, *, warn: Callable[[str], None]) -> None:
        self._router = router
        self._settings = settings
        self._repository = repository(settings)
        self._speaker = Speaker(tenant_id=settings.tenant, user_id=settings.user, only_user=typed_user(settings), agents=router.agents)
        self._service = ChatService(
            router=router.router,
            taxonomy=router.taxonomy,
            repository=self._repository,
            warn=warn,
            options=ChatOptions(limits=context_limits(settings, warn)),
        )
        self.conversation_id: str | None = None
        self._warming: asyncio.Task[None] | None = None
        self.lost = 0  # messages that could not be stored in the end

    async def __aenter__(self) -> Chat:
        return self

    def expect_a_message(self) -> None:
        """Open a connection to the model's server while somebody types."""
        self._warming = asyncio.create_task(self._router.warm_up())

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.wait([self._warming])
        self.lost = await self._service.close()
        await self._router.close()

    async def resume(self, conversation_id: str) -> Conversation:
        """Go on with a stored conversation.

        Raises:
            NotFound: it does not exist for this tenant and user.
            StorageError: the store cannot be read.
        """
        head = await self._repository.get(conversation_id, tenant_id=self._settings.tenant, user_id=self._speaker.only_user)
        self.conversation_id = head.id
        return head

    def begin_anew(self) -> None:
        """Let the next message open a new conversation."""
        self.conversation_id = None

    async def send(self, message: str) -> Turn:
        """Route one message, reply, and store both; raises IntentAnalysisError where nobody may stand in for the LLM."""
        turn = await self._service.send(message, speaker=self._speaker, conversation_id=self.conversation_id)
        self.conversation_id = turn.conversation_id
        return turn

    async def recent(self, limit: int = 10) -> list[Conversation]:
        """The conversations that moved last; raises StorageError."""
        return await self._repository.list(tenant_id=self._settings.tenant, user_id=self._speaker.only_user, limit=limit)
