"""Fits the `local` analyzer from labelled messages with scikit-learn, and measures it on messages it did not see.

Everything is sorted, seeded and rounded, so that the same messages give the same bytes on one machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, diags, hstack
from sklearn.svm import LinearSVC

from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.core.identity import nearest
from omniforge_cli.routing.classifier import GROUPS, ClassifierWeights, GroupWeights
from omniforge_cli.routing.features import features
from omniforge_cli.routing.lexicon import Lexicon
from omniforge_cli.routing.masking import folded, tokens

Floats = NDArray[np.float64]

_MIN_MESSAGES: Final = 2
"""A feature that stands in fewer messages is not learnt."""
_N_FOLDS: Final = 5
_MANY_MESSAGES: Final = 10_000
"""From here on three folds tell enough."""
_MAX_CELLS: Final = 3_000_000
"""Weights kept (features times labels): what fits into 2 MB as compressed bytes."""
_MAX_FEATURES: Final = 30_000
"""What loads in some ten milliseconds."""
_IN_SCOPE_ANSWERED: Final = 0.93
"""New messages are a little harder than held-out ones: of 0.93 some 0.91 are left."""
_NONE_IS_TOLD: Final = 0.8
"""Recall of "none of these" on held-out messages, from which on such an answer needs no asking back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """How much each group of features counts (its length in the vector of a message), and what a training error costs."""

    shares: Mapping[str, float]
    cost: float


_SETTINGS: Final = (
    _Setting(shares={"grams": 1.0, "pairs": 0.0, "characters": 0.7, "classes": 0.7}, cost=0.5),
    _Setting(shares={"grams": 1.0, "pairs": 0.7, "characters": 1.0, "classes": 0.5}, cost=1.0),
)
"""What is tried: a few labels told apart by structure, and many labels told apart by words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledMessage:
    """A training message. `voice` names its author, where that is known: held-out parts are then whole voices."""

    message: str
    label: str
    voice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Probabilities for every message from a model that did not see it (nor anything of its voice)."""

    labels: tuple[str, ...]
    expected: tuple[int, ...]
    probabilities: Floats

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable label of each message."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def accuracy(self) -> float:
        """Share of messages whose label was found."""
        return float((self.predicted == np.array(self.expected)).mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """The weights to ship, how they did on held-out messages, and the threshold under which to ask back."""

    weights: ClassifierWeights
    held_out: HeldOut
    clarification_threshold: float


def train(
    rows: Sequence[LabelledMessage], *, labels: Sequence[str], none_label: str | None, lexicon: Mapping[str, str], seed: int = 0
) -> TrainedModel:
    """Learns the labels from the messages; takes some ten seconds for ten thousand messages.

    Raises:
        EvalSetError: a message has a label that is not among `labels`, or a label has fewer than two messages.
    """
    _check(rows, labels)
    space = _Space(rows, lexicon)
    expected = np.array([labels.index(row.label) for row in rows])
    folds = _folds(rows, expected, seed)
    setting = _best_setting(space, expected, folds, seed)
    margins = _held_out_margins(space, setting, expected, folds, seed)
    sharpness = _sharpness(margins, expected)
    held_out = HeldOut(labels=tuple(labels), expected=tuple(map(int, expected)), probabilities=_softmax(margins * sharpness))
    fitted = _fit(space, setting, expected, seed)
    weights = _quantised(space, setting, fitted, labels, lexicon)
    none = labels.index(none_label) if none_label is not None else None
    asks = _asks_on_none(held_out, none)
    return TrainedModel(
        weights=replace(weights, sharpness=sharpness, asks_on_none=asks),
        held_out=held_out,
        clarification_threshold=_threshold(held_out, none, asks),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fitted:
    """Coefficients of the kept columns of each group, on the vectors as they were given."""

    kept: Mapping[str, NDArray[np.int64]]
    coefficients: Mapping[str, Floats]
    intercepts: Floats


class _Space:
    """Messages as counts of features, group by group; what is common weighs less (idf)."""

    def __init__(self, rows: Sequence[LabelledMessage], lexicon: Mapping[str, str]) -> None:
        known = Lexicon(lexicon, vocabulary=_vocabulary(rows))
        found = [features(row.message, known) for row in rows]
        self.names: dict[str, list[str]] = {}
        self.counts: dict[str, csr_matrix] = {}
        for group in GROUPS:
            self.names[group], self.counts[group] = _counted([getattr(each, group) for each in found])

    def idf(self, group: str, seen: NDArray[np.bool_]) -> Floats:
        """How rare each feature is among the messages seen."""
        counts = self.counts[group][seen]
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        return np.asarray(np.where(frequency >= _MIN_MESSAGES, np.log((1 + counts.shape[0]) / (1 + frequency)) + 1, 0.0))

    def vectors(self, setting: _Setting, seen: NDArray[np.bool_], kept: Mapping[str, NDArray[np.int64]] | None = None) -> csr_matrix:
        """The vectors of all messages, scaled with what is known from those seen; `kept` names columns, all if None."""
        parts = []
        for group in GROUPS:
            counts, idf = self.counts[group], self.idf(group, seen)
            if kept is not None:
                counts, idf = counts[:, kept[group]], idf[kept[group]]
            length = np.sqrt(counts @ (idf**2))
            length[length == 0] = 1.0
            parts.append(diags(setting.shares[group] / length) @ counts @ diags(idf))
        return hstack(parts).tocsr()


def _vocabulary(rows: Sequence[LabelledMessage]) -> frozenset[str]:
    """Words that stand in several messages: no slips of the fingers."""
    frequency = Counter(word for row in rows for word in {folded(token) for token in tokens(row.message)})
    return frozenset(word for word, n in frequency.items() if n >= _MIN_MESSAGES)


def _counted(documents: Sequence[Sequence[str]]) -> tuple[list[str], csr_matrix]:
    """Names in order, and how often each stands in each message; what stands in one message alone is left out."""
    frequency = Counter(name for document in documents for name in set(document))
    names = sorted(name for name, n in frequency.items() if n >= _MIN_MESSAGES)
    column = {name: at for at, name in enumerate(names)}
    found = [[column[name] for name in document if name in column] for document in documents]
    ends = np.cumsum([0, *map(len, found)])
    columns = np.array([at for document in found for at in document], dtype=np.int64)
    counts = csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(documents), len(names)))
    counts.sum_duplicates()
    return names, counts


def _folds(rows: Sequence[LabelledMessage], expected: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """The fold of each message: whole voices where there are enough, else evenly within each label."""
    voices = sorted({row.voice for row in rows})
    if len(voices) >= 2 * _N_FOLDS:
        place = {voice: at % _N_FOLDS for at, voice in enumerate(voices)}
        return np.array([place[row.voice] for row in rows])
    n_folds = _N_FOLDS if len(rows) < _MANY_MESSAGES else 3
    random = np.random.default_rng(seed)
    folds = np.zeros(len(rows), dtype=np.int64)
    for label in np.unique(expected):
        of_label = np.flatnonzero(expected == label)
        folds[random.permutation(of_label)] = np.arange(len(of_label)) % n_folds
    return folds


def _best_setting(space: _Space, expected: NDArray[np.int64], folds: NDArray[np.int64], seed: int) -> _Setting:
    """The setting that is right most often on held-out messages; of many messages the first fold tells."""
    tried = folds if len(folds) < _MANY_MESSAGES else np.where(folds == 0, 0, -1)

    def n_right(setting: _Setting) -> int:
        margins = _held_out_margins(space, setting, expected, tried, seed)
        return int((margins.argmax(axis=1) == expected)[tried >= 0].sum())

    return max(_SETTINGS, key=n_right)


def _held_out_margins(space: _Space, setting: _Setting, expected: NDArray[np.int64], folds: NDArray[np.int64], seed: int) -> Floats:
    """The scores of each message from a model of the other folds."""
    margins = np.zeros((len(expected), int(expected.max()) + 1))
    for fold in range(int(folds.max()) + 1):
        seen = folds != fold
        vectors = space.vectors(setting, seen)
        coefficients, intercepts = _learn(vectors[seen], expected[seen], setting.cost, seed)
        margins[~seen] = vectors[~seen] @ coefficients.T + intercepts
    return margins


def _learn(vectors: csr_matrix, expected: NDArray[np.int64], cost: float, seed: int) -> tuple[Floats, Floats]:
    """One row of coefficients and one intercept for each label (a linear SVM, one label against the rest)."""
    model = LinearSVC(C=cost, random_state=seed, max_iter=2000).fit(vectors, expected)
    if len(model.intercept_) == 1:
        return np.vstack([-model.coef_, model.coef_]), np.array([-model.intercept_[0], model.intercept_[0]])
    return np.asarray(model.coef_), np.asarray(model.intercept_)


def _fit(space: _Space, setting: _Setting, expected: NDArray[np.int64], seed: int) -> _Fitted:
    """Fits all features, keeps those that weigh most, and fits these again."""
    everything = np.ones(len(expected), dtype=bool)
    coefficients, _ = _learn(space.vectors(setting, everything), expected, setting.cost, seed)
    importance = np.round(np.abs(coefficients).max(axis=0), 9)
    n_kept = min(_MAX_FEATURES, _MAX_CELLS // (coefficients.shape[0] + 1))
    chosen = np.zeros(len(importance), dtype=bool)
    chosen[np.argsort(-importance, kind="stable")[:n_kept]] = True
    chosen &= importance > 0
    ends = np.cumsum([0, *(len(space.names[group]) for group in GROUPS)])
    words = [" " not in name for name in space.names["grams"]]  # all: they are the vocabulary too
    chosen[ends[GROUPS.index("grams")] :][: len(words)] |= words
    kept = {group: np.flatnonzero(chosen[ends[at] : ends[at + 1]]) for at, group in enumerate(GROUPS)}
    kept["grams"] = _reachable(space.names["grams"], kept["grams"])
    coefficients, intercepts = _learn(space.vectors(setting, everything, kept), expected, setting.cost, seed)
    ends = np.cumsum([0, *(len(kept[group]) for group in GROUPS)])
    parts = {group: coefficients[:, ends[at] : ends[at + 1]] for at, group in enumerate(GROUPS)}
    return _Fitted(kept=kept, coefficients=parts, intercepts=intercepts)


def _reachable(names: Sequence[str], kept: NDArray[np.int64]) -> NDArray[np.int64]:
    """Without the runs of three words whose first two are not kept: the classifier looks for them only after those."""
    known = {names[at] for at in kept}
    return np.array([at for at in kept if names[at].count(" ") < 2 or names[at].rpartition(" ")[0] in known], dtype=np.int64)


def _quantised(space: _Space, setting: _Setting, fitted: _Fitted, labels: Sequence[str], lexicon: Mapping[str, str]) -> ClassifierWeights:
    everything = np.ones(space.counts[GROUPS[0]].shape[0], dtype=bool)
    groups: dict[str, GroupWeights] = {}
    for group in GROUPS:
        idf = space.idf(group, everything)[fitted.kept[group]]
        effect = np.round(fitted.coefficients[group] * idf * setting.shares[group], 6)
        step = _rounded(float(np.abs(effect).max(initial=1e-6)) / 127)
        norm_step = _rounded(float((idf**2).max(initial=1e-6)) / 255)
        weights = np.clip(np.rint(effect / step), -127, 127).T + 128
        lengths = np.clip(np.rint(idf**2 / norm_step), 1, 255)[:, None]
        groups[group] = GroupWeights(
            features=tuple(space.names[group][at] for at in fitted.kept[group]),
            rows=np.hstack([weights, lengths]).astype(np.uint8).tobytes(),
            step=step,
            norm_step=norm_step,
        )
    intercepts = tuple(_rounded(float(value)) for value in fitted.intercepts)
    return ClassifierWeights(labels=tuple(labels), groups=groups, intercepts=intercepts, sharpness=1.0, lexicon=lexicon)


def _sharpness(margins: Floats, expected: NDArray[np.int64]) -> float:
    """The factor of the margins under which held-out messages are likeliest: it makes confidence mean probability."""

    def surprise(log_factor: float) -> float:
        shares = _softmax(margins * np.exp(log_factor))
        return float(-np.log(np.maximum(shares[np.arange(len(expected)), expected], 1e-12)).mean())

    return _rounded(float(np.exp(minimize_scalar(surprise, bounds=(-3.0, 4.0), method="bounded").x)))


def _asks_on_none(held_out: HeldOut, none: int | None) -> bool:
    of_none = np.array(held_out.expected) == none
    return bool(of_none.any()) and float((held_out.predicted[of_none] == none).mean()) < _NONE_IS_TOLD


def _threshold(held_out: HeldOut, none: int | None, asks_on_none: bool) -> float:
    """The confidence that nine in ten held-out messages with a label of their own reach without being asked back for another reason."""
    confidence = held_out.probabilities.max(axis=1)
    if asks_on_none:
        confidence = np.where(held_out.predicted == none, 0.0, confidence)
    confidence = confidence[np.array(held_out.expected) != none]
    return round(float(np.quantile(confidence, 1 - _IN_SCOPE_ANSWERED)), 4)


def _softmax(margins: Floats) -> Floats:
    shares = np.exp(margins - margins.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _rounded(value: float) -> float:
    """Six significant digits, so that the file holds no noise."""
    return float(f"{value:.6g}")


def _check(rows: Sequence[LabelledMessage], labels: Sequence[str]) -> None:
    counted = Counter(row.label for row in rows)
    strange = sorted(set(counted) - set(labels))
    if strange:
        raise EvalSetError(f"training data: the label {strange[0]!r} is not in the taxonomy{nearest(strange[0], labels)}")
    missing = [label for label in labels if counted[label] < _N_FOLDS]
    if missing:
        raise EvalSetError(f"training data: label {missing[0]!r} has {counted[missing[0]]} messages; give every label at least {_N_FOLDS}")
