"""How well `local` does on public intent sets that it was not built for: CLINC150 and BANKING77 (`docs/offline.md`).

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


def share(hits: list[bool]) -> str:
    return f"{sum(hits) / len(hits):.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("clinc", "clinc-test", "banking", "banking-test"):
        parser.add_argument(f"--{name}", type=Path)
    options = parser.parse_args()
    if options.clinc:
        clinc(options.clinc, options.clinc_test)
    if options.banking:
        banking(options.banking, options.banking_test)


if __name__ == "__main__":
    main()
