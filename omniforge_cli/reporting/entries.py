"""Which cases a page shows: wrong and changed ones first, as many as its size allows, whatever the size of the run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from omniforge_cli.reporting import numbers, view
from omniforge_cli.reporting.changes import side
from omniforge_cli.reporting.view import CasesOf, Outcome

_MOST_ENTRIES: Final = 6_000
_LONGEST = {"id": 120, "message": 1_200, "reasoning": 700, "error": 300, "question": 300, "entities": 300}

MOST_NOTABLE: Final = 4
"""Ranks under this are of cases that a reader looks for: wrong, failed or changed."""

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The cases of a page as JSON fit for a `<script>` element, and what was left out."""

    data: str
    shown: int
    total: int
    notable_shown: int
    notable: int


@dataclass(slots=True)
class _Seen:
    """What is remembered of every case; the texts of most are never held."""

    wrong: bool = False
    error: bool = False
    answer: str | None = None
    changed: bool = False

    def add(self, outcome: Outcome, answer: str | None) -> None:
        """Note one more sample; that a provider was not there is no change of mind."""
        self.wrong = self.wrong or outcome is Outcome.WRONG
        self.error = self.error or outcome is Outcome.ERROR
        if outcome is not Outcome.ERROR:
            self.changed = self.changed or (self.answer is not None and answer != self.answer)
            self.answer = answer if self.answer is None else self.answer

    @property
    def rank(self) -> int:
        if self.wrong:
            return 0 if self.changed else 1
        if self.error:
            return 2
        return 3 if self.changed else 4


class Shortlist:
    """The cases of one arm without repeats from which a page chooses, gathered as they come by: all the page needs of a long run."""

    def __init__(self) -> None:
        self.total = self.notable = 0
        self._ranked: list[list[Mapping[str, Any]]] = [[] for _ in range(MOST_NOTABLE + 1)]

    def add(self, sample: Mapping[str, Any]) -> None:
        """Look at one more case."""
        seen = _Seen()
        seen.add(view.outcome(sample), sample.get("predicted"))
        self.total += 1
        self.notable += seen.rank < MOST_NOTABLE
        if len(kept := self._ranked[seen.rank]) < _MOST_ENTRIES:
            kept.append(sample)

    def merge(self, other: Shortlist) -> None:
        """Look at another's cases, which come after these."""
        self.total += other.total
        self.notable += other.notable
        room = _MOST_ENTRIES
        for kept, more in zip(self._ranked, other._ranked, strict=True):
            kept += more[: max(0, room - len(kept))]
            del kept[max(0, room) :]
            room -= len(kept)

    def cases(self) -> list[Mapping[str, Any]]:
        """Those that a page may show."""
        return [sample for kept in self._ranked for sample in kept]


def select(cases: CasesOf, n_arms: int, budget: int, *, first: Iterable[str] = ()) -> Selection:
    """The cases that fit into `budget` bytes, of all arms side by side.

    Every arm's samples are read twice, so that memory does not grow with the texts of a run. The ids in `first` (fixed and
    broken cases) come before everything else.
    """
    seen = _survey(cases, n_arms)
    urgent = set(first)
    ranks = {key: -1 if key[0] in urgent else one.rank for key, one in seen.items()}
    notable = sum(rank < MOST_NOTABLE for rank in ranks.values())
    chosen = sorted(ranks, key=lambda key: ranks[key])[:_MOST_ENTRIES]
    details = _details(cases, n_arms, chosen)
    lines: list[str] = []
    left = budget
    for key in chosen:
        line = script_json(_entry(key, seen[key], details[key]))
        left -= len(line.encode()) + 1
        if left < 0:
            break
        lines.append(line)
    shown_notable = sum(ranks[key] < MOST_NOTABLE for key in chosen[: len(lines)])
    return Selection(data="[" + ",\n".join(lines) + "]", shown=len(lines), total=len(seen), notable_shown=shown_notable, notable=notable)


def script_json(value: Any) -> str:
    """JSON that no HTML parser can mistake for markup."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return numbers.readable(text)


def _survey(cases: CasesOf, n_arms: int) -> dict[_Key, _Seen]:
    seen: dict[_Key, _Seen] = {}
    for arm in range(n_arms):
        for sample in cases(arm):
            key = _key(sample)
            if key not in seen:
                seen[key] = _Seen()
            seen[key].add(view.outcome(sample), sample.get("predicted"))
    return seen


def _details(cases: CasesOf, n_arms: int, chosen: Iterable[_Key]) -> dict[_Key, list[list[Mapping[str, Any]]]]:
    details: dict[_Key, list[list[Mapping[str, Any]]]] = {key: [[] for _ in range(n_arms)] for key in chosen}
    for arm in range(n_arms):
        for sample in cases(arm):
            if (kept := details.get(_key(sample))) is not None:
                kept[arm].append(sample)
    return details


def _entry(key: _Key, seen: _Seen, samples: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    head = next(one for arm in samples for one in arm)
    return _filled(
        {
            "id": _clipped("id", key[0]),
            "message": _clipped("message", head.get("message")),
            "expected": head.get("expected"),
            "tags": list(head.get("tags") or ()),
            "changed": seen.changed and len(samples) > 1,
            "then": _then(head),
            "results": [_result(arm) if arm else None for arm in samples],
        }
    )


def _then(sample: Mapping[str, Any]) -> dict[str, Any]:
    """In a replay: the decision made then, shaped like a result."""
    decided = sample.get("decided_then")
    if not decided or sample.get("expected") is None:
        return {}
    then = side(decided, sample["expected"])
    told = {"outcome": "then", "predicted": then.action, "confidence": then.confidence, "source": decided.get("source")}
    return _filled(told | {"reasoning": _clipped("reasoning", then.reasoning)})


def _result(samples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One arm's answer: of several repeats the first that was not right, and what the others said."""
    outcomes = [view.outcome(sample) for sample in samples]
    told = next((i for i, outcome in enumerate(outcomes) if outcome is not Outcome.RIGHT), 0)
    sample = samples[told]
    answers = [str(view.failure_reason(one) or one.get("predicted") or "no answer") for one in samples]
    error = sample.get("error") or {}
    return _filled(
        {
            "outcome": outcomes[told].value,
            "predicted": sample.get("predicted"),
            "confidence": numbers.score(sample.get("confidence")).replace(numbers.MISSING, ""),
            "latency": numbers.milliseconds(sample.get("latency_ms")).replace(numbers.MISSING, ""),
            "cached": sample.get("cached"),
            "source": sample.get("source"),
            "reason": view.failure_reason(sample),
            "error": _clipped("error", error.get("message")),
            "reasoning": _clipped("reasoning", sample.get("reasoning")),
            "question": _clipped("question", sample.get("clarifying_question")),
            "alternative": sample.get("alternative_action"),
            "agent": sample.get("target_agent_id"),
            "entities": _clipped("entities", ", ".join(f"{name}: {value}" for name, value in (sample.get("entities") or {}).items())),
            "mark": f"right {outcomes.count(Outcome.RIGHT)} of {len(outcomes)}" if len(outcomes) > 1 else "",
            "repeats": ", ".join(f"{answer} ×{answers.count(answer)}" for answer in dict.fromkeys(answers)) if len(answers) > 1 else "",
            "unstable": len(set(answers)) > 1,
        }
    )


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", False, [], {})}


def _clipped(what: str, text: Any) -> str:
    return numbers.clipped(str(text), _LONGEST[what]) if text is not None else ""


def _key(sample: Mapping[str, Any]) -> _Key:
    return str(sample["id"]), str(sample.get("case_hash"))
