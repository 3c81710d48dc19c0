"""Who else is measured: bare scripts, and the peers of which `--peers DIR` holds a virtual environment; the project depends on none."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

HARNESSES = Path(__file__).resolve().parent / "harnesses"
OMNIFORGE = Path(sys.executable).parent / "omniforge"
_VENVS = {
    "pydantic-evals": "pydantic_evals_peer.py",
    "DeepEval": "deepeval_peer.py",
    "promptfoo": "promptfoo_peer.py",
    "Inspect AI": "inspect_ai_peer.py",
}
_PACKAGES = {"pydantic-evals": "pydantic_evals", "DeepEval": "deepeval", "Inspect AI": "inspect_ai"}

Command = Callable[[str, Path, int], list[str | Path]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A harness that is there: its version, and its command line for (URL, cases, concurrency)."""

    name: str
    version: str
    command: Command


def ours() -> Peer:
    """`omniforge eval` as a user runs it: every report, the run store, confidence intervals."""

    def command(url: str, cases: Path, wide: int) -> list[str | Path]:
        options = ["--model", "openai/bench", "--api-base", url, "--concurrency", str(wide), "--gates", "none", "-q"]
        return [OMNIFORGE, "eval", "--evalset", cases, *options]

    return Peer(name="omniforge", version=_version(Path(sys.executable), "omniforge"), command=command)


def installed(folder: Path | None) -> Iterator[Peer]:
    """The bare scripts, then each peer with an environment `DIR/<name in lower case, dashes for spaces>`."""
    for package in ("aiohttp", "litellm"):
        python = Path(sys.executable)
        yield Peer(name=f"bare {package}", version=_version(python, package), command=_script(python, f"bare_{package}.py"))
    for name, script in _VENVS.items():
        python = _home(folder, name) / "bin" / "python" if folder else Path("missing")
        if python.exists() and (version := _peer_version(python, name)):
            yield Peer(name=name, version=version, command=_script(python, script))


def missing(peers: list[Peer]) -> list[str]:
    """The known peers that are not among these."""
    return [name for name in _VENVS if name not in {peer.name for peer in peers}]


def _home(folder: Path, name: str) -> Path:
    return folder.resolve() / name.lower().replace(" ", "-")


def _script(python: Path, script: str) -> Command:
    return lambda url, cases, wide: [python, HARNESSES / script, url, cases, str(wide)]


def _peer_version(python: Path, name: str) -> str:
    if name == "promptfoo":
        card = python.parents[1] / "node_modules" / "promptfoo" / "package.json"
        return str(json.loads(card.read_text(encoding="utf-8"))["version"]) if card.exists() else ""
    return _version(python, _PACKAGES[name])


def _version(python: Path, package: str) -> str:
    asked = f"import importlib.metadata as m; print(m.version({package!r}))"
    done = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=False)
    return done.stdout.strip()
