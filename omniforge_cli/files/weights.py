"""A `local` analyzer from its folder: `weights.json` and `card.json`. On the way to every answer, so plain `json` and checks by hand."""

from __future__ import annotations

import hashlib
import json
import zlib
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any, Final

from omniforge_cli.core.errors import WeightsError
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.files.phrases import load_followup, load_phrases
from omniforge_cli.files.resources import weights as packaged_weights
from omniforge_cli.routing.classifier import GROUPS, Classifier, ClassifierWeights, GroupWeights
from omniforge_cli.routing.local import LocalAnalyzer

WEIGHTS_SCHEMA_VERSION: Final = 2
_MEND: Final = "train again with `omniforge train`"


def load_local_analyzer(folder: Path, taxonomy: Taxonomy) -> LocalAnalyzer:
    """The analyzer whose weights stand in that folder.

    Raises:
        WeightsError: the weights are missing, damaged, of another version, or of another taxonomy.
    """
    weights = read_weights(folder)
    if weights.labels != taxonomy.names:
        other = sorted(set(weights.labels) ^ set(taxonomy.names))
        differs = f"differing in {', '.join(other[:5])}" if other else "in another order"
        raise WeightsError(f"{folder}: the weights were trained for other labels than taxonomy {taxonomy.name} has, {differs}; {_MEND}")
    phrases = load_phrases()
    return LocalAnalyzer(Classifier(weights), taxonomy, phrases=phrases, followup=load_followup(phrases))


def read_weights(folder: Path) -> ClassifierWeights:
    """The weights of a folder, checked against the hash on their card.

    Raises:
        WeightsError: a file is missing, damaged or of another version.
    """
    path = folder / "weights.json"
    try:
        content = path.read_bytes()
        card = json.loads((folder / "card.json").read_bytes())
        if not isinstance(card, dict) or card.get("weights_sha256") != hashlib.sha256(content).hexdigest():
            raise WeightsError(f"{path}: it is not the file that card.json describes; {_MEND}")
        return _weights(json.loads(content), path)
    except OSError as error:
        raise WeightsError(f"{error.filename}: cannot be read ({error.strerror}); {_MEND}") from error
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
        raise WeightsError(f"{path}: it is no weights file ({error.__class__.__name__}: {error}); {_MEND}") from error


def load_lexicon() -> dict[str, str]:
    """The word classes that came with the package: what training builds on. A trained model carries its own copy."""
    return dict(json.loads((packaged_weights() / "lexicon.json").read_text(encoding="utf-8")))


def weights_json(weights: ClassifierWeights) -> bytes:
    """The file's content: what `read_weights` reads. Equal weights have equal bytes."""
    plain = {
        "schema_version": WEIGHTS_SCHEMA_VERSION,
        "labels": list(weights.labels),
        "intercepts": list(weights.intercepts),
        "sharpness": weights.sharpness,
        "asks_on_none": weights.asks_on_none,
        "lexicon": dict(weights.lexicon),
        "groups": {
            name: {
                "step": group.step,
                "norm_step": group.norm_step,
                "features": _packed("\n".join(group.features).encode()),
                "rows": _packed(group.rows),
            }
            for name, group in weights.groups.items()
        },
    }
    return (json.dumps(plain, ensure_ascii=False, indent=0) + "\n").encode()


def _weights(plain: dict[str, Any], path: Path) -> ClassifierWeights:
    version = plain["schema_version"]
    if version != WEIGHTS_SCHEMA_VERSION:
        raise WeightsError(f"{path}: schema_version is {version!r}, this program reads {WEIGHTS_SCHEMA_VERSION}; {_MEND}")
    labels = tuple(map(str, plain["labels"]))
    intercepts = tuple(map(float, plain["intercepts"]))
    if len(intercepts) != len(labels) or set(plain["groups"]) != set(GROUPS):
        raise ValueError("labels, intercepts and groups do not fit")
    return ClassifierWeights(
        labels=labels,
        intercepts=intercepts,
        sharpness=float(plain["sharpness"]),
        asks_on_none=plain["asks_on_none"] is True,
        lexicon={str(name): str(entries) for name, entries in plain["lexicon"].items()},
        groups={name: _group(plain["groups"][name], len(labels)) for name in GROUPS},
    )


def _group(plain: dict[str, Any], n_labels: int) -> GroupWeights:
    names = _unpacked(plain["features"]).decode()
    features = tuple(names.split("\n")) if names else ()
    rows = _unpacked(plain["rows"])
    if len(rows) != len(features) * (n_labels + 1):
        raise ValueError("features and rows do not fit")
    return GroupWeights(features=features, rows=rows, step=float(plain["step"]), norm_step=float(plain["norm_step"]))


def _packed(content: bytes) -> str:
    return b64encode(zlib.compress(content, 9)).decode()


def _unpacked(text: str) -> bytes:
    return zlib.decompress(b64decode(text, validate=True))
