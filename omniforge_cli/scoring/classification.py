"""Which labels were found and which were mixed up.

Every metric here is a function of counted pairs (expected, predicted), so that a million samples are as cheap as ten. A predicted None is a
sample that nobody answered as asked: a miss of the expected label and nobody's false positive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from omniforge_cli.core.report import ClassScore, Confusion

Pairs = Mapping[tuple[str, str | None], int]


def count_pairs(expected: Iterable[str], predicted: Iterable[str | None]) -> Counter[tuple[str, str | None]]:
    """How often each (expected, predicted) occurs."""
    return Counter(zip(expected, predicted, strict=True))


def accuracy(pairs: Pairs) -> float | None:
    """The share on the diagonal."""
    n = sum(pairs.values())
    return sum(count for (expected, predicted), count in pairs.items() if expected == predicted) / n if n else None


def all_labels(labels: Sequence[str], pairs: Pairs) -> tuple[str, ...]:
    """The taxonomy's labels in file order, then any that only the samples know (a replay of older decisions), sorted."""
    seen = {label for pair in pairs for label in pair if label is not None}
    return (*labels, *sorted(seen.difference(labels)))


def confusion(labels: Sequence[str], pairs: Pairs) -> Confusion:
    """Expected by predicted over the answered samples."""
    names = all_labels(labels, pairs)
    return Confusion(labels=names, matrix=tuple(tuple(pairs.get((row, column), 0) for column in names) for row in names))


def per_class(labels: Sequence[str], pairs: Pairs) -> dict[str, ClassScore]:
    """Precision, recall, F1 and support of each label."""
    support: Counter[str] = Counter()
    predictions: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for (expected, predicted), count in pairs.items():
        support[expected] += count
        if predicted is not None:
            predictions[predicted] += count
        if predicted == expected:
            hits[expected] += count
    return {name: class_score(hits[name], predictions[name], support[name]) for name in all_labels(labels, pairs)}


def class_score(hits: int, predictions: int, support: int) -> ClassScore:
    """The scores of one label from its counts; None where the denominator is empty."""
    return ClassScore(
        precision=hits / predictions if predictions else None,
        recall=hits / support if support else None,
        f1=2 * hits / (predictions + support) if predictions + support else None,
        support=support,
    )


def macro_f1(scores: Mapping[str, ClassScore]) -> float | None:
    """The plain mean of F1 over the labels with support."""
    values = [score.f1 for score in scores.values() if score.support and score.f1 is not None]
    return sum(values) / len(values) if values else None
