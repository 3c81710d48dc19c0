"""Labelled messages -> weights, where scikit-learn is installed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from omniforge_cli.core.errors import SettingsError
from omniforge_cli.core.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Weights as their file's text, with accuracy and calibration error on messages that were held out."""

    weights: str
    accuracy: float
    ece: float | None
    clarification_threshold: float


def fit(messages: Sequence[tuple[str, str]], taxonomy: Taxonomy, *, seed: int) -> Fitted:
    """Learn a taxonomy's labels from (message, label) pairs.

    Raises:
        SettingsError: scikit-learn is not installed.
        EvalSetError: there are too few messages of a label.
    """
    try:
        from omniforge_cli.adapters.sklearn_trainer import LabelledMessage, train
    except ImportError as exc:
        raise SettingsError(
            f"training needs scikit-learn ({exc.name} is missing); install it with: pip install 'omniforge[train]'"
        ) from exc
    from omniforge_cli.files.resources import weights as packaged_weights
    from omniforge_cli.files.weights import weights_json
    from omniforge_cli.scoring.calibration import ece, reliability_bins

    lexicon = json.loads((packaged_weights() / "lexicon.json").read_bytes())
    rows = [LabelledMessage(message=message, label=label) for message, label in messages]
    model = train(rows, labels=taxonomy.names, none_label=taxonomy.none_of_these, lexicon=lexicon, seed=seed)
    held_out = model.held_out
    confidences = [float(value) for value in held_out.probabilities.max(axis=1)]
    right = [bool(hit) for hit in held_out.predicted == held_out.expected]
    return Fitted(
        weights=weights_json(model.weights).decode("utf-8"),
        accuracy=held_out.accuracy,
        ece=ece(reliability_bins(confidences, right)),
        clarification_threshold=model.clarification_threshold,
    )
