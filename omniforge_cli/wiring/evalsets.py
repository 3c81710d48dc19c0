"""References -> eval sets listed, shown, checked, counted and compared. Nothing is written."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from omniforge_cli.core.errors import EvalSetError, PromptError
from omniforge_cli.core.evalset import EvalSet
from omniforge_cli.core.settings import Settings
from omniforge_cli.wiring.routing import load_taxonomy

if TYPE_CHECKING:
    from omniforge_cli.files.inventory import Difference
    from omniforge_cli.files.lint import Finding, Seen

KIND: Final = "evalsets"
DEFAULT_DATA: Final = "data"
"""Folder whose messages are looked at for leaks when it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An eval set as `evalset list` tells it; `error` is why it cannot be read."""

    ref: str
    file: Path
    state: str
    n_cases: int = 0
    description: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An eval set and what was found in it."""

    ref: str
    n_cases: int
    findings: tuple[Finding, ...]

    @property
    def has_errors(self) -> bool:
        """Whether something in it makes its numbers wrong."""
        return any(finding.level == "error" for finding in self.findings)


def listed() -> list[Listed]:
    """Every eval set of the working folder and of the package."""
    from omniforge_cli.files.drafts import release_state
    from omniforge_cli.files.evalset import list_evalsets, read_evalset

    found = []
    for name, version, path in list_evalsets():
        entry = Listed(ref=f"{name}@{version}", file=path, state=release_state(path, EvalSetError))
        try:
            evalset = read_evalset(path)
        except EvalSetError as exc:
            found.append(replace(entry, error=str(exc)))
        else:
            found.append(replace(entry, n_cases=len(evalset.cases), description=evalset.description))
    return found


def load(ref: str) -> EvalSet:
    """The eval set of a reference or a path; raises EvalSetError."""
    from omniforge_cli.files.evalset import load_evalset

    return load_evalset(ref)


def chosen(evalset: EvalSet, *, tags: Sequence[str], labels: Sequence[str], limit: int | None) -> EvalSet:
    """The first `limit` cases with one of the tags and one of the labels; an empty choice means any."""
    kept = [case for case in evalset.cases if (not tags or set(tags) & set(case.tags)) and (not labels or case.expected_action in labels)]
    return replace(evalset, cases=tuple(kept[:limit]))


def plain(evalset: EvalSet) -> dict[str, Any]:
    """An eval set and its cases as plain JSON values."""
    from omniforge_cli.files.export import written

    return {
        "schema_version": 1,
        "name": evalset.name,
        "version": evalset.version,
        "description": evalset.description,
        "sha256": evalset.sha256,
        "cases": [written(case) for case in evalset.cases],
    }


def located(ref: str) -> Path:
    """The file of a reference or a path; raises EvalSetError."""
    from omniforge_cli.files.evalset import SUFFIXES
    from omniforge_cli.files.resources import find_version

    path = Path(ref)
    return path if path.suffix in SUFFIXES or path.is_file() else find_version(KIND, ref, SUFFIXES, EvalSetError)


def check(refs: Sequence[str], settings: Settings, data: str | None) -> list[Checked]:
    """What is wrong with the named eval sets, or with all of them and their locks.

    Raises:
        EvalSetError: a reference names nothing, or `data` is no folder with messages.
        TaxonomyError: the taxonomy cannot be read.
    """
    from omniforge_cli.files.evalset import list_evalsets

    seen = _few_shots() + _training(data)
    names = list(refs) or [f"{name}@{version}" for name, version, _ in list_evalsets()]
    checked = [_checked(ref, settings, seen) for ref in names]
    gone = [] if refs else _gone()
    return [*checked, Checked(ref="versions.lock", n_cases=0, findings=tuple(gone))] if gone else checked


def _checked(ref: str, settings: Settings, seen: Sequence[Seen]) -> Checked:
    from omniforge_cli.files.lint import Finding, Level, leaks, lint

    path = located(ref)
    drift = [Finding(level=Level.ERROR, kind="drift", message=line) for line in _drift(path)]
    try:
        evalset = load(ref)
    except EvalSetError as exc:
        return Checked(ref=ref, n_cases=0, findings=(*drift, Finding(level=Level.ERROR, kind="broken", message=str(exc))))
    found = [*drift, *lint(evalset, load_taxonomy(settings.taxonomy).taxonomy), *leaks(evalset, seen)]
    errors_first = sorted(found, key=lambda finding: finding.level is not Level.ERROR)
    return Checked(ref=evalset.ref, n_cases=len(evalset.cases), findings=tuple(errors_first))


def _drift(path: Path) -> list[str]:
    from omniforge_cli.files.lock import drifts

    root = path.resolve().parent.parent
    return [str(drift) for drift in drifts(root, EvalSetError) if root / drift.file == path.resolve()]


def _gone() -> list[Finding]:
    from omniforge_cli.files.drafts import roots
    from omniforge_cli.files.lint import Finding, Level
    from omniforge_cli.files.lock import drifts

    lost = [drift for root in roots(KIND) for drift in drifts(root, EvalSetError) if drift.found is None]
    return [Finding(level=Level.ERROR, kind="drift", message=str(drift)) for drift in lost]


def _few_shots() -> list[Seen]:
    """The worked examples of every prompt version; a broken prompt is `prompts check`'s business."""
    from omniforge_cli.files.lint import Seen, text_of
    from omniforge_cli.files.prompt import list_prompts, read_prompt

    seen = []
    for name, version, path in list_prompts():
        with contextlib.suppress(PromptError):
            for number, shot in enumerate(read_prompt(path).few_shot, start=1):
                seen.append(Seen(text=text_of(shot.message, shot.history), where=f"prompt {name}@{version}, example {number}"))
    return seen


def _training(data: str | None) -> list[Seen]:
    folder = Path(data or DEFAULT_DATA)
    if not folder.is_dir():
        if data is None:
            return []
        raise EvalSetError(f"--data {data}: it is no folder")
    from omniforge_cli.files.training import seen_in

    seen = seen_in(folder)
    if not seen and data is not None:
        raise EvalSetError(f"--data {data}: there is no JSONL file with messages in it")
    return seen


def stats(ref: str, settings: Settings) -> dict[str, Any]:
    """Counts of an eval set as plain values; raises EvalSetError, TaxonomyError."""
    from omniforge_cli.files.inventory import inventory

    return inventory(load(ref), load_taxonomy(settings.taxonomy).taxonomy)


def diff(a: str, b: str) -> Difference:
    """How two eval sets differ; raises EvalSetError."""
    from omniforge_cli.files.inventory import difference

    return difference(load(a), load(b))
