"""What only a file can show: bytes, keys, crashes, and that it agrees with the repository in memory."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from benchmarks.storage import kill_writers
from omniforge_cli.adapters.duckdb.connection import Database
from omniforge_cli.adapters.duckdb.conversations import DuckDBConversationRepository
from omniforge_cli.conversations.memory import InMemoryConversationRepository
from omniforge_cli.conversations.repository import ConversationRepository, Origins
from omniforge_cli.core.conversation import Conversation, Message, Transcript
from omniforge_cli.core.errors import OmniforgeError, StorageKeyError

ME: dict[str, Any] = {"tenant_id": "acme", "user_id": "ann"}
SECRET = "the launch code is plum-jackdaw-41"
AT = datetime(2026, 1, 1, tzinfo=UTC)


async def remember(path: Path, key: str | None = None) -> None:
    database = Database(path, key=key)
    repository = DuckDBConversationRepository(database)
    await repository.create(**ME, conversation_id="secret", title=SECRET, metadata={"x": SECRET})
    await repository.add("secret", [Message(role="user", content=SECRET, metadata={"decision": {"reasoning": SECRET}})], **ME)
    await repository.create(**ME, conversation_id="kept")
    await repository.add("kept", [Message(role="user", content="harmless")], **ME)
    await database.close()


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())


DYING_WRITER = """
import asyncio, os, sys
from omniforge_cli.adapters.duckdb.connection import Database
from omniforge_cli.adapters.duckdb.conversations import DuckDBConversationRepository
from omniforge_cli.core.conversation import Message

class Dying(Database):
    async def write(self, work):
        return await self.erase(work)  # commits, and then would write the file anew

    def _replace(self, connection):
        os._exit(9)

path, key, text = sys.argv[1:]
repository = DuckDBConversationRepository(Dying(path, key=key or None))
asyncio.run(repository.add("secret", [Message(role="user", content=text, metadata={"x": text})], tenant_id="acme"))
"""


@pytest.mark.parametrize("key", ["", "k"], ids=["plain", "encrypted"])
async def test_a_crash_leaves_the_message_in_the_log_and_no_plain_text_if_there_is_a_key(tmp_path: Path, key: str) -> None:
    path = tmp_path / "x.duckdb"
    await remember(path, key=key)
    died = subprocess.run(
        [sys.executable, "-c", DYING_WRITER, str(path), key, SECRET + " twice"], cwd=Path(__file__).parents[3], check=False
    )
    assert died.returncode == 9
    assert sorted(file.name for file in tmp_path.iterdir()) == ["x.duckdb", "x.duckdb.wal"]
    assert (SECRET.encode() in bytes_of(tmp_path)) is (key == "")
    assert (b"plum-jackdaw" in bytes_of(tmp_path)) is (key == "")
    for _ in range(2):
        found = await DuckDBConversationRepository(Database(path, key=key)).messages("secret", **ME)
        assert [message.content for message in found] == [SECRET, SECRET + " twice"]
        database = Database(path, key=key)
        await DuckDBConversationRepository(database).update("kept", **ME, title="new")
        await database.close()  # folds the log into the file
    assert not (tmp_path / "x.duckdb.wal").exists()
    assert (b"plum-jackdaw" in bytes_of(tmp_path)) is (key == "")


async def test_an_encrypted_file_gives_its_text_back_with_the_key_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    await remember(path, key="k")
    right = DuckDBConversationRepository(Database(path, key="k"))
    (found,) = await right.messages("secret", **ME)
    assert (found.content, found.metadata) == (SECRET, {"decision": {"reasoning": SECRET}})
    assert (await right.get("secret", **ME)).title == SECRET
    for key in ("K", None):
        with pytest.raises(StorageKeyError):
            await DuckDBConversationRepository(Database(path, key=key)).messages("secret", **ME)


async def test_a_sealed_text_that_was_moved_to_another_tenant_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    await remember(path, key="k")
    with duckdb.connect(str(path)) as thief:
        thief.execute("update messages set tenant_id = 'other'")
        thief.execute("update conversations set tenant_id = 'other'")
    with pytest.raises(StorageKeyError, match="changed"):
        await DuckDBConversationRepository(Database(path, key="k")).get("secret", tenant_id="other")


@pytest.mark.parametrize("how", ["delete", "prune"])
async def test_nothing_of_a_removed_conversation_is_left_in_the_file(tmp_path: Path, how: str) -> None:
    path = tmp_path / "x.duckdb"
    await remember(path)
    assert b"plum-jackdaw" in bytes_of(tmp_path)
    path.chmod(0o600)
    repository = DuckDBConversationRepository(path)
    if how == "delete":
        await repository.delete("secret", **ME)
    else:
        kept = await repository.get("kept", **ME)
        assert await repository.prune(**ME, older_than=kept.updated_at) == 1
    assert b"plum-jackdaw" not in bytes_of(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["x.duckdb"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [message.content for message in await repository.messages("kept", **ME)] == ["harmless"]
    await repository.add("kept", [Message(role="user", content="still writable")], **ME)


async def test_deleting_beside_writers_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    writers = [DuckDBConversationRepository(path) for _ in range(2)]
    await writers[0].create(**ME, conversation_id="c")

    async def write(number: int) -> None:
        await writers[number % 2].add("c", [Message(role="user", content=str(number))], **ME)

    async def come_and_go() -> None:
        for _ in range(3):
            await writers[0].create(**ME, conversation_id="scratch")
            await writers[0].delete("scratch", **ME)

    await asyncio.gather(come_and_go(), *(write(number) for number in range(12)))
    assert sorted(int(message.content) for message in await writers[1].messages("c", **ME)) == list(range(12))


async def test_writers_killed_at_random_moments_lose_no_acknowledged_message(tmp_path: Path) -> None:
    acknowledged, lost = await kill_writers(tmp_path / "x.duckdb", kills=6, seed=4)
    assert acknowledged >= 6
    assert lost == 0


async def test_transcripts_of_many_conversations_are_read_in_chunks_between_which_others_may_write(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    repository = DuckDBConversationRepository(path)
    other = DuckDBConversationRepository(path)
    heads = [Conversation(id=str(n), tenant_id="acme", user_id="u", title="t", created_at=AT, updated_at=AT) for n in range(700)]
    file = [Transcript(conversation=head, messages=tuple(Message(role="user", content=head.id) for _ in range(9))) for head in heads]
    await repository.import_conversations(file, tenant_id="acme")
    found: list[tuple[str, set[str], int]] = []
    async for transcript in repository.transcripts(tenant_id="acme"):
        if not found:
            await other.create(**ME, conversation_id="new")
        found.append((transcript.conversation.id, {message.content for message in transcript.messages}, len(transcript.messages)))
    assert found == [*((str(n), {str(n)}, 9) for n in range(700)), ("new", set(), 0)]


async def test_the_file_that_was_written_anew_still_finds_by_index(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    await remember(path)
    with duckdb.connect(str(path)) as connection:
        values = "'acme', 'c' || i, 'ann', i + 9, 't', '{}', 1, now()::timestamp, now()::timestamp"
        connection.execute(f"insert into conversations select {values} from range(20000) r(i)")
    await DuckDBConversationRepository(path).delete("secret", **ME)
    with duckdb.connect(str(path)) as connection:
        assert "Index Scan" in str(connection.execute("explain analyze select * from conversations where id = 'c7'").fetchall())
        with pytest.raises(duckdb.ConstraintException):
            connection.execute("insert into messages select * from messages limit 1")


TENANTS = st.sampled_from(["acme", "other"])
USERS = st.sampled_from([None, "ann", "bob"])
IDS = st.sampled_from(["c1", "c2", "c3"])
TEXTS = st.sampled_from(["Hello. You.", "yes", "", "日本語。はい", "\ud800", "a\u0000b"])


class BothRepositories(RuleBasedStateMachine):
    """Does the same to both repositories, each with its own equal clock and ids, and compares all that they say."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.now = AT
        self.database = Database(Path(self.folder.name) / "x.duckdb", key="k")
        self.both: list[ConversationRepository] = [
            InMemoryConversationRepository(self.origins()),
            DuckDBConversationRepository(self.database, self.origins()),
        ]

    def origins(self) -> Origins:
        ids = iter(range(10_000))
        return Origins(now=lambda: self.now, new_id=lambda: f"id{next(ids)}")

    def teardown(self) -> None:
        self.all_of_a_tenant_is_its_own_and_the_same_in_both()
        self.runner.run(self.database.close())
        self.runner.close()
        self.folder.cleanup()

    def compare(self, call: Callable[[ConversationRepository], Awaitable[Any]]) -> Any:
        self.now += timedelta(minutes=1)
        told = [self.runner.run(self.outcome(call, repository)) for repository in self.both]
        assert told[0] == told[1]
        return told[0]

    async def outcome(self, call: Callable[[ConversationRepository], Awaitable[Any]], repository: ConversationRepository) -> Any:
        try:
            return await call(repository)
        except OmniforgeError as error:
            return type(error), str(error)

    @rule(tenant=TENANTS, user=st.sampled_from(["ann", "bob"]), conversation_id=IDS, title=st.sampled_from(["", "T"]))
    def create(self, tenant: str, user: str, conversation_id: str, title: str) -> None:
        self.compare(
            lambda r: r.create(tenant_id=tenant, user_id=user, conversation_id=conversation_id, title=title, metadata={"of": tenant})
        )

    @rule(tenant=TENANTS, user=USERS, conversation_id=IDS, texts=st.lists(TEXTS, max_size=3), given_id=st.sampled_from([None, "m1", "m2"]))
    def add(self, tenant: str, user: str | None, conversation_id: str, texts: list[str], given_id: str | None) -> None:
        said = [Message(role="user", content=f"{tenant}: {text}", id=given_id, metadata={"of": tenant}) for text in texts]
        self.compare(lambda r: r.add(conversation_id, said, tenant_id=tenant, user_id=user))

    @rule(tenant=TENANTS, user=USERS, conversation_id=IDS, title=st.sampled_from([None, "New", ""]))
    def update(self, tenant: str, user: str | None, conversation_id: str, title: str | None) -> None:
        self.compare(lambda r: r.update(conversation_id, tenant_id=tenant, user_id=user, title=title))

    @rule(tenant=TENANTS, user=USERS, conversation_id=IDS)
    def delete(self, tenant: str, user: str | None, conversation_id: str) -> None:
        self.compare(lambda r: r.delete(conversation_id, tenant_id=tenant, user_id=user))

    @rule(tenant=TENANTS, user=USERS, minutes=st.integers(1, 9))
    def prune(self, tenant: str, user: str | None, minutes: int) -> None:
        moment = self.now - timedelta(minutes=minutes)
        self.compare(lambda r: r.prune(tenant_id=tenant, user_id=user, older_than=moment))

    @rule(tenant=TENANTS, named=TENANTS, ids=st.lists(IDS, min_size=1, max_size=3), texts=st.lists(TEXTS, max_size=3))
    def import_them(self, tenant: str, named: str, ids: list[str], texts: list[str]) -> None:
        said = tuple(Message(role="user", content=f"{named}: {text}", metadata={"of": named}) for text in texts)
        heads = [
            Conversation(id=one, tenant_id=named, user_id="bob", title="", created_at=AT, updated_at=AT, metadata={"of": named})
            for one in ids
        ]
        file = [Transcript(conversation=head, messages=said) for head in heads]
        self.compare(lambda r: r.import_conversations(file, tenant_id=tenant))

    @rule(tenant=TENANTS, user=USERS, conversation_id=IDS, limit=st.integers(0, 4), offset=st.integers(0, 3))
    def read(self, tenant: str, user: str | None, conversation_id: str, limit: int, offset: int) -> None:
        who: dict[str, Any] = {"tenant_id": tenant, "user_id": user}
        self.compare(lambda r: r.messages(conversation_id, **who, limit=limit, offset=offset))
        self.compare(lambda r: r.recent_messages(conversation_id, **who, limit=limit))

    @rule(tenant=TENANTS, user=USERS, conversation_id=IDS, limit=st.integers(0, 4), offset=st.integers(0, 3))
    def look(self, tenant: str, user: str | None, conversation_id: str, limit: int, offset: int) -> None:
        who: dict[str, Any] = {"tenant_id": tenant, "user_id": user}
        self.compare(lambda r: r.get(conversation_id, **who))
        self.compare(lambda r: r.list(**who, limit=limit, offset=offset))

    @rule()
    def all_of_a_tenant_is_its_own_and_the_same_in_both(self) -> None:
        for tenant in ("acme", "other"):
            for transcript in self.compare(partial(everything, tenant)):
                assert (transcript.conversation.tenant_id, transcript.conversation.metadata) == (tenant, {"of": tenant})
                assert all(message.content.startswith(tenant) and message.metadata == {"of": tenant} for message in transcript.messages)


async def everything(tenant: str, repository: ConversationRepository) -> list[Transcript]:
    return [transcript async for transcript in repository.transcripts(tenant_id=tenant)]


BothRepositories.TestCase.settings = settings(
    max_examples=4, stateful_step_count=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
TestBothRepositories = BothRepositories.TestCase
