"""Eval sets that change: a case added, a file imported, a text exported, a version released."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omniforge_cli.core.conversation import Agent
from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.core.evalset import Case, EvalSet
from omniforge_cli.core.settings import Settings
from omniforge_cli.wiring.evalsets import KIND, load, located
from omniforge_cli.wiring.routing import load_taxonomy, read_agents, read_history


def add(ref: str, case: Mapping[str, Any], settings: Settings) -> tuple[Path, Case]:
    """Append a case, given as its plain values, to a version in `./evalsets`; one that is not there yet starts as a copy of the newest.

    Raises:
        EvalSetError: the version is released, the case is none, or the file leaves no place for it.
    """
    from omniforge_cli.files.locking import exclusive

    with exclusive(Path.cwd()):  # between reading the file and writing it nobody else may add to it
        return _added(ref, case, settings)


def _added(ref: str, case: Mapping[str, Any], settings: Settings) -> tuple[Path, Case]:
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
    from omniforge_cli.files.contents import decode, read_bytes
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
        return path.with_suffix(found.suffix), decode(read_bytes(found, EvalSetError), found, EvalSetError)
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
    """The plain values of a case from what was typed; `history` and `agents` are files. Raises InputError."""
    values = {key: flags[key] for key in ("id", "message", "expected_action", "note", "expected_ambiguous") if flags[key] is not None}
    values["message"] = flags["message"].encode("utf-8", "replace").decode("utf-8")  # bytes that were no UTF-8 arrive as surrogates
    values |= {key: list(flags[key]) for key in ("acceptable_actions", "tags") if flags[key]}
    if flags["history"]:
        values["history"] = [{"role": entry.role, "content": entry.content} for entry in read_history(flags["history"])]
    if flags["agents"]:
        values["agents"] = [_plain_agent(agent) for agent in read_agents(flags["agents"])]
    entities = dict(_pair(text) for text in flags["entities"])
    return values | ({"expected_entities": entities} if entities else {})


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise EvalSetError(f"--entity {text!r}: write it as NAME=VALUE")
    return name, value


def _plain_agent(agent: Agent) -> dict[str, Any]:
    return {"id": agent.id, "name": agent.name, "description": agent.description, "skills": list(agent.skills)}
