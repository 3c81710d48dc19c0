"""Prompt version files, read strictly: unknown keys, a reply without a label or a message that is not last are refused with their place."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from omniforge_cli.core.errors import ConversationFileError, PromptError
from omniforge_cli.core.identity import sha256
from omniforge_cli.core.prompt import FewShot, PromptParams, PromptVersion
from omniforge_cli.files.contents import decode, read_bytes
from omniforge_cli.files.conversation import history_from
from omniforge_cli.files.documents import parse_document, validated
from omniforge_cli.files.resources import PROMPT_SUFFIXES, find_version, versions

PROMPT_SCHEMA_VERSION: Final = 1
_MESSAGE_IS_LAST: Final = re.compile(r"\{\{[-+]?\s*message\s*[-+]?\}\}\s*\Z")


def _words(value: object) -> object:
    """A date or a number that YAML saw where a text is meant; a list of lines as one text."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    if isinstance(value, dt.date | int | float) and not isinstance(value, bool):
        return str(value)
    return "" if value is None else value


Words = Annotated[str, BeforeValidator(_words)]


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class _WrittenExample:
    """A worked example as a person writes it: its history is plain."""

    message: str
    reply: dict[str, Any]
    history: list[Any] = Field(default_factory=list)
    agents: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class _WrittenPrompt:
    """A prompt version as a person writes it; `name` and `version` may be left to the file's place."""

    system: str
    user: str
    schema_version: int = PROMPT_SCHEMA_VERSION
    name: Words = ""
    version: Words = ""
    description: Words = ""
    created: Words = ""
    changelog: Words = ""
    params: PromptParams = Field(default_factory=PromptParams)
    few_shot: list[_WrittenExample] = Field(default_factory=list)


_PROMPT: Final = TypeAdapter(_WrittenPrompt)


def load_prompt(ref: str) -> PromptVersion:
    """The prompt version that a reference (`intent`, `intent@v2`) or a path names.

    `intent` alone is the newest version; `./prompts` shadows the packaged ones. A file found by reference is called what its
    place says, whatever stands in it.

    Raises:
        PromptError: there is none, or it is broken; the message names file and key.
    """
    path = Path(ref)
    if path.suffix not in PROMPT_SUFFIXES and not path.is_file():
        path = find_version("prompts", ref, PROMPT_SUFFIXES, PromptError)
        return replace(read_prompt(path), name=path.parent.name, version=path.stem)
    return read_prompt(path)


def list_prompts() -> list[tuple[str, str, Path]]:
    """(name, version, file) of every prompt version in `./prompts` and in the package, oldest version first."""
    return list(versions("prompts", PROMPT_SUFFIXES))


def read_prompt(path: Path) -> PromptVersion:
    """One prompt version file; raises PromptError."""
    content = read_bytes(path, PromptError)
    document = parse_document(decode(content, path, PromptError), path, PromptError)
    if not isinstance(document, dict):
        raise PromptError(f"{path}: a prompt version is a mapping with `system` and `user`")
    written = validated(_PROMPT, document, str(path), PromptError)
    _check(written, path)
    return PromptVersion(
        name=written.name or path.parent.name,
        version=written.version or path.stem,
        system=written.system,
        user=written.user,
        description=written.description,
        created=written.created,
        changelog=written.changelog,
        params=written.params,
        few_shot=tuple(_example(one, f"{path}, few_shot {number}") for number, one in enumerate(written.few_shot, start=1)),
        sha256=sha256(content),
    )


def _check(written: _WrittenPrompt, path: Path) -> None:
    params = written.params
    if written.schema_version != PROMPT_SCHEMA_VERSION:
        raise PromptError(f"{path}: schema_version {written.schema_version} is not {PROMPT_SCHEMA_VERSION}; a newer omniforge may read it")
    if params.max_tokens is not None and params.max_tokens < 1:
        raise PromptError(f"{path}: params.max_tokens must be at least 1, or null for the provider's own limit")
    if params.temperature is not None and not 0 <= params.temperature <= 2:
        raise PromptError(f"{path}: params.temperature must lie between 0 and 2, or be null for the provider's own")
    if not _MESSAGE_IS_LAST.search(written.user):
        raise PromptError(f"{path}: user: the template must end with {{{{ message }}}}, so that the message stands last and verbatim")


def _example(written: _WrittenExample, where: str) -> FewShot:
    if not isinstance(written.reply.get("action_type"), str):
        raise PromptError(f"{where}: reply.action_type is missing or is no label name")
    if not isinstance(written.reply.get("alternative_action"), str | None):
        raise PromptError(f"{where}: reply.alternative_action is no label name")
    try:
        history = history_from(written.history, where)
    except ConversationFileError as exc:
        raise PromptError(str(exc)) from exc
    return FewShot(message=written.message, reply=written.reply, history=history, agents=written.agents)
