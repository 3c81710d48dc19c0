"""One entry of an eval set as a person writes it, checked by pydantic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.files.documents import validated


def _listed(value: object) -> object:
    """A lone string where a list is meant; in CSV, `a;b`."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(";") if part.strip()]
    return () if value is None else value


Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid", coerce_numbers_to_str=True))
class WrittenCase:
    """A case as a person writes it: `id` may be left out, histories and agents are plain."""

    message: str
    expected_action: str
    id: str | None = None
    acceptable_actions: Words = ()
    expected_entities: dict[str, Any] | None = None
    expected_ambiguous: bool | None = None
    history: list[Any] | None = None
    agents: list[Any] | None = None
    tags: Words = ()
    note: str | None = None
    description: str | None = None


_CASE: Final = TypeAdapter(WrittenCase)


def written_case(row: Mapping[str, Any], where: str) -> WrittenCase:
    """The entry; raises EvalSetError, which names the key that does not fit."""
    return validated(_CASE, row, where, EvalSetError)
