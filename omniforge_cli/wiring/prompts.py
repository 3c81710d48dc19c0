"""References -> prompt versions listed, shown, compared, copied, checked and released."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.core.errors import PromptError
from omniforge_cli.core.settings import Settings
from omniforge_cli.wiring.routing import load_taxonomy
from omniforge_cli.wiring.storage import now

if TYPE_CHECKING:
    from omniforge_cli.core.taxonomy import Taxonomy

KIND: Final = "prompts"
_TRIAL: Final = RoutingRequest(
    message="{{ message }}",
    history=(Message(role="user", content="first"), Message(role="assistant", content="second")),
    agents=(Agent(id="one", name="One", description="the first", skills=("reading",)),),
)
"""What every template must be able to render: with history, agents and skills, and a message that looks like a template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A prompt version as `prompts list` tells it; `error` is why it cannot be read."""

    ref: str
    file: Path
    state: str
    created: str = ""
    description: str = ""
    changelog: str = ""
    sha256: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A prompt version (or the lock) and everything that is wrong with it; `state` is `released`, `draft` or `changed`."""

    ref: str
    state: str
    errors: tuple[str, ...]


def listed() -> list[Listed]:
    """Every prompt version of the working folder and of the package, oldest first."""
    from omniforge_cli.files.drafts import release_state
    from omniforge_cli.files.prompt import list_prompts, read_prompt

    found = []
    for name, version, path in list_prompts():
        ref, state = f"{name}@{version}", release_state(path, PromptError)
        try:
            prompt = read_prompt(path)
        except PromptError as exc:
            found.append(Listed(ref=ref, file=path, state=state, error=str(exc)))
            continue
        found.append(
            Listed(
                ref=ref,
                file=path,
                state=state,
                created=prompt.created,
                description=prompt.description,
                changelog=prompt.changelog,
                sha256=prompt.sha256,
            )
        )
    return found


def located(ref: str) -> Path:
    """The file of a reference or a path; raises PromptError."""
    from omniforge_cli.files.resources import PROMPT_SUFFIXES, find_version

    path = Path(ref)
    return path if path.suffix in PROMPT_SUFFIXES or path.is_file() else find_version(KIND, ref, PROMPT_SUFFIXES, PromptError)


def source(ref: str) -> str:
    """The text of a prompt version's file; raises PromptError."""
    from omniforge_cli.files.contents import decode, read_bytes

    path = located(ref)
    return decode(read_bytes(path, PromptError), path, PromptError)


def plain(ref: str) -> dict[str, Any]:
    """A prompt version as plain JSON values; raises PromptError."""
    from omniforge_cli.files.prompt import load_prompt

    prompt = load_prompt(ref)
    shots = [
        {**asdict(shot), "history": [{"role": turn.role, "content": turn.content} for turn in shot.history]} for shot in prompt.few_shot
    ]
    return {"schema_version": 1, "ref": prompt.ref, **asdict(prompt), "few_shot": shots}


def diff(a: str, b: str) -> str:
    """A unified diff of two versions' files, empty where they are equal; raises PromptError."""
    before, after = source(a).splitlines(), source(b).splitlines()
    return "".join(f"{line}\n" for line in difflib.unified_diff(before, after, a, b, lineterm=""))


def new(name: str, *, source_ref: str | None, changelog: str | None) -> Path:
    """Copy the newest version of a name, or `source_ref`, to `./prompts` under the next version.

    Raises:
        PromptError: there is nothing to copy, or the copy cannot be written or read.
    """
    from omniforge_cli.files.documents import parse_document
    from omniforge_cli.files.drafts import copied, draft_path, next_version, write_draft
    from omniforge_cli.files.prompt import list_prompts

    copied_ref = source_ref or name
    text = source(copied_ref)
    version = next_version([found_version for found_name, found_version, _ in list_prompts() if found_name == name])
    path = draft_path(KIND, name, version, PromptError)
    original = located(copied_ref)
    said = changelog or f"A copy of {original.parent.name}@{original.stem}; say here what changed."
    values = {"name": name, "version": version, "created": f"{now():%Y-%m-%d}", "changelog": json.dumps(said, ensure_ascii=False)}
    draft = copied(text, values)
    if parse_document(draft, path, PromptError).get("version", version) != version:
        raise PromptError(f"{original}: its `version` is not written on one line; copy it by hand to {path}")
    write_draft(path, draft, PromptError)
    return path


def check(refs: Sequence[str], settings: Settings) -> list[Checked]:
    """What is wrong with the named prompt versions, or with all of them and with the locks.

    Raises:
        PromptError: a reference names nothing, or a lock is broken.
        TaxonomyError: the taxonomy cannot be read.
    """
    from omniforge_cli.files.drafts import roots
    from omniforge_cli.files.lock import drifts
    from omniforge_cli.files.prompt import list_prompts

    taxonomy = load_taxonomy(settings.taxonomy).taxonomy
    paths = [located(ref) for ref in refs] or [path for _, _, path in list_prompts()]
    checked = [_checked(path, taxonomy) for path in paths]
    missed = {path.resolve() for path in paths}
    for root in [] if refs else roots(KIND):
        others = [drift for drift in drifts(root, PromptError) if (root / drift.file).resolve() not in missed]
        checked += [Checked(ref=drift.file, state="changed", errors=(str(drift),)) for drift in others]
    return checked


def _checked(path: Path, taxonomy: Taxonomy) -> Checked:
    from omniforge_cli.adapters.jinja_renderer import JinjaRenderer
    from omniforge_cli.files.drafts import release_state
    from omniforge_cli.files.lock import drifts
    from omniforge_cli.files.prompt import read_prompt

    root = path.resolve().parent.parent
    errors = [str(drift) for drift in drifts(root, PromptError) if root / drift.file == path.resolve()]
    try:
        prompt = read_prompt(path)
        JinjaRenderer().render(prompt, taxonomy, _TRIAL)
    except PromptError as exc:
        errors.append(str(exc))
    return Checked(ref=f"{path.parent.name}@{path.stem}", state=release_state(path, PromptError), errors=tuple(errors))


def release(ref: str) -> tuple[Path, str]:
    """Lock a version in `./prompts` as it stands; its file and SHA-256.

    Raises:
        PromptError: it is broken, lies elsewhere, or was released with other content.
    """
    from omniforge_cli.files import lock
    from omniforge_cli.files.prompt import read_prompt

    path = located(ref)
    read_prompt(path)
    return path, lock.release(Path.cwd() / KIND, path, PromptError)
