"""Recorded answers in the DuckDB file (table `llm_cache`). Calls that arrive together share one opening of the file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

from omniforge_cli.adapters.duckdb.connection import Database, Session
from omniforge_cli.adapters.duckdb.rows import to_json, to_utc
from omniforge_cli.core.decision import Usage
from omniforge_cli.routing.provider import Completion, ProviderRequest

_GATHER_S: Final = 0.01
"""Before each group: others of its kind join it, and other processes get at the file between two groups."""

Q = TypeVar("Q")
A = TypeVar("A")


class Grouped(Generic[Q, A]):
    """Answers questions in groups: while one group is under way, those that arrive wait together for the next."""

    def __init__(self, answer: Callable[[Sequence[Q]], Awaitable[Sequence[A]]]) -> None:
        self._answer = answer
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, question: Q) -> A:
        """The answer to one question, or the error that its group met."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        while self._waiting:
            await asyncio.sleep(_GATHER_S)
            group, self._waiting = self._waiting, []
            try:
                answers = await self._answer([question for question, _ in group])
            except BaseException as exc:
                for _, future in group:
                    if not future.done():
                        future.set_exception(exc)
                if not isinstance(exc, Exception):
                    raise
            else:
                for (_, future), answer in zip(group, answers, strict=True):
                    if not future.done():  # its asker may have been cancelled
                        future.set_result(answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    tenant_id: str
    key: str
    request: ProviderRequest
    completion: Completion


class DuckDBAnswerStore:
    """An `AnswerStore` in a DuckDB file."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reads: Grouped[tuple[str, str], Completion | None] = Grouped(self._get_all)
        self._writes: Grouped[_Answer, None] = Grouped(self._put_all)

    async def get(self, key: str, *, tenant_id: str) -> Completion | None:
        """The stored answer: marked cached, with the latency it first had and no attempts; or None.

        Raises:
            StorageError: the file cannot be used.
        """
        return await self._reads.ask((tenant_id, key))

    async def put(self, key: str, request: ProviderRequest, completion: Completion, *, tenant_id: str) -> None:
        """Store an answer; one that is there already is replaced. When this returns it outlives a crash.

        Raises:
            StorageError: the file cannot be used.
        """
        await self._writes.ask(_Answer(tenant_id=tenant_id, key=key, request=request, completion=completion))

    async def _get_all(self, wanted: Sequence[tuple[str, str]]) -> Sequence[Completion | None]:
        def work(session: Session) -> Sequence[Completion | None]:
            found: dict[tuple[str, str], Completion] = {}
            for tenant_id in {tenant for tenant, _ in wanted}:
                keys = [key for tenant, key in wanted if tenant == tenant_id]
                sql = "select id, completion from llm_cache where tenant_id = ? and id in (select unnest(?::varchar[]))"
                for key, text in session.connection.execute(sql, [tenant_id, keys]).fetchall():
                    found[tenant_id, key] = _completion(session.cipher.open(text, owner=tenant_id))
            return [found.get(pair) for pair in wanted]

        return await self._database.read(work)

    async def _put_all(self, answers: Sequence[_Answer]) -> Sequence[None]:
        latest = {(answer.tenant_id, answer.key): answer for answer in answers}  # one statement cannot replace a row twice
        at = to_utc(datetime.now(UTC))

        def work(session: Session) -> None:
            rows = [_row(session, answer) for answer in latest.values()]
            session.connection.execute(
                """
                insert into llm_cache (created_at, tenant_id, id, request, completion)
                select ?, unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::varchar[])
                on conflict (tenant_id, id) do update set
                    created_at = excluded.created_at, request = excluded.request, completion = excluded.completion
                """,
                [at, *(list(column) for column in zip(*rows, strict=True))],
            )

        await self._database.write(work)
        return [None] * len(answers)


def _row(session: Session, answer: _Answer) -> tuple[str, str, str, str]:
    completion = answer.completion
    usage = completion.usage
    told = {
        "text": completion.text,
        "finish_reason": completion.finish_reason,
        "model": completion.model,
        "adapter": completion.adapter,
        "latency_ms": completion.latency_ms,
        "usage": None if usage is None else [usage.prompt_tokens, usage.completion_tokens, usage.cost_usd],
        "injected": completion.injected,
    }
    asked = answer.request.to_dict()
    del asked["api_base"]  # a password may stand in it
    request, answered = (session.cipher.seal(to_json(value), owner=answer.tenant_id) for value in (asked, told))
    return answer.tenant_id, answer.key, request, answered


def _completion(text: str) -> Completion:
    told = json.loads(text)
    usage = told.pop("usage")
    spent = None if usage is None else Usage(prompt_tokens=usage[0], completion_tokens=usage[1], cost_usd=usage[2])
    return Completion(**told, usage=spent, attempts=0, cached=True)
