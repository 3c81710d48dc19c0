"""What works on this machine: each check is a function that looks, changes nothing, and says how to mend what it found."""

from __future__ import annotations

import asyncio
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from omniforge_cli.core.errors import OmniforgeError, StorageLocked
from omniforge_cli.core.run import Analyzer
from omniforge_cli.core.settings import Settings
from omniforge_cli.files import settings as settings_file
from omniforge_cli.wiring.routing import DEFAULT_MODEL, choose_analyzer, load_taxonomy, local_analyzer

if TYPE_CHECKING:
    from omniforge_cli.adapters.duckdb.connection import Database

OK, WARNING, FAILED, SKIPPED = "ok", "warning", "failed", "skipped"
_OLDEST_PYTHON: Final = (3, 11)
_MALICIOUS_LITELLM: Final = frozenset({"1.82.7", "1.82.8"})
"""Releases that stole credentials."""
_LOCK_TIMEOUT_S: Final = 0.5
_ONLINE_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at. `failed` is for what no command can do without, `warning` for what costs quality only."""

    name: str
    status: str
    detail: str
    mend: str = ""


def examine(settings: Settings, *, encoding: str, online: bool) -> Iterator[Check]:
    """Every check in turn. `encoding` is stdout's; `online` allows a request to an endpoint that is not on this machine."""
    looks: tuple[Callable[[], Check], ...] = (
        _python,
        _packages,
        _litellm,
        lambda: _taxonomy(settings),
        lambda: _local(settings),
        lambda: _prompt(settings),
        lambda: _database(settings),
        lambda: _tokenizer(settings),
        lambda: _keys(settings),
        lambda: _endpoint(settings, online),
        lambda: _terminal(encoding),
    )
    return (look() for look in looks)


def _python() -> Check:
    found = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info[:2] < _OLDEST_PYTHON:
        return Check(name="python", status=FAILED, detail=found, mend="install Python 3.11 or newer")
    return Check(name="python", status=OK, detail=found)


def _packages() -> Check:
    try:
        wanted = [line for line in metadata.requires("omniforge") or [] if "extra ==" not in line]
    except metadata.PackageNotFoundError:
        return Check(name="packages", status=WARNING, detail="omniforge runs from its source", mend="install it: pip install -e .")
    names = [match.group() for line in wanted if (match := re.match(r"[\w.\-]+", line))]
    versions = {name: _version(name) for name in ("omniforge", *names)}
    missing = [name for name, version in versions.items() if version is None]
    if missing:
        return Check(name="packages", status=FAILED, detail=f"missing: {', '.join(missing)}", mend=f"pip install {' '.join(missing)}")
    return Check(name="packages", status=OK, detail=", ".join(f"{name} {version}" for name, version in versions.items()))


def _litellm() -> Check:
    version = _version("litellm")
    if version in _MALICIOUS_LITELLM:
        mend = "pip install --upgrade litellm, and change every key that was in the environment since it was installed"
        return Check(name="litellm", status=FAILED, detail=f"{version} is a malicious release", mend=mend)
    if version is None:
        return Check(name="litellm", status=WARNING, detail="not installed: OpenAI-compatible endpoints only", mend="pip install litellm")
    return Check(name="litellm", status=OK, detail=version)


def _taxonomy(settings: Settings) -> Check:
    try:
        loaded = load_taxonomy(settings.taxonomy)
    except OmniforgeError as exc:
        return Check(name="taxonomy", status=FAILED, detail=str(exc), mend="give another with --taxonomy or OMNIFORGE_TAXONOMY")
    return Check(name="taxonomy", status=OK, detail=f"{loaded.taxonomy.name}, {len(loaded.taxonomy.names)} labels ({loaded.path})")


def _local(settings: Settings) -> Check:
    try:
        loaded = load_taxonomy(settings.taxonomy)
        analyzer = local_analyzer(loaded)
    except OmniforgeError as exc:
        return Check(name="local analyzer", status=FAILED, detail=str(exc), mend="install omniforge anew")
    if analyzer is None:
        detail = f"no weights for taxonomy {loaded.taxonomy.name}: keyword rules answer offline"
        return Check(name="local analyzer", status=WARNING, detail=detail, mend="train one with `omniforge train`")
    return Check(name="local analyzer", status=OK, detail=f"weights of {loaded.weights}")


def _prompt(settings: Settings) -> Check:
    from omniforge_cli.files.prompt import load_prompt

    try:
        return Check(name="prompt", status=OK, detail=load_prompt(settings.prompt).ref)
    except OmniforgeError as exc:
        return Check(name="prompt", status=FAILED, detail=str(exc), mend="see `omniforge prompts list`")


def _database(settings: Settings) -> Check:
    path = Path(settings.db).expanduser()
    if not path.exists():
        return _no_database(path)
    from omniforge_cli.adapters.duckdb.connection import Database
    from omniforge_cli.adapters.duckdb.peek import NEWEST_SCHEMA, outdated_schema

    outdated = outdated_schema(path)
    if outdated is not None:
        detail = f"{path}, schema {outdated}: the next command that uses it upgrades it to {NEWEST_SCHEMA} and keeps a copy beside it"
        return Check(name="database", status=OK, detail=detail)
    try:
        asyncio.run(_opened(Database(path, key=settings.db_key, lock_timeout_s=_LOCK_TIMEOUT_S)))
    except StorageLocked as exc:
        return Check(name="database", status=WARNING, detail=str(exc), mend="wait until that process is done")
    except OmniforgeError as exc:
        return Check(name="database", status=FAILED, detail=str(exc), mend="choose another file with --db or OMNIFORGE_DB")
    sealed = ", encrypted" if settings.db_key else ""
    return Check(name="database", status=OK, detail=f"{path}, schema {NEWEST_SCHEMA}{sealed}, {path.stat().st_size / 1e6:.1f} MB")


async def _opened(database: Database) -> None:
    try:
        await database.read(lambda session: None)
    finally:
        await database.close()


def _no_database(path: Path) -> Check:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        mend = "choose another place with --db or OMNIFORGE_DB"
        return Check(name="database", status=FAILED, detail=f"{path} cannot be made: {folder} is not writable", mend=mend)
    return Check(name="database", status=OK, detail=f"{path} is not there yet; the first command that stores something makes it")


def _tokenizer(settings: Settings) -> Check:
    from omniforge_cli.adapters.tiktoken_counter import TiktokenCounter

    warnings: list[str] = []
    TiktokenCounter(settings.model, warn=warnings.append)("a")
    if warnings:
        return Check(name="tokenizer", status=WARNING, detail=warnings[0], mend="pip install --force-reinstall litellm tiktoken")
    return Check(name="tokenizer", status=OK, detail="token counts are exact, without a network")


def _keys(settings: Settings) -> Check:
    names = ", ".join(sorted(settings_file.provider_keys())) or "none is set"
    return Check(name="provider keys", status=OK, detail=f"{names}; {choose_analyzer(settings).why}")


def _endpoint(settings: Settings, online: bool) -> Check:
    name = "endpoint"
    if choose_analyzer(settings).analyzer in (Analyzer.LOCAL, Analyzer.KEYWORD):
        return Check(name=name, status=SKIPPED, detail="no LLM is configured")
    from omniforge_cli.adapters.endpoints import speaks_openai
    from omniforge_cli.adapters.reachability import reach

    model = settings.model or DEFAULT_MODEL
    if not online and not _is_loopback(settings.api_base):
        return Check(name=name, status=SKIPPED, detail="not asked; --online asks it")
    if not speaks_openai(model, settings.api_base):
        detail = f"{model} is asked through litellm; `omniforge route --analyzer llm --no-fallback hello` tries it"
        return Check(name=name, status=SKIPPED, detail=detail)
    try:
        told = asyncio.run(reach(model, api_base=settings.api_base, keys=settings_file.provider_keys(), timeout_s=_ONLINE_TIMEOUT_S))
    except OmniforgeError as exc:
        mend = "check --api-base, the provider's key and the network; without it `local` answers"
        return Check(name=name, status=FAILED, detail=str(exc), mend=mend)
    return Check(name=name, status=OK, detail=told)


def _is_loopback(url: str | None) -> bool:
    host = urlsplit(url or "").hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _terminal(encoding: str) -> Check:
    if encoding.lower().replace("-", "") != "utf8":
        detail = f"stdout's encoding is {encoding}: letters that it lacks are shown as escapes"
        return Check(name="terminal", status=WARNING, detail=detail, mend="set PYTHONIOENCODING=utf-8")
    return Check(name="terminal", status=OK, detail=f"{encoding}{', NO_COLOR is set' if settings_file.no_colour() else ''}")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
