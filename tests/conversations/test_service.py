from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from omniforge_cli.conversations.context import ContextLimits
from omniforge_cli.conversations.memory import InMemoryConversationRepository
from omniforge_cli.conversations.outbox import Patience
from omniforge_cli.conversations.service import ChatOptions, ChatService, Speaker, reply_to
from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.decision import RoutingDecision, RoutingRequest, Source
from omniforge_cli.core.errors import IntentAnalysisError, NotFound, StorageError
from omniforge_cli.core.taxonomy import Label, Taxonomy

TAXONOMY = Taxonomy(name="t", labels=(Label(name="open", phrase="open a ticket", reply="I would open it{target}."), Label(name="shut")))
ANN = Speaker(tenant_id="acme", user_id="ann", agents=(Agent(id="w1", name="Willow"),))
QUICK = ChatOptions(patience=Patience(first_pause_s=0.001, longest_pause_s=0.002))


class EchoRouter:
    """Decides for the first label, keeps what it was asked, and can be slow or fail."""

    def __init__(self, **changes: Any) -> None:
        self.asked: list[RoutingRequest] = []
        self.changes = changes

    async def route(self, request: RoutingRequest) -> RoutingDecision:
        self.asked.append(request)
        await asyncio.sleep(0.01 if request.message == "slow" else 0)
        decision = RoutingDecision(action_type="open", confidence=0.9, source=Source.KEYWORD, conversation_id=request.conversation_id)
        return replace(decision, **self.changes)


class FailingRepository(InMemoryConversationRepository):
    """Refuses everything while `broken`."""

    broken = True
    attempts = 0

    async def add(self, *args: Any, **kwargs: Any) -> Sequence[Message]:
        self.attempts += 1
        if self.broken:
            raise StorageError("disk full")
        return await super().add(*args, **kwargs)

    async def recent_messages(self, *args: Any, **kwargs: Any) -> Sequence[Message]:
        if self.broken:
            raise StorageError("disk full")
        return await super().recent_messages(*args, **kwargs)


def service(repository: InMemoryConversationRepository | None, router: EchoRouter | None = None, **changes: Any) -> ChatService:
    given: dict[str, Any] = {"router": router or EchoRouter(), "taxonomy": TAXONOMY, "repository": repository, "options": QUICK}
    return ChatService(**given | changes)


async def stored(repository: InMemoryConversationRepository, conversation_id: str) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in await repository.messages(conversation_id, tenant_id="acme")]


async def test_a_message_without_a_conversation_begins_one_and_both_lines_are_stored() -> None:
    repository = InMemoryConversationRepository()
    chat = service(repository)
    turn = await chat.send("Open a ticket. Now.", speaker=ANN)
    head = await repository.get(turn.conversation_id, tenant_id="acme", user_id="ann")
    assert head.title == "Open a ticket."
    user, assistant = await repository.messages(turn.conversation_id, tenant_id="acme")
    assert (user.content, assistant.content) == ("Open a ticket. Now.", "I would open it.")
    assert user.metadata == {"decision": turn.decision.to_dict()}
    assert turn.decision.conversation_id == turn.conversation_id
    assert assistant.metadata == {"in_reply_to": user.id}
    assert await chat.close() == 0


async def test_history_is_what_stood_before_the_message_and_no_more_than_is_allowed() -> None:
    router = EchoRouter()
    chat = service(InMemoryConversationRepository(), router, options=replace(QUICK, limits=ContextLimits(max_messages=3)))
    first = await chat.send("one", speaker=ANN)
    await chat.send("two", speaker=ANN, conversation_id=first.conversation_id)
    await chat.send("three", speaker=ANN, conversation_id=first.conversation_id)
    reply = "I would open it."
    assert [[message.content for message in request.history] for request in router.asked] == [[], ["one", reply], [reply, "two", reply]]
    await chat.close()


@pytest.mark.parametrize("speaker", [replace(ANN, tenant_id="other"), replace(ANN, only_user="eve")], ids=["tenant", "user"])
async def test_a_conversation_that_is_not_yours_is_not_found_and_gets_no_message(speaker: Speaker) -> None:
    repository = InMemoryConversationRepository()
    router = EchoRouter()
    chat = service(repository, router)
    mine = await chat.send("mine", speaker=ANN)
    for conversation_id in (mine.conversation_id, "missing"):
        with pytest.raises(NotFound):
            await chat.send("theirs", speaker=speaker, conversation_id=conversation_id)
    assert len(await stored(repository, mine.conversation_id)) == 2
    assert len(router.asked) == 1
    await chat.close()


async def test_messages_sent_at_once_to_one_conversation_are_taken_in_order() -> None:
    repository = InMemoryConversationRepository()
    router = EchoRouter()
    chat = service(repository, router)
    conversation_id = (await chat.send("first", speaker=ANN)).conversation_id
    said = ["slow", "b", "c"]
    await asyncio.gather(*(chat.send(text, speaker=ANN, conversation_id=conversation_id) for text in said))
    assert [text for role, text in await stored(repository, conversation_id) if role == "user"] == ["first", *said]
    assert [len(request.history) for request in router.asked] == [0, 2, 4, 6]
    await chat.close()


async def test_a_slow_conversation_does_not_hold_up_another() -> None:
    router = EchoRouter()
    chat = service(None, router)
    finished: list[str] = []

    async def say(text: str) -> None:
        await chat.send(text, speaker=ANN)
        finished.append(text)

    await asyncio.gather(say("slow"), say("quick"))
    assert finished == ["quick", "slow"]


async def test_without_a_repository_nothing_is_remembered() -> None:
    router = EchoRouter()
    chat = service(None, router)
    turn = await chat.send("one", speaker=ANN)
    await chat.send("two", speaker=ANN, conversation_id=turn.conversation_id)
    assert router.asked[1].history == ()
    assert await chat.close() == 0


async def test_when_storage_fails_replies_come_one_warning_says_so_and_the_conversation_goes_on() -> None:
    warnings: list[str] = []
    repository = FailingRepository()
    router = EchoRouter()
    chat = service(repository, router, warn=warnings.append)
    turn = await chat.send("one", speaker=ANN)
    again = await chat.send("two", speaker=ANN, conversation_id=turn.conversation_id)
    assert (turn.reply, again.reply) == ("I would open it.", "I would open it.")
    assert [message.content for message in router.asked[1].history] == ["one", "I would open it."]
    assert len(warnings) == 1 and "disk full" in warnings[0]
    assert await chat.close() == 4
    assert len(warnings) == 1


async def test_what_could_not_be_stored_is_retried_in_the_background() -> None:
    repository = FailingRepository()
    chat = service(repository, warn=lambda _: None)
    turn = await chat.send("one", speaker=ANN)
    while repository.attempts < 3:
        await asyncio.sleep(0.001)
    repository.broken = False
    while not await repository.list(tenant_id="acme") or len(await stored(repository, turn.conversation_id)) < 2:
        await asyncio.sleep(0.001)
    await chat.send("two", speaker=ANN, conversation_id=turn.conversation_id)
    assert [text for role, text in await stored(repository, turn.conversation_id) if role == "user"] == ["one", "two"]
    assert await chat.close() == 0


async def test_what_could_not_be_stored_is_flushed_at_the_end() -> None:
    repository = FailingRepository()
    chat = service(repository, warn=lambda _: None, options=ChatOptions(patience=Patience(first_pause_s=3600)))
    turn = await chat.send("one", speaker=ANN)
    await chat.send("two", speaker=ANN, conversation_id=turn.conversation_id)
    repository.broken = False
    assert await chat.close() == 0
    assert [text for role, text in await stored(repository, turn.conversation_id) if role == "user"] == ["one", "two"]


async def test_a_store_that_hangs_holds_up_a_reply_no_longer_than_its_patience() -> None:
    class Hanging(InMemoryConversationRepository):
        free = asyncio.Event()

        async def add(self, *args: Any, **kwargs: Any) -> Sequence[Message]:
            await self.free.wait()
            return await super().add(*args, **kwargs)

    repository = Hanging()
    chat = service(repository, options=ChatOptions(patience=Patience(reply_s=0.001)))
    turn = await chat.send("one", speaker=ANN)
    assert await stored(repository, turn.conversation_id) == []
    repository.free.set()
    assert await chat.close() == 0
    assert len(await stored(repository, turn.conversation_id)) == 2


async def test_a_conversation_deleted_meanwhile_is_told_and_does_not_block_others() -> None:
    warnings: list[str] = []
    repository = InMemoryConversationRepository()
    chat = service(repository, warn=warnings.append)
    conversation_id = (await chat.send("one", speaker=ANN)).conversation_id

    class Deleting(EchoRouter):
        async def route(self, request: RoutingRequest) -> RoutingDecision:
            await repository.delete(conversation_id, tenant_id="acme")
            return await super().route(request)

    other = service(repository, Deleting(), warn=warnings.append)
    assert (await other.send("two", speaker=ANN, conversation_id=conversation_id)).reply
    assert len(warnings) == 1
    assert await other.close() == 0
    await chat.close()


async def test_a_message_that_could_not_be_decided_is_not_stored() -> None:
    class Undecided(EchoRouter):
        async def route(self, request: RoutingRequest) -> RoutingDecision:
            raise IntentAnalysisError("no key", reason=None)  # type: ignore[arg-type]

    repository = InMemoryConversationRepository()
    chat = service(repository, Undecided())
    with pytest.raises(IntentAnalysisError):
        await chat.send("one", speaker=ANN)
    assert await repository.list(tenant_id="acme") == []
    await chat.close()


async def test_the_pieces_of_a_streamed_reply_are_the_reply() -> None:
    chat = service(None, EchoRouter(target_agent_id="w1", clarifying_question="Or shut it?"))
    turn = await chat.send("x", speaker=ANN)
    pieces = [piece async for piece in turn.stream()]
    assert "".join(pieces) == turn.reply == "I would open it for Willow.\nOr shut it?"
    assert len(pieces) > 3


@pytest.mark.parametrize(
    ("changes", "reply"),
    [
        ({}, "I would open it."),
        ({"target_agent_id": "w1"}, "I would open it for Willow."),
        ({"target_agent_id": "{target} {0}"}, "I would open it for {target} {0}."),
        ({"action_type": "shut", "target_agent_id": "w1"}, "I would shut for Willow."),
        ({"clarifying_question": "Which?"}, "I would open it.\nWhich?"),
    ],
    ids=str,
)
def test_the_reply_is_the_labels_template_with_the_agent_and_the_question(changes: dict[str, Any], reply: str) -> None:
    decision = replace(RoutingDecision(action_type="open", confidence=1.0, source=Source.LOCAL), **changes)
    assert reply_to(decision, TAXONOMY, ANN.agents) == reply
