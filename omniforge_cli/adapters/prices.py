"""What a model's tokens cost: litellm's price table, read as a file, without importing litellm.

The table is 3 MB with thousands of models; the one entry that is needed is cut out of the text, which is faster than decoding it all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from omniforge_cli.core.decision import Usage
from omniforge_cli.core.errors import SettingsError
from omniforge_cli.routing.provider import ProviderRequest

_TABLE: Final = "model_prices_and_context_window*.json"
_ENTRY_BYTES: Final = 65_536
"""More than any entry is long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """USD per token."""

    prompt_usd: float
    completion_usd: float
    cached_prompt_usd: float | None = None

    def cost(self, *, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """USD of one call; `cached_tokens` are those of the prompt that the provider's own prefix cache served."""
        cached_usd = self.prompt_usd if self.cached_prompt_usd is None else self.cached_prompt_usd
        cached = min(cached_tokens, prompt_tokens)
        return (prompt_tokens - cached) * self.prompt_usd + cached * cached_usd + completion_tokens * self.completion_usd


@lru_cache(maxsize=256)
def price(model: str) -> Price | None:
    """The price of a model as people write it (`gpt-4o-mini`, `groq/llama-3.1-8b-instant`), or None when the table does not know it."""
    table = _table()
    if table is None:
        return None
    text = table.read_bytes()
    prefix, _, bare = model.partition("/")
    exact = _read(_entry(text, model))
    if exact is not None or not bare:
        return exact
    entry = _entry(text, bare)  # OpenAI's, Bedrock's and Vertex's own models stand in the table without their prefix
    return _read(entry) if str(entry.get("litellm_provider", "")).startswith(prefix) else None


def priced(model: str, *, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> Usage:
    """The usage of one call with its cost; the cost is None where the price is not known."""
    known = price(model)
    cost_usd = None
    if known is not None:
        cost_usd = known.cost(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens, cached_tokens=cached_tokens)
    return Usage(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens, cost_usd=cost_usd)


def _table() -> Path | None:
    """Where litellm keeps its table. `find_spec` of a top-level package looks it up without running it."""
    spec = find_spec("litellm")
    if spec is None or spec.origin is None:
        return None
    return next(iter(sorted(Path(spec.origin).parent.glob(_TABLE))), None)


def _entry(text: bytes, name: str) -> Mapping[str, Any]:
    """The object under that key; empty when there is none."""
    for start in _objects_named(text, name):
        piece = text[start : start + _ENTRY_BYTES].decode("utf-8", "ignore")
        value, _ = json.JSONDecoder().raw_decode(piece)
        return dict(value)
    return {}


def _objects_named(text: bytes, name: str) -> Iterator[int]:
    key = json.dumps(name).encode()
    opening = re.compile(rb"\s*:\s*(?=\{)")
    position = text.find(key)
    while position != -1:
        found = opening.match(text, position + len(key))
        if found is not None:
            yield found.end()
        position = text.find(key, position + 1)


def _read(entry: Mapping[str, Any]) -> Price | None:
    prompt, completion = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    if not isinstance(prompt, int | float) or not isinstance(completion, int | float):
        return None
    cached = entry.get("cache_read_input_token_cost")
    return Price(
        prompt_usd=float(prompt),
        completion_usd=float(completion),
        cached_prompt_usd=float(cached) if isinstance(cached, int | float) else None,
    )


def most_usd(request: ProviderRequest) -> float:
    """The most that one call can cost, in USD: every byte of the prompt a token, and a reply of the longest length.

    Raises:
        SettingsError: the model's price is not known, so no limit on cost could be kept.
    """
    known = price(request.model)
    if known is None:
        raise SettingsError(f"--max-cost-usd: the price of {request.model} is not known, so the limit could not be kept; leave it out")
    if request.max_tokens is None:
        raise SettingsError(
            "--max-cost-usd: the prompt version sets no max_tokens, so a reply could cost anything; set it or leave the limit out"
        )
    said = sum(len(message.content.encode("utf-8", "replace")) + 12 for message in request.messages)
    return known.cost(prompt_tokens=said, completion_tokens=request.max_tokens)
