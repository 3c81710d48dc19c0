"""From samples to an arm's report, streaming: counters and compact arrays, about 60 bytes a sample, and accumulators that merge.

How things are counted is the contract's section 5. Samples without an expected label cost what they cost and took the time they took; in
everything else they are left out.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import asdict
from typing import Any, Final

from omniforge_cli.core.report import ArmReport, TagScore
from omniforge_cli.core.run import Analyzer, Arm, Sample
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.scoring.ambiguity import AmbiguityCount
from omniforge_cli.scoring.calibration import brier, ece, fit_threshold, reliability_bins, risk_coverage
from omniforge_cli.scoring.cascade import CascadeCount
from omniforge_cli.scoring.classification import confusion, macro_f1, per_class
from omniforge_cli.scoring.cost import cost, sample_cost_usd
from omniforge_cli.scoring.entities import EntityCount
from omniforge_cli.scoring.latency import histogram, latency
from omniforge_cli.scoring.stability import NO_ANSWER, Stability, Tries, stability
from omniforge_cli.scoring.tally import ANSWERED, FELL_BACK, OUTAGE, RIGHT, SYSTEM_RIGHT, Tally, case_key, sample_flags

WANTED_PRECISION: Final = 0.95
"""The precision that the reported confidence threshold is fitted for."""


class _Spent:
    """Time, tokens and money of every sample."""

    __slots__ = ("completion_tokens", "cost_usd", "latency_ms", "n_cached", "n_unpriced", "prompt_tokens")

    def __init__(self) -> None:
        self.latency_ms, self.cost_usd = array("d"), array("d")
        self.n_cached = self.n_unpriced = self.prompt_tokens = self.completion_tokens = 0

    def add(self, sample: Sample) -> None:
        if sample.cached:
            self.n_cached += 1
        elif sample.calls:
            self.latency_ms.append(sample.latency_ms)
        if sample.usage is not None:
            self.prompt_tokens += sample.usage.prompt_tokens
            self.completion_tokens += sample.usage.completion_tokens
        usd = sample_cost_usd(sample)
        if usd is None:
            self.n_unpriced += 1
        else:
            self.cost_usd.append(usd)

    def merge(self, other: _Spent) -> None:
        self.latency_ms.extend(other.latency_ms)
        self.cost_usd.extend(other.cost_usd)
        self.n_cached += other.n_cached
        self.n_unpriced += other.n_unpriced
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens


class _Confidences:
    """How sure each answer was and whether it was right; in two halves (by case), one to fit a threshold and one to judge it."""

    __slots__ = ("halves",)

    def __init__(self) -> None:
        self.halves = ((array("d"), array("b")), (array("d"), array("b")))

    def add(self, key: int, confidence: float, right: bool) -> None:
        values, hits = self.halves[key & 1]
        values.append(confidence)
        hits.append(right)

    def merge(self, other: _Confidences) -> None:
        for (values, hits), (more_values, more_hits) in zip(self.halves, other.halves, strict=True):
            values.extend(more_values)
            hits.extend(more_hits)

    def all(self) -> tuple[array[float], array[int]]:
        (values, hits), (more_values, more_hits) = self.halves
        return values + more_values, hits + more_hits


class ArmAccumulator:
    """Counts the samples of one arm; `report` may be asked for at any moment."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._labels = taxonomy.names
        self._numbers = {name: number for number, name in enumerate(taxonomy.names)}
        self._tally = Tally()
        self._answers = array("i")
        self._tags: dict[str, Tally] = {}
        self._repeated: dict[int, str] = {}
        self._pairs: Counter[tuple[str, str | None]] = Counter()
        self._outages: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._n_unlabelled = 0
        self._spent = _Spent()
        self._confidences = _Confidences()
        self._ambiguity = AmbiguityCount()
        self._cascade = CascadeCount()
        self._entities = EntityCount()

    def add(self, sample: Sample) -> None:
        """Count one sample."""
        self._spent.add(sample)
        expected = sample.expected
        if expected is None:
            self._n_unlabelled += 1
            return
        self._cascade.add(sample)
        key, flags = case_key(sample.case_id), sample_flags(sample)
        answered = bool(flags & ANSWERED)
        self._tally.add(key, flags)
        for tag in sample.tags:
            tally = self._tags.get(tag)
            if tally is None:
                tally = self._tags[tag] = Tally()
            tally.add(key, flags)
        if sample.repeat:
            self._repeated[key] = sample.case_id
        if answered:
            self._count_answer(sample, key, expected)
        else:
            self._count_miss(sample, expected, outage=bool(flags & OUTAGE))
        self._ambiguity.add(sample, answered=answered, outage=bool(flags & OUTAGE))
        if sample.expected_entities:
            self._entities.add(sample.expected_entities, sample.entities if answered else None, outage=bool(flags & OUTAGE))

    def _count_answer(self, sample: Sample, key: int, expected: str) -> None:
        predicted = expected if sample.correct else sample.predicted
        self._pairs[(expected, predicted)] += 1
        self._answers.append(self._numbers.get(predicted or "", len(self._labels)))
        if sample.confidence is not None:
            self._confidences.add(key, sample.confidence, sample.correct)

    def _count_miss(self, sample: Sample, expected: str, *, outage: bool) -> None:
        self._pairs[(expected, None)] += 1
        self._answers.append(NO_ANSWER)
        if outage:
            self._outages[expected] += 1
        if sample.error is not None:
            self._reasons[sample.error.reason.value] += 1

    def merge(self, other: ArmAccumulator) -> None:
        """Count another accumulator's samples (same arm, same taxonomy) too."""
        self._tally.merge(other._tally)
        self._answers.extend(other._answers)
        for tag, tally in other._tags.items():
            self._tags.setdefault(tag, Tally()).merge(tally)
        self._repeated.update(other._repeated)
        self._pairs.update(other._pairs)
        self._outages.update(other._outages)
        self._reasons.update(other._reasons)
        self._n_unlabelled += other._n_unlabelled
        self._spent.merge(other._spent)
        self._confidences.merge(other._confidences)
        self._ambiguity.merge(other._ambiguity)
        self._cascade.merge(other._cascade)
        self._entities.merge(other._entities)

    def report(self, arm: Arm) -> ArmReport:
        """What was measured so far."""
        return self._report(arm, outages_right=False)

    def if_outages_right(self, arm: Arm) -> ArmReport:
        """The same with every outage sample counted as answered, and rightly.

        Whether they were right changes no fact of the run: counts, rates of fallbacks and errors, latency, cost and confidence stay.
        """
        return self._report(arm, outages_right=True)

    def _report(self, arm: Arm, *, outages_right: bool) -> ArmReport:
        pairs = self._pairs
        if outages_right:
            pairs = pairs.copy()
            for expected, count in self._outages.items():
                pairs[(expected, None)] -= count
                pairs[(expected, expected)] += count
        tally, repeated = self._tally, bool(self._repeated)
        scores, n = per_class(self._labels, pairs), len(tally.flags)
        n_answered, n_fallbacks = tally.count(ANSWERED), tally.count(FELL_BACK)
        n_errors = n - n_answered - n_fallbacks
        confidences = self._confidences.all()
        bins = reliability_bins(*confidences)
        steady = self._stability() if repeated else None
        return ArmReport(
            name=arm.name,
            prompt=arm.prompt,
            prompt_sha256=arm.prompt_sha256,
            model=arm.model,
            analyzer=arm.analyzer.value,
            n=n,
            n_answered=n_answered,
            n_errors=n_errors,
            n_fallbacks=n_fallbacks,
            n_outages=tally.count(OUTAGE),
            n_unlabelled=self._n_unlabelled,
            accuracy=tally.estimate(RIGHT, outages_right=outages_right, clustered=repeated),
            system_accuracy=tally.estimate(SYSTEM_RIGHT, outages_right=outages_right, clustered=repeated),
            macro_f1=macro_f1(scores),
            per_class=scores,
            confusion=confusion(self._labels, pairs),
            ece=ece(bins),
            brier=brier(*confidences),
            reliability_bins=bins,
            ambiguity=self._ambiguity.score(outages_right=outages_right),
            clarification_rate=self._ambiguity.clarification_rate(outages_right=outages_right),
            entities=self._entities.score(outages_right=outages_right),
            by_tag={
                tag: TagScore(n=len(one.flags), accuracy=one.estimate(RIGHT, outages_right=outages_right, clustered=repeated))
                for tag, one in sorted(self._tags.items())
            },
            latency_ms=latency(self._spent.latency_ms, n_cached=self._spent.n_cached),
            tokens={"prompt": self._spent.prompt_tokens, "completion": self._spent.completion_tokens},
            cost_usd=cost(self._spent.cost_usd, n_unknown=self._spent.n_unpriced),
            fallback_rate=n_fallbacks / n if n else None,
            error_rate=n_errors / n if n else None,
            fallback_reasons=dict(sorted(self._reasons.items())),
            flip_rate=steady.flip_rate if steady else None,
            extra=self._extra(steady, repeated=repeated, outages_right=outages_right) | self._savings(arm),
        )

    def _extra(self, steady: Stability | None, *, repeated: bool, outages_right: bool) -> dict[str, Any]:
        """What the contract does not name: plain JSON values, so that a stored report reads back the same."""
        tally, confidences = self._tally, self._confidences
        return {
            "n_cases": len(set(tally.keys)) if repeated else len(tally.keys),
            "n_clear": self._ambiguity.clear_samples(outages_right=outages_right),
            "answered_accuracy": asdict(tally.estimate(RIGHT, among=ANSWERED, clustered=repeated)),
            "fallback_accuracy": asdict(tally.estimate(SYSTEM_RIGHT, among=FELL_BACK, clustered=repeated)),
            "entities_overlapping": asdict(self._entities.score(overlapping=True, outages_right=outages_right)),
            "risk_coverage": [asdict(point) for point in risk_coverage(*confidences.all())],
            "confidence_threshold": asdict(fit_threshold(*confidences.halves, WANTED_PRECISION)),
            "latency_histogram": [list(one) for one in histogram(self._spent.latency_ms)],
            "stability": asdict(steady) if steady else None,
        }

    def _savings(self, arm: Arm) -> dict[str, Any]:
        """What a cascade saved; nothing for any other arm."""
        if arm.analyzer is not Analyzer.CASCADE:
            return {}
        spent = self._spent
        total, mean_ms = cost(spent.cost_usd, n_unknown=spent.n_unpriced).total, latency(spent.latency_ms).mean
        return {"cascade": asdict(self._cascade.score(cost_usd=total, latency_ms=mean_ms))}

    def _stability(self) -> Stability | None:
        answers: dict[int, list[int]] = {key: [] for key in self._repeated}
        right = dict.fromkeys(self._repeated, 0)
        for key, flags, answer in zip(self._tally.keys, self._tally.flags, self._answers, strict=True):
            if key in answers and not flags & OUTAGE:
                answers[key].append(answer)
                right[key] += bool(flags & RIGHT)
        return stability([Tries(case_id=self._repeated[key], answers=found, right=right[key]) for key, found in answers.items()])
