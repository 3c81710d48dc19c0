"""How well `local` does (`docs/offline.md`): a run by kind of case, and public intent sets that it was not built for.

python benchmarks/offline_accuracy.py --report reports/RUN/report.json
python benchmarks/offline_accuracy.py --clinc FILE [--clinc-test FILE] --banking FILE [--banking-test FILE]
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from omniforge_cli.adapters.sklearn_trainer import LabelledMessage, TrainedModel, train  # noqa: E402 - found through the line above
from omniforge_cli.files.weights import load_lexicon, weights_json  # noqa: E402
from omniforge_cli.routing.classifier import Classifier  # noqa: E402

LEXICON = load_lexicon()
LANGUAGES = {"es", "fr", "de", "pt", "hi", "zh", "ja", "ar", "multilingual"}
Rows = list[tuple[str, str]]


def fit(rows: Rows, none_label: str | None) -> TrainedModel:
    started = perf_counter()
    labels = sorted({label for _, label in rows})
    model = train(
        [LabelledMessage(message=text, label=label) for text, label in rows], labels=labels, none_label=none_label, lexicon=LEXICON
    )
    size = len(weights_json(model.weights)) / 1e6
    print(f"  {len(rows)} messages, {len(labels)} labels: trained in {perf_counter() - started:.0f} s, {size:.2f} MB")
    print(f"  held-out accuracy {model.held_out.accuracy:.4f}, threshold {model.clarification_threshold}")
    return model


def answers(model: TrainedModel, rows: Rows, none_label: str | None) -> tuple[list[bool], list[bool], float]:
    """Right?, asked back?, and milliseconds a message."""
    classifier = Classifier(model.weights)
    right, asked = [], []
    started = perf_counter()
    for text, label in rows:
        scores = classifier.scores(text)
        best = max(scores)
        found = classifier.labels[scores.index(best)]
        right.append(found == label)
        asked.append(best < model.clarification_threshold or (found == none_label and classifier.asks_on_none))
    return right, asked, (perf_counter() - started) / len(rows) * 1e3


def clinc(path: Path, test: Path | None) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    held = json.loads(test.read_text(encoding="utf-8")) if test else data
    part = "test" if test else "val"
    print(f"CLINC150, train -> {part}")
    model = fit([tuple(row) for row in data["train"] + data["oos_train"]], "oos")
    right, asked, ms = answers(model, [tuple(row) for row in held[part]], "oos")
    _, asked_oos, _ = answers(model, [tuple(row) for row in held[f"oos_{part}"]], "oos")
    print(f"  in scope: accuracy {share(right)}, answered without asking {share([not each for each in asked])}; {ms:.3f} ms a message")
    print(f"  out of scope: asked back {share(asked_oos)} of {len(asked_oos)}")


def banking(path: Path, test: Path | None) -> None:
    def rows(file: Path) -> Rows:
        with file.open(encoding="utf-8", newline="") as lines:
            return [(row["text"], row["category"]) for row in csv.DictReader(lines)]

    known = rows(path)
    seen, held = (known, rows(test)) if test else ([row for at, row in enumerate(known) if at % 5], known[::5])
    print(f"BANKING77, train -> {'test' if test else 'every fifth message of train, held out'}")
    right, _, ms = answers(fit(seen, None), held, None)
    print(f"  accuracy {share(right)}; {ms:.3f} ms a message")


def kind_of(tags: set[str]) -> str:
    """The first that fits; a language's tag is its code, with or without `lang-`."""
    if LANGUAGES & {tag.removeprefix("lang-") for tag in tags}:
        return "other languages"
    kinds = (("follow-ups", {"followup"}), ("traps", {"trap"}), ("off-topic and injection", {"off_topic", "injection"}))
    return next((kind for kind, those in kinds if those & tags), "single-turn English")


def by_kind(path: Path) -> None:
    """A stored run's accuracy by kind of case, and what asking back under several confidences would do."""
    cases = json.loads(path.read_text(encoding="utf-8"))["arms"][0]["cases"]
    kinds: dict[str, list[bool]] = {}
    for case in cases:
        kinds.setdefault(kind_of(set(case["tags"])), []).append(case["correct"])
    for kind, hits in sorted(kinds.items()):
        print(f"{kind}: {share(hits)} of {len(hits)}")
    for threshold in (0.5, 0.6, 0.8):
        told = [case["correct"] for case in cases if case["confidence"] >= threshold]
        caught = share([case["confidence"] < threshold for case in cases if not case["correct"]])
        asked = 1 - len(told) / len(cases)
        print(f"under {threshold} asks back {asked:.4f}, catches {caught} of the mistakes; right of the rest {share(told)}")


def share(hits: list[bool]) -> str:
    return f"{sum(hits) / len(hits):.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("report", "clinc", "clinc-test", "banking", "banking-test"):
        parser.add_argument(f"--{name}", type=Path)
    options = parser.parse_args()
    if options.report:
        by_kind(options.report)
    if options.clinc:
        clinc(options.clinc, options.clinc_test)
    if options.banking:
        banking(options.banking, options.banking_test)


if __name__ == "__main__":
    main()
