"""A sparse linear model over text features in plain Python: probabilities of labels, and the words that spoke for one."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from omniforge_cli.routing.features import Features, character_grams, features
from omniforge_cli.routing.lexicon import Lexicon
from omniforge_cli.routing.masking import MASKS

GROUPS: Final = ("grams", "pairs", "characters", "classes")
_LANE: Final = 4
"""Bytes of a lane: the weights of a feature stand side by side in one big integer, so that one addition adds them all."""
_BIAS: Final = 128
_MEMO_SIZE: Final = 20_000


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
        self._last: tuple[tuple[str, tuple[str, ...]], Features] | None = None
        self._pieces: dict[str, tuple[int, int]] = {}

    def scores(self, text: str, names: Sequence[str] = ()) -> list[float]:
        """Calibrated probabilities in the order of `labels`; `names` are agents' names, whose words do not count."""
        return self._probabilities(self.margins(text, names))

    def margins(self, text: str, names: Sequence[str] = ()) -> list[float]:
        """Scores before calibration, in the order of `labels`."""
        found = self._features(text, names)
        grams, pairs, characters, classes = self._tables
        totals = list(self._weights.intercepts)
        grams.add_to(totals, *grams.total(found.grams))
        if pairs.n_features:
            pairs.add_to(totals, *pairs.total(found.pairs))
        characters.add_to(totals, *self._characters(found.pieces))
        classes.add_to(totals, *classes.total(found.classes))
        return totals

    def evidence(self, text: str, label: str, names: Sequence[str] = (), limit: int = 3) -> list[str]:
        """The words and phrases that spoke most for a label, strongest first."""
        found = self._features(text, names)
        at = self.labels.index(label)
        weighed = self._tables[0].weights_for(found.grams, at)
        strongest = sorted((-weight, gram) for gram, weight in weighed if weight > 0)
        chosen: list[str] = []
        for _, gram in strongest:
            if gram[0] == "^" or gram[-1] == "$" or MASKS & set(gram.split(" ")):
                continue
            if not any(set(gram.split(" ")) & set(other.split(" ")) for other in chosen):
                chosen.append(gram)
            if len(chosen) == limit:
                break
        return chosen

    def _features(self, text: str, names: Sequence[str]) -> Features:
        """The features; those of the last message are kept, as its evidence is asked for after its scores."""
        asked = (text, tuple(names))
        if self._last is None or self._last[0] != asked:
            self._last = (asked, features(text, self._lexicon, names))
        return self._last[1]

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
        self._index = dict(zip(weights.features, range(len(weights.features)), strict=True))
        self.n_features = len(weights.features)
        self._weights = weights
        self._width = n_labels + 1
        self._lanes = struct.Struct(f"<{self._width}I")
        self._rows: dict[int, int] = {}

    def total(self, found: Sequence[str]) -> tuple[int, int]:
        """The sum of the known features' rows, and how many there were."""
        rows, total, count = self._rows, 0, 0
        for at in map(self._index.get, found):
            if at is not None:
                row = rows.get(at)
                total += self._widen(at) if row is None else row
                count += 1
        return total, count

    def weights_for(self, found: Sequence[str], at: int) -> list[tuple[str, int]]:
        """Each known feature with its quantised weight for one label."""
        rows, width, index = self._weights.rows, self._width, self._index
        return [(feature, rows[index[feature] * width + at] - _BIAS) for feature in found if feature in index]

    def add_to(self, totals: list[float], total: int, count: int) -> None:
        """Adds the group's share to the scores."""
        if not count:
            return
        lanes = self._lanes.unpack(total.to_bytes(_LANE * self._width, "little"))
        scale = self._weights.step / math.sqrt(max(1, lanes[-1]) * self._weights.norm_step)
        less = count * _BIAS
        for at in range(len(totals)):
            totals[at] += (lanes[at] - less) * scale

    def _widen(self, at: int) -> int:
        wide = bytearray(_LANE * self._width)
        wide[::_LANE] = self._weights.rows[at * self._width : (at + 1) * self._width]
        row = self._rows[at] = int.from_bytes(wide, "little")
        return row
