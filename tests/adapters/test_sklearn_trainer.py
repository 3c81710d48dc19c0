import random

import numpy as np
import pytest

from omniforge_cli.adapters.sklearn_trainer import LabelledMessage, TrainedModel, train
from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.files.weights import weights_json
from omniforge_cli.routing.classifier import Classifier

LEXICON = {"v.want": "want, need", "common": "the, a"}
WORDS = {
    "card": ["card", "pin", "visa", "plastic", "chip"],
    "money": ["transfer", "send", "pay", "wire", "cash"],
    "other": ["weather", "poem", "football", "dinner", "hello"],
}


def rows(n: int = 40, seed: int = 1) -> list[LabelledMessage]:
    """Messages whose label is told by two words out of five."""
    chance = random.Random(seed)
    return [
        LabelledMessage(message=f"i want the {chance.choice(words)} and a {chance.choice(words)} {at % 7}", label=label)
        for label, words in WORDS.items()
        for at in range(n)
    ]


def fit(messages: list[LabelledMessage], labels: tuple[str, ...] = ("card", "money", "other"), none: str | None = "other") -> TrainedModel:
    return train(messages, labels=labels, none_label=none, lexicon=LEXICON)


def test_new_wordings_get_their_label() -> None:
    classifier = Classifier(fit(rows()).weights)
    for message, label in (("my chip is broken, and the pin", "card"), ("wire cash to mum", "money"), ("dinner and football", "other")):
        scores = classifier.scores(message)
        assert classifier.labels[scores.index(max(scores))] == label


def test_the_same_messages_give_the_same_bytes() -> None:
    assert weights_json(fit(rows()).weights) == weights_json(fit(rows()).weights)


def test_the_shipped_numbers_answer_as_the_fitted_ones_did() -> None:
    model = fit(rows())
    classifier = Classifier(model.weights)
    right = [max(range(3), key=classifier.scores(row.message).__getitem__) for row in rows()]
    assert np.mean(np.array(right) == np.array(model.held_out.expected)) >= model.held_out.accuracy


def test_held_out_messages_are_judged_by_a_model_that_did_not_see_them() -> None:
    chance = random.Random(3)
    noise = [LabelledMessage(message=f"word{chance.random()} thing{chance.random()}", label=chance.choice(["a", "b"])) for _ in range(200)]
    assert 0.3 < fit(noise, ("a", "b"), None).held_out.accuracy < 0.7


def test_whole_voices_are_held_out_where_there_are_enough() -> None:
    """Each voice has its own word for each label: known voices make it easy, unknown ones leave nothing to go by."""
    chance = random.Random(7)
    words = {(voice, label): "".join(chance.choices("bcdfghjklm", k=9)) for voice in range(12) for label in "ab"}
    of_voice = [LabelledMessage(message=word, label=label, voice=f"v{voice}") for (voice, label), word in words.items() for _ in range(6)]
    alone = [LabelledMessage(message=row.message, label=row.label) for row in of_voice]
    assert fit(alone, ("a", "b"), None).held_out.accuracy > fit(of_voice, ("a", "b"), None).held_out.accuracy


def test_most_messages_with_a_label_of_their_own_reach_the_threshold() -> None:
    model = fit(rows())
    of_label = np.array(model.held_out.expected) != 2
    assert np.mean(model.held_out.probabilities.max(axis=1)[of_label] >= model.clarification_threshold) >= 0.9


def test_none_of_these_asks_back_where_it_is_not_told_reliably() -> None:
    assert not fit(rows()).weights.asks_on_none
    chance = random.Random(5)
    mixed = [row for row in rows() if row.label != "other"]
    mixed += [LabelledMessage(message=chance.choice(rows()).message, label="other") for _ in range(20)]
    assert fit(mixed).weights.asks_on_none


def test_a_strange_label_is_refused_by_name() -> None:
    with pytest.raises(EvalSetError, match="'other' is not in the taxonomy"):
        fit(rows(), ("card", "money"), None)


def test_a_label_with_too_few_messages_is_refused_by_name() -> None:
    with pytest.raises(EvalSetError, match="'rare' has 0 messages"):
        fit(rows(), ("card", "money", "other", "rare"))
