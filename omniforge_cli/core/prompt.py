"""A prompt version: one immutable file, written `intent@v2`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from omniforge_cli.core.conversation import Message

ResponseFormat = Literal["json_schema", "json_object", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptParams:
    """Sampling parameters sent with the prompt."""

    temperature: float | None = 0.0
    max_tokens: int | None = 300
    response_format: ResponseFormat = "json_schema"

    __pydantic_config__ = {"extra": "forbid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FewShot:
    """A worked example: message, what stood before it, and the reply the model should have given."""

    message: str
    reply: Mapping[str, Any]
    history: tuple[Message, ...] = ()
    agents: tuple[str, ...] = ()

    __pydantic_config__ = {"extra": "forbid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptVersion:
    """Templates (jinja2) and parameters of one released prompt. `sha256` is of the file's bytes."""

    name: str
    version: str
    system: str
    user: str
    description: str = ""
    created: str = ""
    changelog: str = ""
    params: PromptParams = field(default_factory=PromptParams)
    few_shot: tuple[FewShot, ...] = ()
    sha256: str = ""

    @property
    def ref(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"
