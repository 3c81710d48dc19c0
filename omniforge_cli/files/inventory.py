"""What an eval set holds, counted, and how two of them differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omniforge_cli.core.evalset import Case, EvalSet
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.files.export import written


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """From one set to another, by case id. `renamed` maps old ids to new ones, `changed` ids to the changed keys: before, after."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    renamed: Mapping[str, str]
    changed: Mapping[str, Mapping[str, tuple[Any, Any]]]
    n_same: int


def inventory(evalset: EvalSet, taxonomy: Taxonomy) -> dict[str, Any]:
    """Counts as plain values: labels in the taxonomy's order with the empty ones, tags by size, kinds of cases, lengths in characters."""
    cases = evalset.cases
    labels = Counter(case.expected_action for case in cases)
    lengths = sorted(len(case.message) for case in cases)
    return {
        "schema_version": 1,
        "evalset": evalset.ref,
        "sha256": evalset.sha256,
        "n_cases": len(cases),
        "labels": {name: labels[name] for name in (*taxonomy.names, *(name for name in labels if name not in taxonomy.names))},
        "tags": dict(Counter(tag for case in cases for tag in case.tags).most_common()),
        "n_with_history": sum(bool(case.history) for case in cases),
        "n_with_agents": sum(bool(case.agents) for case in cases),
        "n_with_entities": sum(bool(case.expected_entities) for case in cases),
        "n_with_several_answers": sum(bool(case.acceptable_actions) for case in cases),
        "n_ambiguous": sum(case.expected_ambiguous is True for case in cases),
        "n_clear": sum(case.expected_ambiguous is False for case in cases),
        "message_chars": {"median": lengths[len(lengths) // 2], "p95": lengths[int(len(lengths) * 0.95)], "max": lengths[-1]},
    }


def difference(a: EvalSet, b: EvalSet) -> Difference:
    """What has to be done to `a` to get `b`."""
    before, after = {case.id: case for case in a.cases}, {case.id: case for case in b.cases}
    added = {case_id: case for case_id, case in after.items() if case_id not in before}
    removed = {case_id: case for case_id, case in before.items() if case_id not in after}
    by_content = {case.content_hash: case_id for case_id, case in added.items()}
    renamed = {case_id: by_content[case.content_hash] for case_id, case in removed.items() if case.content_hash in by_content}
    both = [case_id for case_id in before if case_id in after]
    changed = {case_id: _changes(before[case_id], after[case_id]) for case_id in both if before[case_id] != after[case_id]}
    return Difference(
        added=tuple(case_id for case_id in added if case_id not in set(renamed.values())),
        removed=tuple(case_id for case_id in removed if case_id not in renamed),
        renamed=renamed,
        changed=changed,
        n_same=len(both) - len(changed),
    )


def _changes(before: Case, after: Case) -> dict[str, tuple[Any, Any]]:
    old, new = written(before), written(after)
    return {key: (old.get(key), new.get(key)) for key in {**old, **new} if old.get(key) != new.get(key)}
