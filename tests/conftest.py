"""Every test runs alone in an empty folder, with no keys and no network but this machine's loopback."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.loopback import Loopback

# A runner in the background starts with Ctrl-C ignored, and the processes that tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("house", deadline=None, database=None)
settings.load_profile("house")

_LOCAL_HOSTS = frozenset({"127.0.0.1", "::1", "localhost", "", None})
_PRIVATE_VARIABLES = ("OMNIFORGE_", "XDG_", "LITELLM_", "OPENAI_", "GITHUB_", "TIKTOKEN_")
_PRIVATE_ENDINGS = ("_API_KEY", "_API_BASE", "_BASE_URL", "_API_TOKEN", "_PROXY")
_TERMINAL_VARIABLES = frozenset({"NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES", "CI"})


class NetworkRefused(RuntimeError):
    """A test tried to leave this machine. It is no OSError, so that nothing mistakes it for an outage."""


def _is_local(family: int, address: Any) -> bool:
    if family == socket.AF_UNIX:
        return True
    host = address[0] if isinstance(address, tuple) else address
    return host in _LOCAL_HOSTS or str(host).startswith("127.")


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every address but 127.0.0.1, ::1 and unix sockets; names under `.invalid` do not resolve, as anywhere."""
    if request.node.get_closest_marker("online") is not None:
        return

    def guarded(original: Callable[..., Any], position: int = 0) -> Callable[..., Any]:
        def call(self: socket.socket, *args: Any) -> Any:
            address = args[-1] if position else args[0]
            if not _is_local(self.family, address):
                raise NetworkRefused(f"a test tried to reach {address!r}; tests may use 127.0.0.1 only")
            return original(self, *args)

        return call

    monkeypatch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))
    monkeypatch.setattr(socket.socket, "sendto", guarded(socket.socket.sendto, position=-1))
    resolve = socket.getaddrinfo

    def local_names_only(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and str(name).endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if name not in _LOCAL_HOSTS and not str(name).startswith("127."):
            raise NetworkRefused(f"a test tried to look up {name!r}; tests may use 127.0.0.1 only")
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", local_names_only)


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder (`tmp_path`), an empty home, and an environment without keys, settings or terminal habits."""
    for name in list(os.environ):
        if name.startswith(_PRIVATE_VARIABLES) or name.upper().endswith(_PRIVATE_ENDINGS) or name in _TERMINAL_VARIABLES:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name, folder in (("CONFIG", ".config"), ("DATA", ".local/share"), ("STATE", ".local/state"), ("CACHE", ".cache")):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / folder))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """A command that runs in the test's process sets up logging for good; the next test starts from nothing."""
    yield
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if name.split(".")[0] == "omniforge_cli" and isinstance(logger, logging.Logger):
            logger.handlers.clear()
            logger.filters.clear()
            logger.propagate = True
            logger.setLevel(logging.NOTSET)


@pytest.fixture
def loopback() -> Iterator[Callable[..., Loopback]]:
    """Starts loopback providers (arguments of `tests.loopback.Loopback`) that end with the test."""
    with ExitStack() as servers:

        def start(*args: Any, **kwargs: Any) -> Loopback:
            return servers.enter_context(Loopback(*args, **kwargs))

        yield start
