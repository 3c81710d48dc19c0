"""What a run will do, in a stable order, and the fingerprint of everything that can change its result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from omniforge_cli.core.errors import EvalSetError, RunMismatch
from omniforge_cli.core.evalset import Case, EvalSet
from omniforge_cli.core.identity import content_hash
from omniforge_cli.core.run import Arm, RunSettings, Sample
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.evals.spool import first

ASKED: Final = "asked"
"""Key of the fingerprint that holds the options as they were typed: a resumption starts from them, and they decide nothing themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One thing to do: a case (and its place in the set), for an arm (by its number), for the n-th time."""

    arm: int
    case: Case
    repeat: int
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Eval set × arms × repeats. `fingerprint` names each thing that can change a result."""

    evalset: EvalSet
    taxonomy: Taxonomy
    arms: tuple[Arm, ...]
    settings: RunSettings
    fingerprint: Mapping[str, Any]

    @property
    def n_samples(self) -> int:
        """How many attempts the run has."""
        return len(self.evalset.cases) * len(self.arms) * self.settings.repeats

    def attempts(self, done: Sequence[int] = b"") -> Iterator[Attempt]:
        """Every attempt: repeats outermost and arms innermost, so that a provider's moods meet all arms alike.

        Those that `done` marks, by their `number`, are left out.
        """
        number = 0
        for repeat in range(self.settings.repeats):
            for position, case in enumerate(self.evalset.cases):
                for arm in range(len(self.arms)):
                    if not (done and done[number]):
                        yield Attempt(arm=arm, case=case, repeat=repeat, position=position)
                    number += 1

    def number(self, sample: Sample) -> int:
        """The place of a sample's attempt among all of the plan's."""
        return (sample.repeat * len(self.evalset.cases) + sample.position) * len(self.arms) + sample.arm


def make_plan(
    evalset: EvalSet, *, taxonomy: Taxonomy, arms: tuple[Arm, ...], settings: RunSettings, versions: Mapping[str, str | None]
) -> Plan:
    """The plan for the cases that `settings` selects. `versions` names what else decides (program, weights …).

    Raises:
        EvalSetError: no case is left.
    """
    chosen = selected(evalset, settings)
    fingerprint = {
        "evalset": evalset.ref,
        "evalset_sha256": evalset.sha256,
        "taxonomy": taxonomy.name,
        "taxonomy_sha256": taxonomy_hash(taxonomy),
        "arms": [asdict(arm) for arm in arms],
        "limit": settings.limit,
        "tags": list(settings.tags),
        "repeats": settings.repeats,
        "seed": settings.seed,
        "inject": settings.inject,
        "offline": settings.offline,
        "api_base": settings.api_base,
        "provider": settings.provider,
        "cascade_threshold": settings.cascade_threshold,
        **{key: value for key, value in settings.extra.items()},
        **versions,
    }
    return Plan(evalset=chosen, taxonomy=taxonomy, arms=arms, settings=settings, fingerprint=fingerprint)


def selected(evalset: EvalSet, settings: RunSettings) -> EvalSet:
    """The first `limit` cases, in file order, that carry one of `tags`.

    Raises:
        EvalSetError: none is left.
    """
    wanted = set(settings.tags)
    cases = first(evalset.cases if not wanted else [case for case in evalset.cases if wanted & set(case.tags)], settings.limit)
    if not cases:
        known = sorted({tag for case in evalset.cases for tag in case.tags})
        raise EvalSetError(f"eval set {evalset.ref}: no case is left after --tags and --limit; its tags are {', '.join(known) or 'none'}")
    return EvalSet(
        name=evalset.name,
        version=evalset.version,
        description=evalset.description,
        sha256=evalset.sha256,
        sets=evalset.sets,
        cases=cases,
    )


def taxonomy_hash(taxonomy: Taxonomy) -> str:
    """Identity of a taxonomy by content."""
    plain = asdict(taxonomy)
    del plain["names"]
    return content_hash(plain)


def refuse_mismatch(stored: Mapping[str, Any], wanted: Mapping[str, Any], run_id: str) -> None:
    """Refuse to resume a run that asked for something else.

    Raises:
        RunMismatch: naming each field that differs, with both values.
    """
    differing = [key for key in sorted({*stored, *wanted} - {ASKED}) if stored.get(key) != wanted.get(key)]
    if differing:
        told = "; ".join(f"{key} was {_short(stored.get(key))}, is now {_short(wanted.get(key))}" for key in differing)
        raise RunMismatch(f"run {run_id} cannot be resumed with other settings: {told}. Start a new run, or give what it had")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 70 else text[:67] + "…"
