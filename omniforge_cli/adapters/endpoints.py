"""Where a model lives and which key opens it, for everybody who speaks OpenAI chat completions. No network, no environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.core.errors import ProviderError

PLACEHOLDER_KEY: Final = "no-key"
"""Sent where a server asks for none: many refuse a request without any `Authorization`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A provider's address and the environment variables that may hold its key; none for servers on one's own machine."""

    base_url: str
    key_variables: tuple[str, ...] = ()
    needs_key: bool = True


OPENAI: Final = Vendor(base_url="https://api.openai.com/v1", key_variables=("OPENAI_API_KEY",))
_FIREWORKS: Final = Vendor(
    base_url="https://api.fireworks.ai/inference/v1",
    key_variables=("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY", "FIREWORKSAI_API_KEY"),
)
VENDORS: Final[Mapping[str, Vendor]] = {
    "openai": OPENAI,
    "groq": Vendor(base_url="https://api.groq.com/openai/v1", key_variables=("GROQ_API_KEY",)),
    "openrouter": Vendor(base_url="https://openrouter.ai/api/v1", key_variables=("OPENROUTER_API_KEY", "OR_API_KEY")),
    "together_ai": Vendor(
        base_url="https://api.together.xyz/v1", key_variables=("TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHERAI_API_KEY")
    ),
    "mistral": Vendor(base_url="https://api.mistral.ai/v1", key_variables=("MISTRAL_API_KEY",)),
    "deepseek": Vendor(base_url="https://api.deepseek.com/v1", key_variables=("DEEPSEEK_API_KEY",)),
    "xai": Vendor(base_url="https://api.x.ai/v1", key_variables=("XAI_API_KEY",)),
    "fireworks_ai": _FIREWORKS,
    "fireworks": _FIREWORKS,
    "ollama": Vendor(base_url="http://127.0.0.1:11434/v1", key_variables=("OLLAMA_API_KEY",), needs_key=False),
    "lm_studio": Vendor(base_url="http://127.0.0.1:1234/v1", key_variables=("LM_STUDIO_API_KEY",), needs_key=False),
    "hosted_vllm": Vendor(base_url="http://127.0.0.1:8000/v1", key_variables=("HOSTED_VLLM_API_KEY",), needs_key=False),
    "llama.cpp": Vendor(base_url="http://127.0.0.1:8080/v1", needs_key=False),
}
"""Prefix of a model's name -> who that is. The spellings are litellm's, so that either adapter takes the same name."""

_OTHER_PROTOCOLS: Final = frozenset(
    {"anthropic", "azure", "azure_ai", "bedrock", "cohere", "cohere_chat", "databricks", "gemini", "github_copilot", "huggingface"}
    | {"oci", "ollama_chat", "predibase", "replicate", "sagemaker", "sagemaker_chat", "snowflake", "triton", "vertex_ai", "watsonx"}
)
"""litellm prefixes whose servers speak something else, at whatever address."""
_OPENAI_NAME: Final = re.compile(r"(ft:)?(gpt-|chatgpt-|o\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One model at one address. `model` is the name on the wire; `shown` the address as messages may tell it, without a password.

    `key` is None where the address brings its own user and password.
    """

    url: str = field(repr=False)
    shown: str
    model: str
    key: str | None = field(repr=False)


def speaks_openai(model: str, api_base: str | None = None) -> bool:
    """Whether the direct adapter can ask this model; litellm can ask it in any case."""
    prefix, slash, _ = model.partition("/")
    if slash and prefix in VENDORS:
        return True
    if api_base:
        return prefix not in _OTHER_PROTOCOLS
    return not slash and _OPENAI_NAME.match(model) is not None


def endpoint(model: str, *, api_base: str | None, keys: Mapping[str, str]) -> Endpoint:
    """Where and as whom to ask. `keys` maps variable names to keys.

    Raises:
        ProviderError: with no call made: `auth` when the vendor needs a key, there is none, and no `api_base` says otherwise;
            `connection` when `api_base` is no http(s) URL.
    """
    prefix, _, name = model.partition("/")
    vendor = VENDORS.get(prefix) if name else None
    wire_name = name if vendor is not None else model
    vendor = vendor or OPENAI
    url = (api_base or vendor.base_url).rstrip("/").removesuffix("/chat/completions")
    shown, brings_password = _read_url(url, model)
    if prefix == "ollama" and not urlsplit(url).path:
        url += "/v1"  # people give Ollama's address without it
    return Endpoint(
        url=url, shown=shown, model=wire_name, key=None if brings_password else _key(model, vendor, keys, optional=bool(api_base))
    )


def _key(model: str, vendor: Vendor, keys: Mapping[str, str], *, optional: bool) -> str:
    variable = next((variable for variable in vendor.key_variables if keys.get(variable, "").strip()), None)
    if variable is None:
        if optional or not vendor.needs_key:
            return PLACEHOLDER_KEY
        raise ProviderError(
            f"{model}: no key; set {vendor.key_variables[0]}, or give --api-base for a server that needs none",
            reason=FallbackReason.AUTH,
            attempts=0,
        )
    key = keys[variable].strip()
    if not (key.isascii() and key.isprintable()):
        raise ProviderError(f"the key in {variable} holds characters that no key has; set it anew", reason=FallbackReason.AUTH, attempts=0)
    return key


def _read_url(url: str, model: str) -> tuple[str, bool]:
    """Scheme, host and port for messages; and whether a user or password stands in the address."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        parts, port = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ProviderError(
            f"{model}: --api-base is no http(s) URL; it looks like http://127.0.0.1:8000/v1", reason=FallbackReason.CONNECTION, attempts=0
        )
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].removesuffix(port)}{port}", "@" in parts.netloc
