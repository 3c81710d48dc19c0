"""Fits the follow-up gate (weights/followup.json) from the rows of data/intent that have a history; run it after train_intent.py.

Each of those rows is scored by the shipped classifier, which never saw one of them. To keep changes of topic safe, messages without a
history are put behind strangers' conversations as well; those are scored by classifiers that did not see the message's voice.
`--check` prints accuracy by eightfold cross-validation and with each voice left out, and writes nothing.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from omniforge_cli.adapters.sklearn_trainer import LabelledMessage, train  # noqa: E402 - found through the line above
from omniforge_cli.core.conversation import Message  # noqa: E402
from omniforge_cli.core.decision import RoutingRequest  # noqa: E402
from omniforge_cli.files.phrases import SCHEMA_VERSION, load_phrases  # noqa: E402
from omniforge_cli.files.taxonomy import parse_taxonomy  # noqa: E402
from omniforge_cli.files.weights import read_weights  # noqa: E402
from omniforge_cli.routing.classifier import Classifier  # noqa: E402
from omniforge_cli.routing.followup import SOURCES, Scorer, evidence, score_sources, situation_features  # noqa: E402
from omniforge_cli.routing.phrases import read  # noqa: E402
from omniforge_cli.routing.situation import read_situation  # noqa: E402
from scripts.train_intent import HELD_OUT_VOICES  # noqa: E402

Floats = NDArray[np.float64]
Row = Mapping[str, Any]

DATA = ROOT / "data" / "intent"
WEIGHTS = ROOT / "omniforge_cli" / "weights"
N_STRANGERS, N_PARTS, STRANGER_SHARE = 1500, 3, 0.2
"""Messages put behind strangers' conversations, classifiers that score them, and what one counts beside a real follow-up."""
SHRINKAGE = 0.05
N_FOLDS = 8


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Features, log scores by source, the gold label's index, the voice, and how much each example counts."""

    features: Floats
    scores: Floats
    gold: NDArray[np.int64]
    voices: NDArray[np.str_]
    share: Floats

    def __getitem__(self, chosen: NDArray[np.bool_]) -> Examples:
        """Some of the examples."""
        return Examples(
            features=self.features[chosen],
            scores=self.scores[chosen],
            gold=self.gold[chosen],
            voices=self.voices[chosen],
            share=self.share[chosen],
        )


def main() -> None:
    """Fits the gate and writes it, or with `--check` measures it."""
    names, examples, real = gather()
    if "--check" in sys.argv[1:]:
        check(examples, real)
        return
    gate = fit(examples)
    learned = {name: [round(float(weight), 3) for weight in row] for name, row in zip(names, gate, strict=True)}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in sorted(learned.items()))
    head = json.dumps({"schema_version": SCHEMA_VERSION, "sources": list(SOURCES)})
    (WEIGHTS / "followup.json").write_text(f'{head[:-1]},\n "weights": {{\n{lines}\n }}\n}}\n', encoding="utf-8")


def gather() -> tuple[list[str], Examples, NDArray[np.bool_]]:
    """Names of the features, all examples, and which of them are real follow-ups."""
    taxonomy_file = ROOT / "omniforge_cli" / "taxonomies" / "omniforge.yaml"
    taxonomy = parse_taxonomy(taxonomy_file.read_text(encoding="utf-8"), taxonomy_file)
    rows = [json.loads(line) for path in sorted(DATA.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["voice"] not in HELD_OUT_VOICES]
    followups = [row for row in rows if row.get("history")]
    shipped = Classifier(read_weights(WEIGHTS / "omniforge"))
    scored: list[tuple[Row, Scorer]] = [(row, shipped) for row in followups]
    scored += strangers([row for row in rows if not row.get("history")], followups, taxonomy.names, taxonomy.none_of_these)
    phrases = load_phrases()
    none = None if taxonomy.none_of_these is None else taxonomy.names.index(taxonomy.none_of_these)
    seen = []
    for row, scorer in scored:
        history = tuple(Message(role=message["role"], content=message["content"]) for message in row["history"])
        situation = read_situation(RoutingRequest(message=row["message"], history=history), phrases)
        assert situation is not None  # every one of these has a history
        scores = score_sources(situation, scorer, ())
        seen.append((situation_features(situation, scores, none, phrases), scores))
    names = sorted({name for features, _ in seen[: len(followups)] for name in features})
    examples = Examples(
        features=np.array([[features.get(name, 0.0) for name in names] for features, _ in seen]),
        scores=np.array([log_scores(scores, len(taxonomy.names), none) for _, scores in seen]),
        gold=np.array([taxonomy.names.index(row["label"]) for row, _ in scored]),
        voices=np.array([row["voice"] for row, _ in scored]),
        share=np.array([1.0] * len(followups) + [STRANGER_SHARE] * (len(seen) - len(followups))),
    )
    return names, examples, examples.share == 1.0


def strangers(single: Sequence[Row], followups: Sequence[Row], labels: Sequence[str], none: str | None) -> list[tuple[Row, Scorer]]:
    """Whole requests behind conversations that have nothing to do with them, with classifiers that did not see their voice."""
    chance = random.Random(0)
    voices = sorted({row["voice"] for row in single})
    chance.shuffle(voices)
    part = {voice: index % N_PARTS for index, voice in enumerate(voices)}
    lexicon = json.loads((WEIGHTS / "lexicon.json").read_text(encoding="utf-8"))
    scorers = []
    for index in range(N_PARTS):
        others = [LabelledMessage(message=row["message"], label=row["label"]) for row in single if part[row["voice"]] != index]
        scorers.append(Classifier(train(others, labels=labels, none_label=none, lexicon=lexicon).weights))
    whole = [row for row in single if len(read(row["message"]).words) >= 4]
    chosen = chance.sample(whole, N_STRANGERS)
    before = [chance.choice(followups) for _ in chosen]
    return [
        ({**row, "history": other["history"], "voice": other["voice"]}, scorers[part[row["voice"]]])
        for row, other in zip(chosen, before, strict=True)
    ]


def log_scores(scores: Mapping[str, Sequence[float]], n_labels: int, none: int | None) -> Floats:
    """A row a source, zeros for a text that there is not; the last row marks "none of these"."""
    rows = np.zeros((len(SOURCES) + 1, n_labels))
    for index, source in enumerate(SOURCES):
        if source in scores:
            rows[index] = evidence(source, scores[source], none)
    if none is not None:
        rows[-1, none] = 1.0
    return rows


def fit(examples: Examples) -> Floats:
    """The gate of greatest likelihood, shrunk towards counting every source the same: one row a feature."""
    n, n_features = examples.features.shape
    shape = (n_features, len(SOURCES) + 1)
    share = (examples.share / examples.share.sum())[:, None]
    at = np.arange(n)

    def loss(flat: Floats) -> tuple[float, Floats]:
        gate = flat.reshape(shape)
        chances = predict(examples, gate)
        wrong = chances.copy()
        wrong[at, examples.gold] -= 1.0
        slope = examples.features.T @ np.einsum("nc,nkc->nk", wrong * share, examples.scores) + SHRINKAGE * gate
        surprise = -(share[:, 0] * np.log(chances[at, examples.gold] + 1e-12)).sum()
        return float(surprise + 0.5 * SHRINKAGE * (gate * gate).sum()), slope.ravel()

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return np.asarray(found.x).reshape(shape)


def predict(examples: Examples, gate: Floats) -> Floats:
    """Probabilities of the labels for each example."""
    logits = np.einsum("nk,nkc->nc", examples.features @ gate, examples.scores)
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def check(examples: Examples, real: NDArray[np.bool_]) -> None:
    """Prints how follow-ups do that the gate was not fitted on, and what strangers' requests lose against their own score."""
    folds = np.random.default_rng(0).integers(0, N_FOLDS, len(real))
    print_row("cross-validated", examples, real, held_out(examples, folds))
    print_row("voice left out", examples, real, held_out(examples, examples.voices))


def held_out(examples: Examples, groups: NDArray[Any]) -> Floats:
    """Probabilities for every example from a gate that was fitted without its group."""
    found = np.zeros((len(groups), examples.scores.shape[2]))
    for group in np.unique(groups):
        out = groups == group
        found[out] = predict(examples[out], fit(examples[~out]))
    return found


def print_row(name: str, examples: Examples, real: NDArray[np.bool_], chances: Floats) -> None:
    """One line of accuracy: over all, calibration, by voice, and own requests behind strangers' conversations."""
    right = chances.argmax(axis=1) == examples.gold
    sure = chances.max(axis=1)
    bins = np.minimum((sure * 10).astype(int), 9)
    error = sum(abs((right[real & (bins == at)] - sure[real & (bins == at)]).sum()) for at in range(10)) / real.sum()
    own = examples.scores[:, 0].argmax(axis=1) == examples.gold
    voices = {voice: round(float(right[real & (examples.voices == voice)].mean()), 3) for voice in np.unique(examples.voices).tolist()}
    strange = f"strangers {right[~real].mean():.3f} (own score alone {own[~real].mean():.3f})"
    print(f"{name}: {right[real].mean():.3f}, ECE {error:.3f}; {strange}; {voices}")


if __name__ == "__main__":
    main()
