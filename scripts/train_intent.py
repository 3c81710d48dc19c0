"""Fits the shipped `local` analyzer from data/intent (`make train`). Two voices are never read: they are kept to measure with."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from omniforge_cli.adapters.sklearn_trainer import LabelledMessage, TrainedModel, train  # noqa: E402 - found through the line above
from omniforge_cli.core.identity import content_hash, sha256  # noqa: E402
from omniforge_cli.files.taxonomy import parse_taxonomy  # noqa: E402
from omniforge_cli.files.weights import load_lexicon, weights_json  # noqa: E402
from omniforge_cli.routing.classifier import Classifier  # noqa: E402
from omniforge_cli.scoring.calibration import ece, reliability_bins  # noqa: E402

DATA = ROOT / "data" / "intent"
OUT = ROOT / "omniforge_cli" / "weights" / "omniforge"
HELD_OUT_VOICES = ("heldout_mixed", "heldout_second")


def main() -> None:
    """Trains, measures, writes weights.json and card.json, and prints the card."""
    rows = read_rows(DATA)
    seen = [row for row in rows if is_training_row(row)]
    unseen = [row for row in rows if row["voice"] in HELD_OUT_VOICES and not row.get("history")]

    def of(voice: str) -> list[dict[str, Any]]:
        return [row for row in unseen if row["voice"] == voice]

    taxonomy_file = ROOT / "omniforge_cli" / "taxonomies" / "omniforge.yaml"
    taxonomy = parse_taxonomy(taxonomy_file.read_text(encoding="utf-8"), taxonomy_file)
    lexicon = load_lexicon()
    messages = [LabelledMessage(message=row["message"], label=row["label"], voice=voice_of(row)) for row in seen]
    model = train(messages, labels=taxonomy.names, none_label=taxonomy.none_of_these, lexicon=lexicon)
    weights = weights_json(model.weights)
    classifier = Classifier(model.weights)
    card = {
        "weights_sha256": sha256(weights),
        "created": "",
        "data": {
            "messages": len(seen),
            "voices": len({row["voice"] for row in seen}),
            "sha256": content_hash(seen),
            "lexicon_sha256": content_hash(lexicon),
        },
        "size_bytes": len(weights),
        "clarification_threshold": model.clarification_threshold,
        "held_out_voices": by_group(seen, model),
        "voices_never_read": {"all": unread(unseen, classifier), **{voice: unread(of(voice), classifier) for voice in HELD_OUT_VOICES}},
    }
    write(card, weights)
    print(json.dumps(card, ensure_ascii=False, indent=1))


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """All labelled messages, file by file in the order of their names."""
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]


def is_training_row(row: Mapping[str, Any]) -> bool:
    """Whether the classifier learns from it: not from the voice kept apart, and not from follow-ups, which their history decides."""
    return row["voice"] not in HELD_OUT_VOICES and not row.get("history")


def voice_of(row: Mapping[str, Any]) -> str:
    """Who is held out together: the voice; in a language with one voice alone, a tenth of it (the language itself must be learnt)."""
    if row["lang"] == "en":
        return str(row["voice"])
    return f"{row['voice']}/{int(sha256(row['message'])[:6], 16) % 10}"


def by_group(rows: Sequence[Mapping[str, Any]], model: TrainedModel) -> dict[str, Any]:
    """Accuracy on messages of voices that the model did not see: over all, by voice, tag, language and label."""
    right = (model.held_out.predicted == model.held_out.expected).tolist()
    groups: dict[str, dict[str, list[bool]]] = {"voice": {}, "tag": {}, "lang": {}, "label": {}}
    for row, hit in zip(rows, right, strict=True):
        for kind, names in (("voice", [row["voice"]]), ("tag", row.get("tags", [])), ("lang", [row["lang"]]), ("label", [row["label"]])):
            for name in names:
                groups[kind].setdefault(name, []).append(hit)
    shares = {kind: {name: share(hits) for name, hits in sorted(found.items())} for kind, found in groups.items()}
    english = [hit for row, hit in zip(rows, right, strict=True) if row["lang"] == "en"]
    voices = {row["voice"] for row in rows if row["lang"] == "en"}
    worst = min(sorted(voices), key=lambda voice: shares["voice"][voice])
    expected = [model.held_out.labels[at] for at in model.held_out.expected]
    predicted = [model.held_out.labels[at] for at in model.held_out.predicted]
    error = calibration_error(list(map(str.__eq__, expected, predicted)), model.held_out.probabilities.max(axis=1).tolist())
    return {
        "accuracy": share(right),
        "english": share(english),
        "ece": error,
        "worst_english_voice": worst,
        **{f"by_{kind}": found for kind, found in shares.items()},
    }


def unread(rows: Sequence[Mapping[str, Any]], classifier: Classifier) -> dict[str, Any]:
    """Accuracy and calibration on messages of voices that no training ever read."""
    scored = [classifier.scores(row["message"]) for row in rows]
    right = [classifier.labels[each.index(max(each))] == row["label"] for each, row in zip(scored, rows, strict=True)]
    tags: dict[str, list[bool]] = {}
    for row, hit in zip(rows, right, strict=True):
        for tag in row.get("tags", []):
            tags.setdefault(tag, []).append(hit)
    return {
        "messages": len(rows),
        "accuracy": share(right),
        "ece": calibration_error(right, [max(each) for each in scored]),
        "by_tag": {tag: share(hits) for tag, hits in sorted(tags.items())},
    }


def calibration_error(right: Sequence[bool], confidence: Sequence[float]) -> float:
    """Expected calibration error, to four digits."""
    error = ece(reliability_bins(confidence, right))
    assert error is not None  # there are messages
    return round(error, 4)


def share(hits: Sequence[bool]) -> float:
    """Share of hits, to four digits."""
    return round(sum(hits) / len(hits), 4)


def write(card: dict[str, Any], weights: bytes) -> None:
    """Both files; the date stays as it was when the weights did."""
    path = OUT / "card.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    same = before.get("weights_sha256") == card["weights_sha256"]
    card["created"] = before["created"] if same else datetime.now(UTC).date().isoformat()
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "weights.json").write_bytes(weights)
    path.write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
