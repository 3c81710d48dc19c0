"""What the shipped analyzer learned from must hold nothing that it is measured with."""

import json
import re
from pathlib import Path

import pytest
import yaml

from scripts.train_intent import DATA, HELD_OUT_VOICES, is_training_row, read_rows

ROOT = Path(__file__).resolve().parent.parent.parent
TRAINING = [row for row in read_rows(DATA) if is_training_row(row)]


def words(message: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", message.casefold()))


def near(a: frozenset[str], b: frozenset[str]) -> bool:
    """The same words, or three in four where there are at least five."""
    return a == b if len(a) < 5 or len(b) < 5 else len(a & b) > 0.75 * len(a | b)


SEEN = [words(row["message"]) for row in TRAINING]


def leaks(messages: list[str]) -> list[tuple[str, str]]:
    holding: dict[str, set[int]] = {}
    for at, seen in enumerate(SEEN):
        for word in seen:
            holding.setdefault(word, set()).add(at)
    found = []
    for message in messages:
        asked = words(message)
        if len(asked) < 3:  # "thanks a lot": everybody's words
            continue
        # Three words in four cannot be shared without one of the rarest quarter and one more.
        rarest = sorted(asked, key=lambda word: (len(holding.get(word, ())), word))[: 1 + len(asked) // 4]
        near_ones = sorted(set().union(*(holding.get(word, set()) for word in rarest)))
        found += [(message, TRAINING[at]["message"]) for at in near_ones if near(asked, SEEN[at])]
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "evalsets").glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_message_of_an_eval_set_is_in_the_training_data(path: Path) -> None:
    cases = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["cases"]
    assert leaks([case["message"] for case in cases if not case.get("history")]) == []


@pytest.mark.parametrize("voice", HELD_OUT_VOICES)
def test_a_held_out_voice_is_not_in_the_training_data(voice: str) -> None:
    held_out = [json.loads(line)["message"] for line in (DATA / f"{voice}.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(held_out) >= 100
    assert leaks(held_out) == []


def test_a_planted_near_duplicate_is_found() -> None:
    message = next(row["message"] for row in TRAINING if len(words(row["message"])) > 8)
    assert leaks([message + " please"])


def test_the_training_data_hold_nine_languages_and_every_label_in_many_voices() -> None:
    assert len({row["lang"] for row in TRAINING}) >= 9
    for label in {row["label"] for row in TRAINING}:
        assert len({row["voice"] for row in TRAINING if row["label"] == label}) >= 10
