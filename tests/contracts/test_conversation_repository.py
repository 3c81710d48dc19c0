"""One body for every conversation repository."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from omniforge_cli.adapters.duckdb.connection import Database
from omniforge_cli.adapters.duckdb.conversations import DuckDBConversationRepository
from omniforge_cli.conversations.memory import InMemoryConversationRepository
from omniforge_cli.conversations.repository import ConversationRepository, Imported, Origins
from omniforge_cli.core.conversation import Conversation, Message, Transcript
from omniforge_cli.core.errors import ConversationFileError, NotFound

AT = datetime(2026, 11, 22, 8, 0, 0, 1, tzinfo=UTC)
ME: dict[str, Any] = {"tenant_id": "acme", "user_id": "ann"}


def ticking() -> Origins:
    minutes, ids = itertools.count(), itertools.count()
    return Origins(now=lambda: AT + timedelta(minutes=next(minutes)), new_id=lambda: f"id{next(ids)}")


@pytest.fixture(scope="module")
def new_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as it is made, to be copied: making one takes longer than most of these tests."""
    database = Database(tmp_path_factory.mktemp("new") / "c.duckdb")
    asyncio.run(database.write(lambda session: None))
    asyncio.run(database.close())
    return database.path


@pytest.fixture(params=["memory", "duckdb"])
async def repository(request: pytest.FixtureRequest, tmp_path: Path, new_file: Path) -> AsyncIterator[ConversationRepository]:
    if request.param == "memory":
        yield InMemoryConversationRepository(ticking())
        return
    database = Database(shutil.copy(new_file, tmp_path))
    yield DuckDBConversationRepository(database, ticking())
    await database.close()


def user(content: str, **fields: Any) -> Message:
    return Message(role="user", content=content, **fields)


def contents(messages: Sequence[Message]) -> list[str]:
    return [message.content for message in messages]


def transcript(conversation_id: str = "c1", *said: str, tenant_id: str = "acme", at: datetime | None = AT) -> Transcript:
    head = Conversation(id=conversation_id, tenant_id=tenant_id, user_id="bob", title="Imported", created_at=AT, updated_at=AT)
    moments = [at and at + timedelta(seconds=number) for number in range(len(said))]
    return Transcript(conversation=head, messages=tuple(user(text, created_at=moment) for text, moment in zip(said, moments, strict=True)))


async def all_transcripts(repository: ConversationRepository, **filters: Any) -> list[Transcript]:
    return [found async for found in repository.transcripts(**{"tenant_id": "acme"} | filters)]


def test_every_method_takes_keyword_only_tenant_id() -> None:
    for kind in (ConversationRepository, InMemoryConversationRepository, DuckDBConversationRepository):
        methods = {name: method for name, method in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}
        assert len(methods) >= 10
        for name, method in methods.items():
            parameter = inspect.signature(method).parameters["tenant_id"]
            assert parameter.kind is inspect.Parameter.KEYWORD_ONLY, name
            assert parameter.default is inspect.Parameter.empty, name


async def test_a_conversation_comes_back_as_it_was_created(repository: ConversationRepository) -> None:
    made = await repository.create(**ME, title="T", metadata={"a": [1, {"b": None}], "t": (1, 2)})
    assert made.metadata == {"a": [1, {"b": None}], "t": [1, 2]}
    assert (made.created_at, made.updated_at, made.title) == (AT, AT, "T")
    assert await repository.get(made.id, tenant_id="acme") == made
    assert await repository.get(made.id, **ME) == made


async def test_creating_a_given_id_twice_changes_nothing(repository: ConversationRepository) -> None:
    made = await repository.create(**ME, conversation_id="mine")
    assert await repository.create(**ME, conversation_id="mine", title="other") == made
    with pytest.raises(NotFound):
        await repository.create(tenant_id="acme", user_id="eve", conversation_id="mine")


async def test_messages_come_back_in_order_and_without_loss(repository: ConversationRepository) -> None:
    made = await repository.create(**ME)
    said = [user("line\nquote ' \" \\ \u0000 日本語 \U0001f600", metadata={"decision": {"confidence": 0.1 + 0.2}}), user("", id="x")]
    stored = await repository.add(made.id, said, **ME)
    assert [(message.role, message.content) for message in stored] == [(message.role, message.content) for message in said]
    assert stored[0].metadata == {"decision": {"confidence": 0.1 + 0.2}}
    assert stored[1].id == "x"
    assert await repository.messages(made.id, **ME) == stored


async def test_a_lone_surrogate_is_stored_as_the_replacement_character(repository: ConversationRepository) -> None:
    made = await repository.create(**ME)
    await repository.add(made.id, [user("a\ud83db", metadata={"x": "\udc00"})], **ME)
    (found,) = await repository.messages(made.id, **ME)
    assert (found.content, found.metadata) == ("a\ufffdb", {"x": "\ufffd"})


async def test_a_message_keeps_its_own_time_in_utc(repository: ConversationRepository) -> None:
    made = await repository.create(**ME)
    moment = datetime(2020, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    (stored,) = await repository.add(made.id, [user("x", created_at=moment)], **ME)
    assert stored.created_at == moment and stored.created_at.tzinfo is UTC
    assert (await repository.messages(made.id, **ME))[0] == stored
    assert (await repository.get(made.id, **ME)).updated_at == made.updated_at


async def test_a_new_message_moves_its_conversation_to_the_front(repository: ConversationRepository) -> None:
    first, second = [await repository.create(**ME) for _ in range(2)]
    assert [found.id for found in await repository.list(tenant_id="acme")] == [second.id, first.id]
    (stored,) = await repository.add(first.id, [user("x")], **ME)
    assert [found.id for found in await repository.list(tenant_id="acme")] == [first.id, second.id]
    assert (await repository.get(first.id, **ME)).updated_at == stored.created_at


async def test_a_retried_message_is_stored_once(repository: ConversationRepository) -> None:
    made = await repository.create(**ME)
    first = await repository.add(made.id, [user("x", id="1"), user("x", id="1")], **ME)
    moved_at = (await repository.get(made.id, **ME)).updated_at
    again = await repository.add(made.id, [user("x", id="1"), user("y", id="2")], **ME)
    assert again[0] == first[0] == first[1]
    assert contents(await repository.messages(made.id, **ME)) == ["x", "y"]
    assert (await repository.get(made.id, **ME)).updated_at > moved_at


async def test_conversations_are_listed_by_user_and_in_pages(repository: ConversationRepository) -> None:
    mine = [(await repository.create(**ME)).id for _ in range(3)]
    hers = (await repository.create(tenant_id="acme", user_id="eve")).id
    await repository.create(tenant_id="other", user_id="ann")
    assert [found.id for found in await repository.list(tenant_id="acme")] == [hers, *reversed(mine)]
    assert [found.id for found in await repository.list(**ME, limit=2, offset=1)] == [mine[1], mine[0]]
    assert await repository.list(**ME, offset=9) == []


async def test_messages_are_read_in_pages_and_recent_ones_from_the_end(repository: ConversationRepository) -> None:
    made = await repository.create(**ME)
    await repository.add(made.id, [user(str(number)) for number in range(30)], **ME)
    assert contents(await repository.messages(made.id, **ME, limit=3, offset=2)) == ["2", "3", "4"]
    assert contents(await repository.messages(made.id, **ME, limit=9, offset=28)) == ["28", "29"]
    assert await repository.messages(made.id, **ME, offset=30) == []
    assert contents(await repository.recent_messages(made.id, **ME, limit=2)) == ["28", "29"]
    assert len(await repository.recent_messages(made.id, **ME, limit=100)) == 30
    assert await repository.recent_messages(made.id, **ME, limit=0) == []


async def test_title_and_metadata_are_set_apart(repository: ConversationRepository) -> None:
    made = await repository.create(**ME, title="a", metadata={"x": 1})
    assert (await repository.update(made.id, **ME, title="b")).metadata == {"x": 1}
    changed = await repository.update(made.id, **ME, metadata={"y": 2})
    assert (changed.title, changed.metadata) == ("b", {"y": 2})
    assert changed.updated_at > made.updated_at
    assert await repository.get(made.id, **ME) == changed


async def test_the_title_comes_from_the_first_user_message_unless_one_was_set(repository: ConversationRepository) -> None:
    bare, named = await repository.create(**ME), await repository.create(**ME, title="Mine")
    for made in (bare, named):
        await repository.add(made.id, [Message(role="assistant", content="Hi."), user("Pause Willow. Then rest.")], **ME)
        await repository.add(made.id, [user("Another.")], **ME)
    assert (await repository.get(bare.id, **ME)).title == "Pause Willow."
    assert (await repository.get(named.id, **ME)).title == "Mine"


async def test_a_deleted_conversation_is_gone_and_its_neighbours_are_not(repository: ConversationRepository) -> None:
    gone, kept = [(await repository.create(**ME)).id for _ in range(2)]
    for each in (gone, kept):
        await repository.add(each, [user(each)], **ME)
    await repository.delete(gone, **ME)
    with pytest.raises(NotFound):
        await repository.messages(gone, **ME)
    assert contents(await repository.messages(kept, **ME)) == [kept]
    again = await repository.create(**ME, conversation_id=gone)
    assert await repository.messages(again.id, **ME) == []


async def test_pruning_removes_what_has_not_moved_since(repository: ConversationRepository) -> None:
    old, moved, hers = [(await repository.create(tenant_id="acme", user_id=name)).id for name in ("ann", "ann", "eve")]
    foreign = (await repository.create(tenant_id="other", user_id="ann")).id
    (message,) = await repository.add(moved, [user("x")], **ME)
    assert message.created_at is not None
    assert await repository.prune(**ME, older_than=message.created_at) == 1
    assert {found.id for found in await repository.list(tenant_id="acme")} == {moved, hers}
    assert await repository.prune(tenant_id="acme", older_than=message.created_at + timedelta(seconds=1)) == 2
    assert await repository.prune(tenant_id="acme", older_than=AT + timedelta(days=9)) == 0
    assert [found.id for found in await repository.list(tenant_id="other")] == [foreign]
    assert old not in {found.id for found in await repository.list(tenant_id="acme")}


CALLS: dict[str, Callable[[ConversationRepository, str, dict[str, Any]], Any]] = {
    "get": lambda r, i, who: r.get(i, **who),
    "update": lambda r, i, who: r.update(i, **who, title="stolen"),
    "delete": lambda r, i, who: r.delete(i, **who),
    "add": lambda r, i, who: r.add(i, [user("stolen")], **who),
    "messages": lambda r, i, who: r.messages(i, **who),
    "recent_messages": lambda r, i, who: r.recent_messages(i, **who),
    "transcripts": lambda r, i, who: anext(r.transcripts(**who, conversation_id=i)),
}


@pytest.mark.parametrize(
    "who",
    [{"tenant_id": "other"}, {"tenant_id": "other", "user_id": "ann"}, {"tenant_id": "acme", "user_id": "eve"}],
    ids=["tenant", "tenant with the same user", "user"],
)
async def test_what_is_not_yours_does_not_exist_in_the_same_words(repository: ConversationRepository, who: dict[str, Any]) -> None:
    made = await repository.create(**ME, conversation_id="c1", title="mine")
    await repository.add("c1", [user("x")], **ME)
    words = set()
    for call in CALLS.values():
        for conversation_id in ("c1", "c2"):
            with pytest.raises(NotFound) as caught:
                await call(repository, conversation_id, who)
            words.add(str(caught.value).replace(conversation_id, "ID"))
    assert len(words) == 1
    assert (await repository.get("c1", **ME)).title == made.title
    assert contents(await repository.messages("c1", **ME)) == ["x"]


async def test_two_tenants_may_have_conversations_of_the_same_id(repository: ConversationRepository) -> None:
    for tenant in ("acme", "other"):
        await repository.create(tenant_id=tenant, user_id="ann", conversation_id="same")
        await repository.add("same", [user(tenant)], tenant_id=tenant)
    assert contents(await repository.messages("same", tenant_id="other")) == ["other"]
    await repository.delete("same", tenant_id="other")
    assert contents(await repository.messages("same", tenant_id="acme")) == ["acme"]


async def test_importing_the_same_file_twice_changes_nothing(repository: ConversationRepository) -> None:
    file = [transcript("c1", "a", "b", "a"), transcript("c2", "x", "y", at=None), transcript("c3")]
    assert await repository.import_conversations(file, tenant_id="acme") == Imported(conversations=3, messages=5)
    before = await all_transcripts(repository)
    assert [contents(found.messages) for found in before] == [["a", "b", "a"], ["x", "y"], []]
    assert await repository.import_conversations(file, tenant_id="acme") == Imported(conversations=0, messages=0)
    assert await all_transcripts(repository) == before


async def test_an_import_adds_what_is_missing_and_leaves_what_is_there(repository: ConversationRepository) -> None:
    await repository.import_conversations([transcript("c1", "a")], tenant_id="acme")
    await repository.update("c1", tenant_id="acme", title="Renamed")
    longer = transcript("c1", "a", "b")
    assert await repository.import_conversations([longer, longer], tenant_id="acme") == Imported(conversations=0, messages=1)
    (found,) = await all_transcripts(repository)
    assert (found.conversation.title, contents(found.messages)) == ("Renamed", ["a", "b"])


async def test_one_conversation_that_stands_twice_in_a_file_becomes_one(repository: ConversationRepository) -> None:
    file = [transcript("c1", "a"), transcript("c1", "a", "b")]
    assert await repository.import_conversations(file, tenant_id="acme") == Imported(conversations=1, messages=2)
    assert contents(await repository.messages("c1", tenant_id="acme")) == ["a", "b"]


async def test_what_was_read_as_transcripts_can_be_imported_elsewhere(repository: ConversationRepository) -> None:
    made = await repository.create(**ME, metadata={"k": 1})
    await repository.add(made.id, [user("Hello there. Bye.", metadata={"decision": {"action_type": "x"}})], **ME)
    before = await all_transcripts(repository)
    elsewhere = InMemoryConversationRepository()
    await elsewhere.import_conversations(before, tenant_id="acme")
    (after,) = await all_transcripts(elsewhere)
    assert after.conversation == before[0].conversation
    assert [replace(message, id=None) for message in after.messages] == [replace(message, id=None) for message in before[0].messages]


async def test_a_file_that_names_another_tenant_is_refused_whole(repository: ConversationRepository) -> None:
    with pytest.raises(ConversationFileError, match="'c2'"):
        await repository.import_conversations([transcript("c1", "a"), transcript("c2", "b", tenant_id="other")], tenant_id="acme")
    assert await repository.list(tenant_id="acme") == []
    assert await repository.list(tenant_id="other") == []


async def test_an_import_over_another_tenants_id_leaves_that_one_alone(repository: ConversationRepository) -> None:
    await repository.import_conversations([transcript("c1", "theirs")], tenant_id="acme")
    await repository.import_conversations([transcript("c1", "mine", tenant_id="other")], tenant_id="other")
    assert contents(await repository.messages("c1", tenant_id="acme")) == ["theirs"]
    assert contents(await repository.messages("c1", tenant_id="other")) == ["mine"]


async def test_transcripts_are_chosen_by_user_time_and_conversation(repository: ConversationRepository) -> None:
    file = [transcript(f"c{day + 1}", "a", "b", at=AT + timedelta(days=day)) for day in range(3)]
    await repository.import_conversations(file, tenant_id="acme")
    await repository.import_conversations([transcript("c1", "a", tenant_id="other")], tenant_id="other")
    await repository.create(**ME, conversation_id="c4")
    chosen: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["c1", "c2", "c3", "c4"]),
        ({"user_id": "ann"}, ["c4"]),
        ({"conversation_id": "c2"}, ["c2"]),
        ({"since": AT + timedelta(days=1)}, ["c2", "c3"]),
        ({"until": AT + timedelta(days=1)}, ["c1"]),
        ({"since": AT + timedelta(seconds=1), "until": AT + timedelta(days=2)}, ["c1", "c2"]),
        ({"since": AT + timedelta(seconds=2), "until": AT + timedelta(days=1)}, []),
        ({"conversation_id": "c1", "since": AT + timedelta(days=1)}, []),
    ]
    for filters, expected in chosen:
        assert [each.conversation.id for each in await all_transcripts(repository, **filters)] == expected, filters
