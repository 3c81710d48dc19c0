"""References and files -> eval sets listed, checked, changed, imported and released."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from omniforge_cli.core.errors import EvalSetError, PromptError
from omniforge_cli.core.evalset import Case, EvalSet
from omniforge_cli.core.settings import Settings
from omniforge_cli.wiring.routing import load_taxonomy, read_agents, read_history

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


def add(ref: str, case: Mapping[str, Any], settings: Settings) -> tuple[Path, Case]:
    """Append a case, given as its plain values, to a version in `./evalsets`; a version that is not there yet starts as a copy of the newest.

    Raises:
        EvalSetError: the version is released, the case is none, or the file leaves no place for it.
    """
    from omniforge_cli.files.append import appended, with_id
    from omniforge_cli.files.drafts import write_draft
    from omniforge_cli.files.evalset import case_from, check_labels, parse_evalset
    from omniforge_cli.files.export import yaml_text

    path, text = _draft(ref)
    added = case_from(case, "the new case", 1)
    existing = parse_evalset(text, path).cases if text is not None else ()
    if "id" not in case:
        added = with_id(added, frozenset(one.id for one in existing))
    single = EvalSet(name=path.parent.name, version=path.stem, cases=(added,))
    check_labels(single, load_taxonomy(settings.taxonomy).taxonomy)
    write_draft(path, yaml_text(single) if text is None else appended(text, path, added), EvalSetError)
    return path, added


def _draft(ref: str) -> tuple[Path, str | None]:
    """The file in `./evalsets` that a reference names, and the text that it has or starts with (None: there is no version yet)."""
    from omniforge_cli.files.documents import decode, read_bytes
    from omniforge_cli.files.drafts import copied, draft_path, next_version, release_state
    from omniforge_cli.files.evalset import list_evalsets

    name, _, version = ref.partition("@")
    known = {found_version: path for found_name, found_version, path in list_evalsets() if found_name == name}
    newest = list(known)[-1] if known else None
    target = version or newest or next_version(known)
    path = draft_path(KIND, name, target, EvalSetError)
    found = known.get(target)
    if found is not None:
        if release_state(found, EvalSetError) != "draft":
            new = f"{name}@{next_version(known)}"
            raise EvalSetError(f"{name}@{target} is released and never changes; add to {new}, which starts as a copy of {name}@{newest}")
        if found.resolve().parent.parent != (Path.cwd() / KIND).resolve():
            raise EvalSetError(f"{name}@{target} came with omniforge; add to {name}@{next_version(known)}")
        return found, decode(read_bytes(found, EvalSetError), found, EvalSetError)
    if newest is None:
        return path, None
    source = known[newest]
    text = decode(read_bytes(source, EvalSetError), source, EvalSetError)
    return path.with_suffix(source.suffix), copied(text, {"version": target})


def import_file(source: str, *, form: str, splits: Sequence[str], out: str, force: bool) -> tuple[Path, EvalSet]:
    """Write the cases of another tool's file as an eval set, in the form that the name of `out` says.

    Raises:
        EvalSetError: the file is not of that form, or `out` is there already, released, or of no known form.
    """
    from omniforge_cli.files.drafts import write_draft
    from omniforge_cli.files.importers.reading import read_cases

    target = Path(out)
    if target.exists() and not force:
        raise EvalSetError(f"{target}: it is there already; give --force to write over it")
    cases = read_cases(Path(source), form, splits)
    named = target.resolve().parent.name if target.resolve().parent.parent.name == KIND else target.stem
    evalset = EvalSet(
        name=named, version=target.stem if named != target.stem else "v1", cases=cases, description=f"Imported from {Path(source).name}."
    )
    write_draft(target, text_of(evalset, target.suffix.removeprefix(".")), EvalSetError)
    return target, evalset


def text_of(evalset: EvalSet, form: str) -> str:
    """An eval set as the text of a file: `yaml`, `jsonl`, `csv` or `promptfoo`; raises EvalSetError for another form."""
    from omniforge_cli.files import export
    from omniforge_cli.files.importers.promptfoo import promptfoo_text

    if form in ("yaml", "yml"):
        return export.yaml_text(evalset)
    if form == "jsonl":
        return export.json_lines(evalset.cases)
    if form == "csv":
        return export.csv_text(evalset.cases)
    if form == "promptfoo":
        return promptfoo_text(evalset)
    raise EvalSetError(f"an eval set cannot be written as {form!r}; name the file .yaml, .jsonl or .csv")


def export_to(path: str, text: str) -> None:
    """Write an exported text; a released eval set is never written over. Raises EvalSetError."""
    from omniforge_cli.files.drafts import write_draft

    write_draft(Path(path), text, EvalSetError)


def release(ref: str) -> tuple[Path, str]:
    """Lock a version in `./evalsets` as it stands; its file and SHA-256. Raises EvalSetError."""
    from omniforge_cli.files import lock

    path = located(ref)
    load(ref)
    return path, lock.release(Path.cwd() / KIND, path, EvalSetError)


def case_values(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The plain values of a case from what was typed; `history` and `agents` are files. Raises ConversationFileError."""
    values = {key: flags[key] for key in ("id", "message", "expected_action", "note", "expected_ambiguous") if flags[key] is not None}
    values |= {key: list(flags[key]) for key in ("acceptable_actions", "tags") if flags[key]}
    if flags["history"]:
        values["history"] = [{"role": entry.role, "content": entry.content} for entry in read_history(flags["history"])]
    if flags["agents"]:
        values["agents"] = [_plain_agent(agent) for agent in read_agents(flags["agents"])]
    entities = dict(pair.split("=", 1) for pair in flags["entities"])
    return values | ({"expected_entities": entities} if entities else {})


def _plain_agent(agent: Any) -> dict[str, Any]:
    return {"id": agent.id, "name": agent.name, "description": agent.description, "skills": list(agent.skills)}
