"""What a model's server understands of a request. Each starts with everything; a 400 that names a parameter takes that one away."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from omniforge_cli.core.errors import ProviderError
from omniforge_cli.core.prompt import ResponseFormat
from omniforge_cli.routing.provider import ChatMessage, ProviderRequest

REFUSED_PARAMETER: Final = frozenset({400, 422})
"""HTTP statuses that may mean a parameter the server does not know."""
_FORMATS: Final[tuple[ResponseFormat, ...]] = ("json_schema", "json_object", "text")
_ABOUT_FORMAT: Final = re.compile(
    r"response[ _]?format|json[ _]?(schema|object|mode)|structured|schema|grammar|guided|'json'", re.IGNORECASE
)
_LONE_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_Answer = TypeVar("_Answer")


class ParameterRefused(Exception):
    """A server answered 400 or 422. `complaint` is its message, `fault` the error if no parameter of ours is to blame."""

    def __init__(self, complaint: str, fault: ProviderError) -> None:
        super().__init__(complaint)
        self.complaint = complaint
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What may be sent. `best_format` is the strictest response format that the server takes."""

    best_format: ResponseFormat = "json_schema"
    temperature: bool = True
    seed: bool = True
    tokens_key: str = "max_tokens"

    def parameters(self, request: ProviderRequest) -> dict[str, Any]:
        """The JSON body but for model and messages; only what is set is sent."""
        told: dict[str, Any] = {}
        response_format = self.response_format(request)
        if response_format == "json_schema":
            told["response_format"] = {"type": "json_schema", "json_schema": {"name": "routing_decision", "schema": request.schema}}
        elif response_format == "json_object":
            told["response_format"] = {"type": "json_object"}
        if request.temperature is not None and self.temperature:
            told["temperature"] = request.temperature
        if request.max_tokens is not None:
            told[self.tokens_key] = request.max_tokens
        if request.seed is not None and self.seed:
            told["seed"] = request.seed
        return told

    def response_format(self, request: ProviderRequest) -> ResponseFormat:
        """The weaker of what is wanted and what the server takes; a schema format needs a schema."""
        wanted = request.response_format if request.schema is not None or request.response_format != "json_schema" else "json_object"
        return _FORMATS[max(_FORMATS.index(wanted), _FORMATS.index(self.best_format))]

    def without(self, complaint: str, request: ProviderRequest) -> Dialect | None:
        """The dialect to try after a 400 with that message, or None when no parameter of ours is to blame."""
        if "max_completion_tokens" in complaint and self.tokens_key == "max_tokens":
            return replace(self, tokens_key="max_completion_tokens")
        if "temperature" in complaint and self.temperature:
            return replace(self, temperature=False)
        if re.search(r"\bseed\b", complaint) and self.seed and request.seed is not None:
            return replace(self, seed=False)
        sent = self.response_format(request)
        if sent != "text" and _ABOUT_FORMAT.search(complaint):
            return replace(self, best_format=_FORMATS[_FORMATS.index(sent) + 1])
        return None


class Dialects:
    """The dialects learned so far, by address and model."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Dialect] = {}

    async def ask(self, whom: tuple[str, str], request: ProviderRequest, send: Callable[[dict[str, Any]], Awaitable[_Answer]]) -> _Answer:
        """What `send` makes of the request's parameters, asked with less each time that it raises `ParameterRefused`.

        Raises:
            ProviderError: `send` raised it, or nothing is left to leave out.
        """
        dialect = self._known.get(whom, Dialect())
        while True:
            try:
                answer = await send(dialect.parameters(request))
            except ParameterRefused as refused:
                weaker = dialect.without(refused.complaint, request)
                if weaker is None:
                    raise refused.fault from refused
                dialect = weaker
            else:
                self._known[whom] = dialect
                return answer


def on_the_wire(message: ChatMessage) -> dict[str, str]:
    """One message of the JSON body, with what UTF-8 cannot hold replaced."""
    text = message.content
    return {"role": message.role, "content": text if text.isascii() else _LONE_SURROGATES.sub("\ufffd", text)}
