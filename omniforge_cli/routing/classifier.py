"""A sparse linear model over text features in plain Python: probabilities of labels, and the words that spoke for one."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

from omniforge_cli.routing.features import character_grams, word_grams, word_pairs
from omniforge_cli.routing.lexicon import Lexicon
from omniforge_cli.routing.masking import MASKS, shortened
from omniforge_cli.routing.memo import Memo
from omniforge_cli.routing.structure import KINDS

GROUPS: Final = ("classes", "grams", "characters", "pairs")
"""In the order of their lanes: what is added most often comes first, so that its integers are short."""
_LANE: Final = 4
"""Bytes of a lane: the weights of a feature stand side by side in one big integer, so that one addition adds them all."""
_BIAS: Final = 128
_MEMO_SIZE: Final = 20_000
_REMEMBERED: Final = 1_024
"""Texts whose scores are kept: a message is the request behind the next one, replies are said again, and evidence is asked for."""


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


class _Scored(NamedTuple):
    """A text's words, the runs of words that are features, and the sum of the rows of all its features."""

    words: Sequence[str]
    grams: Sequence[str]
    total: int


class Classifier:
    """Scores messages. Not thread-safe: it remembers the words it has seen (bounded).

    What is added up are integers: the row of a feature holds a lane for each label and group. A word is remembered with the sum of its own
    row and those of its characters, a piece of structure with the sum of its features' rows. So a message costs a few dozen look-ups.
    """

    def __init__(self, weights: ClassifierWeights) -> None:
        self.labels = weights.labels
        self.asks_on_none = weights.asks_on_none
        self._weights = weights
        self._width = len(weights.labels) + 2
        self._lanes = struct.Struct(f"<{self._width * len(GROUPS)}I")
        classes, self._grams, self._characters, self._pairs = [
            _Rows(weights.groups[name], self._width, self._width * at) for at, name in enumerate(GROUPS)
        ]
        self._lexicon = Lexicon(weights.lexicon, vocabulary=self._grams)
        self._words = Memo(self._word_row, _MEMO_SIZE)
        self._pieces = {kind: Memo(partial(self._piece_row, classes, kind), _MEMO_SIZE) for kind in KINDS}
        self._scored = lru_cache(_REMEMBERED)(self._score)
        self._probabilities = lru_cache(_REMEMBERED)(self._calibrated)

    def scores(self, *texts: str, names: Sequence[str] = ()) -> list[float]:
        """Calibrated probabilities in the order of `labels`; `names` are agents' names, whose words do not count.

        Several texts are scored as one: what they hold is added up, so that each is read once, however often it is scored with others.
        """
        return list(self._probabilities(tuple(map(shortened, texts)), tuple(names)))

    def margins(self, *texts: str, names: Sequence[str] = ()) -> list[float]:
        """Scores before calibration, in the order of `labels`."""
        known = tuple(names)
        total = sum([self._scored(shortened(text), known).total for text in texts])
        lanes = self._lanes.unpack(total.to_bytes(self._lanes.size, "little"))
        margins = list(self._weights.intercepts)
        for at, name in enumerate(GROUPS):
            *sums, length, count = lanes[at * self._width : (at + 1) * self._width]
            if count:
                group = self._weights.groups[name]
                scale = group.step / math.sqrt(max(1, length) * group.norm_step)
                less = count * _BIAS
                margins = [margin + (lane - less) * scale for margin, lane in zip(margins, sums, strict=True)]
        return margins

    def evidence(self, text: str, label: str, names: Sequence[str] = (), limit: int = 3) -> list[str]:
        """The words and phrases that spoke most for a label, strongest first."""
        scored = self._scored(shortened(text), tuple(names))
        lane = 8 * _LANE * (self._width * GROUPS.index("grams") + self.labels.index(label))
        words, grams = self._words, self._grams
        weighed = [(weight, word) for word in scored.words if (weight := words[word] >> lane & 0xFF) > _BIAS]
        weighed += [(weight, gram) for gram in scored.grams if (weight := grams.row(gram) >> lane & 0xFF) > _BIAS]
        chosen: list[str] = []
        told: set[str] = set()
        for _, gram in sorted(weighed, key=lambda pair: (-pair[0], pair[1])):
            said = gram.split(" ")
            if gram[0] != "^" and gram[-1] != "$" and MASKS.isdisjoint(said) and told.isdisjoint(said):
                chosen.append(gram)
                told.update(said)
                if len(chosen) == limit:
                    break
        return chosen

    def _calibrated(self, texts: tuple[str, ...], names: tuple[str, ...]) -> tuple[float, ...]:
        margins = self.margins(*texts, names=names)
        sharpness, highest = self._weights.sharpness, max(margins)
        shares = [math.exp(sharpness * (margin - highest)) for margin in margins]
        whole = sum(shares)
        return tuple([share / whole for share in shares])

    def _score(self, text: str, names: tuple[str, ...]) -> _Scored:
        sentence = self._lexicon.read(text, names)
        words = sentence.words
        total = sum(map(self._words.__getitem__, words))
        grams, known = word_grams(words), self._grams
        found = [gram for gram in grams if gram in known]
        if found:  # a run of three words is a feature only where its first two are one
            longer = [f"{gram} {word}" for gram, word in zip(grams, [*words[1:], "$"], strict=False) if gram in known]
            found += [gram for gram in longer if gram in known]
            total += sum(map(known.row, found))
        if self._pairs:
            total += self._pairs.total(word_pairs(words))
        for kind, pieces in self._lexicon.structure.pieces(sentence):
            total += sum(map(self._pieces[kind].__getitem__, pieces))
        return _Scored(words, found, total)

    def _word_row(self, word: str) -> int:
        return self._grams.total([word]) + self._characters.total(character_grams(word))

    def _piece_row(self, classes: _Rows, kind: str, piece: Sequence[Any]) -> int:
        return classes.total(self._lexicon.structure.features(kind, piece))


class _Rows(dict[str, int]):
    """The rows of one group of features, each as one integer: a lane for each label, the squared length, and a count of one.

    Before a row is first asked for, its place stands for it, counted from the end.
    """

    def __init__(self, weights: GroupWeights, width: int, first_lane: int) -> None:
        super().__init__(zip(weights.features, range(-len(weights.features), 0), strict=True))
        self._bytes = weights.rows
        self._size = width - 1
        self._shift = 8 * _LANE * first_lane

    def total(self, names: Iterable[str]) -> int:
        """The sum of the rows of those that are features."""
        return sum([self.row(name) for name in names if name in self])

    def row(self, feature: str) -> int:
        """The row of a feature that is known."""
        row = self[feature]
        if row < 0:
            start = (row + len(self)) * self._size
            wide = bytearray(_LANE * (self._size + 1))
            wide[:-_LANE:_LANE] = self._bytes[start : start + self._size]
            wide[-_LANE] = 1
            row = self[feature] = int.from_bytes(wide, "little") << self._shift
        return row
