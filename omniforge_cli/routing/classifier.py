"""A sparse linear model over text features in plain Python: probabilities of labels, and the words that spoke for one."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from omniforge_cli.routing.features import Features, character_grams, features
from omniforge_cli.routing.lexicon import Lexicon
from omniforge_cli.routing.masking import MASKS, shortened

GROUPS: Final = ("grams", "pairs", "characters", "classes")
_LANE: Final = 4
"""Bytes of a lane: the weights of a feature stand side by side in one big integer, so that one addition adds them all."""
_BIAS: Final = 128
_MEMO_SIZE: Final = 20_000
_REMEMBERED: Final = 64
"""Texts whose scores are kept: a message is the request behind the next one, and is asked for its evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupWeights:
    """One group of features. `rows` holds a row of bytes for each feature: a weight for each label plus 128, then its squared length.

    A label's score is the sum of its weights times `step`, divided by the root of the sum of squared lengths times `norm_step`.
    """

    features: tuple[str, ...]
    rows: bytes
    step: float
    norm_step: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierWeights:
    """All that was learned. `sharpness` and `offsets` turn scores into calibrated probabilities.

    `asks_on_none`: an answer of "none of these" asks back, because held-out messages of that kind were not told reliably.
    """

    labels: tuple[str, ...]
    groups: Mapping[str, GroupWeights]
    intercepts: tuple[float, ...]
    sharpness: float
    lexicon: Mapping[str, str]
    asks_on_none: bool = False


class Classifier:
    """Scores messages. Not thread-safe: it remembers the words it has seen (bounded)."""

    def __init__(self, weights: ClassifierWeights) -> None:
        self.labels = weights.labels
        self.asks_on_none = weights.asks_on_none
        self._weights = weights
        self._lexicon = Lexicon(weights.lexicon)
        self._tables = [_Table(weights.groups[name], len(weights.labels)) for name in GROUPS]
        self._look = lru_cache(_REMEMBERED)(self._look_at)
        self._pieces: dict[str, tuple[int, int]] = {}

    def scores(self, text: str, names: Sequence[str] = ()) -> list[float]:
        """Calibrated probabilities in the order of `labels`; `names` are agents' names, whose words do not count."""
        return self._probabilities(self.margins(text, names))

    def margins(self, text: str, names: Sequence[str] = ()) -> list[float]:
        """Scores before calibration, in the order of `labels`."""
        return list(self._look(shortened(text), tuple(names))[1])

    def _look_at(self, text: str, names: tuple[str, ...]) -> tuple[Features, tuple[float, ...]]:
        """The features of a text and its scores."""
        found = features(text, self._lexicon, names)
        grams, pairs, characters, classes = self._tables
        totals = grams.added(self._weights.intercepts, *grams.total(found.grams))
        if pairs.n_features:
            totals = pairs.added(totals, *pairs.total(found.pairs))
        totals = characters.added(totals, *self._characters(found.pieces))
        totals = classes.added(totals, *classes.total(found.classes))
        return found, tuple(totals)

    def evidence(self, text: str, label: str, names: Sequence[str] = (), limit: int = 3) -> list[str]:
        """The words and phrases that spoke most for a label, strongest first."""
        found = self._look(shortened(text), tuple(names))[0]
        strongest = sorted(self._tables[0].weights_for(found.grams, self.labels.index(label)), key=lambda pair: (-pair[0], pair[1]))
        chosen: list[str] = []
        told: set[str] = set()
        for _, gram in strongest:
            words = gram.split(" ")
            if gram[0] == "^" or gram[-1] == "$" or not (MASKS.isdisjoint(words) and told.isdisjoint(words)):
                continue
            chosen.append(gram)
            told.update(words)
            if len(chosen) == limit:
                break
        return chosen

    def _characters(self, pieces: Sequence[str]) -> tuple[int, int]:
        total, count, memo, table = 0, 0, self._pieces, self._tables[2]
        for piece in pieces:
            known = memo.get(piece)
            if known is None:
                known = table.total(character_grams(piece))
                if len(memo) < _MEMO_SIZE:
                    memo[piece] = known
            total += known[0]
            count += known[1]
        return total, count

    def _probabilities(self, margins: Sequence[float]) -> list[float]:
        sharpness = self._weights.sharpness
        highest = max(margins)
        shares = [math.exp(sharpness * (margin - highest)) for margin in margins]
        whole = sum(shares)
        return [share / whole for share in shares]


class _Table:
    """The rows of one group, widened on demand: bytes become lanes of a big integer."""

    def __init__(self, weights: GroupWeights, n_labels: int) -> None:
        self.n_features = len(weights.features)
        self._weights = weights
        self._width = n_labels + 1
        self._lanes = struct.Struct(f"<{self._width}I")
        self._wide = bytearray(_LANE * len(weights.rows))
        self._wide[::_LANE] = weights.rows
        self._rows = dict(zip(weights.features, range(-self.n_features, 0), strict=True))
        """Each feature's row as one integer; before it is first asked for, its place counted from the end."""

    def total(self, found: Sequence[str]) -> tuple[int, int]:
        """The sum of the known features' rows, and how many there were."""
        rows = list(filter(None, map(self._rows.get, found)))  # no row is 0: a weight of 0 is stored as 128
        if rows and min(rows) < 0:
            rows = [row if row > 0 else self._widen(row) for row in rows]
        return sum(rows), len(rows)

    def weights_for(self, found: Sequence[str], at: int) -> list[tuple[int, str]]:
        """The features that speak for a label, each with its quantised weight. They must have been in a `total` before."""
        rows, lane = self._rows, 8 * _LANE * at
        weighed = [((row >> lane) & 0xFF, feature) for feature in found if (row := rows.get(feature)) is not None]
        return [(weight - _BIAS, feature) for weight, feature in weighed if weight > _BIAS]

    def added(self, totals: Sequence[float], total: int, count: int) -> Sequence[float]:
        """The scores with the group's share."""
        if not count:
            return totals
        lanes = self._lanes.unpack(total.to_bytes(_LANE * self._width, "little"))
        scale = self._weights.step / math.sqrt(max(1, lanes[-1]) * self._weights.norm_step)
        less = count * _BIAS
        return [score + (lane - less) * scale for score, lane in zip(totals, lanes, strict=False)]  # the last lane is the length

    def _widen(self, place: int) -> int:
        size = _LANE * self._width
        start = (place + self.n_features) * size
        row = self._rows[self._weights.features[place]] = int.from_bytes(self._wide[start : start + size], "little")
        return row
