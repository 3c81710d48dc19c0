"""Settings from flags, environment, `omniforge.toml`, the user's config folder and defaults. The one reader of `os.environ`."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import platformdirs

from omniforge_cli.core.errors import SettingsError
from omniforge_cli.core.identity import nearest
from omniforge_cli.core.settings import Settings

CONFIG_NAME: Final = "omniforge.toml"

PROVIDER_KEYS: Final = {
    "OPENAI_API_KEY": "gpt-4o-mini",
    "ANTHROPIC_API_KEY": "anthropic/claude-haiku-4-5",
    "GEMINI_API_KEY": "gemini/gemini-2.5-flash-lite",
    "GROQ_API_KEY": "groq/llama-3.1-8b-instant",
    "MISTRAL_API_KEY": "mistral/mistral-small-latest",
    "DEEPSEEK_API_KEY": "deepseek/deepseek-chat",
    "OPENROUTER_API_KEY": "openrouter/openai/gpt-4o-mini",
    "TOGETHERAI_API_KEY": "together_ai/meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo",
    "XAI_API_KEY": "xai/grok-3-mini",
    "COHERE_API_KEY": "command-r7b-12-2024",
    "AZURE_API_KEY": "azure/gpt-4o-mini",
    "FIREWORKS_API_KEY": "fireworks_ai/accounts/fireworks/models/llama-v3p1-8b-instruct",
}
"""Variable that holds a provider's key -> the model used when nobody names one. The first that is set decides."""


def _text(value: str) -> str:
    if not value.strip() or "\0" in value:
        raise ValueError("it is empty, or holds a NUL byte")
    return value


def _seconds(value: str) -> float:
    seconds = float(value)
    if not math.isfinite(seconds) or seconds <= 0:
        raise ValueError("seconds must be a number over 0")
    return seconds


def _share(value: str) -> float:
    share = float(value)
    if not 0 <= share <= 1:
        raise ValueError("it must lie between 0 and 1")
    return share


def _count(value: str) -> int:
    count = int(value)
    if count < 1:
        raise ValueError("it must be a whole number over 0")
    return count


def _level(value: str) -> int:
    return int(value)


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"it is one of {', '.join(choices)}")
        return value

    return parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One setting: its environment variable, its key in `omniforge.toml` (None: not read from files) and how its text is read."""

    variable: str
    key: str | None
    parse: Callable[[str], Any]
    help: str


OPTIONS: Final[Mapping[str, Option]] = {
    "model": Option(
        variable="OMNIFORGE_INTENT_MODEL", key="model", parse=_text, help="model that the LLM analyzer asks, as litellm names it"
    ),
    "api_base": Option(variable="OMNIFORGE_API_BASE", key="api_base", parse=_text, help="base URL of an OpenAI-compatible endpoint"),
    "prompt": Option(
        variable="OMNIFORGE_PROMPT", key="prompt", parse=_text, help="prompt version, `name@version` or a name for its newest"
    ),
    "taxonomy": Option(
        variable="OMNIFORGE_TAXONOMY", key="taxonomy", parse=_text, help="taxonomy: packaged name, file, or folder of a trained one"
    ),
    "analyzer": Option(
        variable="OMNIFORGE_ANALYZER",
        key="analyzer",
        parse=_one_of("auto", "llm", "local", "keyword", "cascade"),
        help="which analyzer decides",
    ),
    "provider": Option(
        variable="OMNIFORGE_PROVIDER",
        key="provider",
        parse=_one_of("auto", "direct", "litellm"),
        help="adapter for the model: `direct` for OpenAI-compatible endpoints, `litellm` for every other",
    ),
    "timeout_s": Option(variable="OMNIFORGE_INTENT_TIMEOUT_SEC", key="timeout", parse=_seconds, help="seconds that a decision may take"),
    "context_max_messages": Option(
        variable="OMNIFORGE_CONTEXT_MAX_MESSAGES", key="context_max_messages", parse=_count, help="messages of history that are read"
    ),
    "context_token_budget": Option(
        variable="OMNIFORGE_CONTEXT_TOKEN_BUDGET", key="context_token_budget", parse=_count, help="tokens of history that are sent"
    ),
    "cascade_threshold": Option(
        variable="OMNIFORGE_CASCADE_THRESHOLD",
        key="cascade_threshold",
        parse=_share,
        help="confidence at which `cascade` trusts the local answer",
    ),
    "db": Option(variable="OMNIFORGE_DB", key="db", parse=_text, help="DuckDB file of conversations, runs and recorded answers"),
    "db_key": Option(variable="OMNIFORGE_DB_KEY", key=None, parse=_text, help="key that encrypts what is stored"),
    "tenant": Option(variable="OMNIFORGE_TENANT", key="tenant", parse=_text, help="tenant whose conversations and runs are seen"),
    "user": Option(variable="OMNIFORGE_USER", key="user", parse=_text, help="user who owns what is created"),
    "format": Option(variable="OMNIFORGE_FORMAT", key="format", parse=_one_of("text", "json"), help="how results are printed"),
    "log_format": Option(
        variable="OMNIFORGE_LOG_FORMAT", key="log_format", parse=_one_of("text", "json"), help="how log lines are written"
    ),
    "verbosity": Option(variable="OMNIFORGE_VERBOSITY", key="verbosity", parse=_level, help="-1 quiet, 0 normal, 1 info, 2 debug"),
}


def read_settings(flags: Mapping[str, Any]) -> Settings:
    """The effective settings. `flags` holds what was typed (None: not typed), by field name.

    Raises:
        SettingsError: a value cannot be used; the message names where it stands.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    files = [(path, _read_config(path)) for path in config_files()]
    for name, option in OPTIONS.items():
        found = _find(name, option, flags, files)
        if found is not None:
            values[name], origins[name] = found
    keys = tuple(name for name in PROVIDER_KEYS if os.environ.get(name, "").strip())
    if "model" not in values and keys:
        values["model"], origins["model"] = PROVIDER_KEYS[keys[0]], f"default, as {keys[0]} is set"
    if "db" not in values:
        values["db"] = str(Path(platformdirs.user_data_dir("omniforge", appauthor=False)) / "omniforge.duckdb")
    return Settings(**values, origins={name: origins.get(name, "default") for name in OPTIONS}, provider_keys=keys)


def provider_keys() -> dict[str, str]:
    """Every provider key in the environment, by variable. They are sent to their providers; never stored, logged or shown."""
    return {name: value for name, value in os.environ.items() if name.endswith(("_API_KEY", "_API_TOKEN")) and value.strip()}


def config_files() -> list[Path]:
    """The configuration files that exist, the more important first."""
    return [path for path in config_places() if path.is_file()]


def config_places() -> tuple[Path, Path]:
    """Where configuration files are looked for: the working folder, then the user's config folder."""
    return Path.cwd() / CONFIG_NAME, Path(platformdirs.user_config_dir("omniforge", appauthor=False)) / CONFIG_NAME


def cache_dir() -> Path:
    """The user's cache folder of this tool."""
    return Path(platformdirs.user_cache_dir("omniforge", appauthor=False))


def _find(name: str, option: Option, flags: Mapping[str, Any], files: list[tuple[Path, dict[str, Any]]]) -> tuple[Any, str] | None:
    if flags.get(name) is not None:
        flag = f"--{(option.key or name).replace('_', '-')}"
        return _parsed(option, flags[name], flag), f"flag {flag}"
    if os.environ.get(option.variable):
        return _parsed(option, os.environ[option.variable], option.variable), f"environment {option.variable}"
    for path, values in files:
        if option.key is not None and option.key in values:
            return _parsed(option, values[option.key], f"{path}: {option.key}"), str(path)
    return None


def _parsed(option: Option, value: object, where: str) -> Any:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise SettingsError(f"{where}: give a text or a number")
    try:
        return option.parse(str(value))
    except (ValueError, OverflowError) as exc:
        shown = "" if option.key is None else f" {str(value)[:80]!r}"
        raise SettingsError(f"{where}:{shown} cannot be used: {exc}") from exc


def _read_config(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise SettingsError(f"{path}: cannot be read as TOML: {exc}") from exc
    known = {option.key for option in OPTIONS.values() if option.key}
    for key in values:
        if key not in known:
            raise SettingsError(f"{path}: unknown key {key!r}{nearest(key, sorted(known))}")
    return values


def step_summary_file() -> Path | None:
    """The file that GitHub Actions shows as the step's summary; None outside of GitHub Actions."""
    name = os.environ.get("GITHUB_STEP_SUMMARY", "").strip()
    return Path(name) if name else None


def no_colour() -> bool:
    """Whether `NO_COLOR` asks for plain output (no-color.org)."""
    return bool(os.environ.get("NO_COLOR"))
