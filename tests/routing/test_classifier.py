import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.files import resources
from omniforge_cli.files.weights import read_weights
from omniforge_cli.routing.classifier import GROUPS, Classifier, ClassifierWeights, GroupWeights
from omniforge_cli.routing.masking import MASKS


def weights(**changes: object) -> ClassifierWeights:
    """Two labels; "stop" and "stop it" speak for the second, the end "op>" a little for the first."""
    empty = GroupWeights(features=(), rows=b"", step=1.0, norm_step=1.0)
    groups = dict.fromkeys(GROUPS, empty)
    groups["grams"] = GroupWeights(features=("stop", "stop it"), rows=bytes([127, 138, 4, 128, 148, 4]), step=0.5, norm_step=0.25)
    groups["characters"] = GroupWeights(features=("op>",), rows=bytes([130, 128, 1]), step=1.0, norm_step=4.0)
    plain: dict[str, object] = {
        "labels": ("go", "halt"),
        "groups": groups,
        "intercepts": (0.25, 0.0),
        "sharpness": 2.0,
        "lexicon": {"v.stop": "stop"},
    }
    return ClassifierWeights(**{**plain, **changes})  # type: ignore[arg-type]


def test_the_score_is_the_weights_over_the_root_of_the_lengths() -> None:
    # grams: (-1, 10) and (0, 20) in steps of 0.5, squared lengths 4 + 4 in steps of 0.25; characters: (2, 0), length 1 * 4.
    go, halt = Classifier(weights()).margins("stop it")
    assert go == pytest.approx(0.25 - 0.5 / math.sqrt(2) + 2 / 2)
    assert halt == pytest.approx(15 / math.sqrt(2))


def test_probabilities_are_the_softmax_of_sharpened_scores() -> None:
    classifier = Classifier(weights())
    go, halt = classifier.margins("stop")
    assert classifier.scores("stop")[1] == pytest.approx(1 / (1 + math.exp(2 * (go - halt))))


@given(st.text(max_size=200))
def test_any_text_gets_probabilities_that_sum_to_one(text: str) -> None:
    scores = Classifier(weights()).scores(text)
    assert sum(scores) == pytest.approx(1.0)
    assert all(0.0 <= score <= 1.0 for score in scores)


def test_a_word_counts_the_same_when_it_is_met_again() -> None:
    classifier = Classifier(weights())
    assert classifier.scores("please stop it") == classifier.scores("please stop it")


def test_several_texts_are_scored_as_one() -> None:
    classifier = Classifier(weights())
    both = classifier.margins("stop it", "stop")
    # three features of group grams: (-1, 10) twice and (0, 20) in steps of 0.5, squared lengths 12 in steps of 0.25; "op>" twice
    assert both == pytest.approx([0.25 - 2 * 0.5 / math.sqrt(3) + 4 / math.sqrt(2) / 2, 40 * 0.5 / math.sqrt(3)])
    assert classifier.scores("stop it", "stop") == classifier.scores("stop", "stop it")


def test_a_message_without_any_known_feature_is_scored_by_the_intercepts() -> None:
    assert Classifier(weights()).margins("xyzzy") == [0.25, 0.0]


def test_the_evidence_is_the_strongest_wording_for_a_label_without_repeating_words() -> None:
    classifier = Classifier(weights())
    assert classifier.evidence("stop it", "halt") == ["stop it"]
    assert classifier.evidence("stop it", "go") == []


def test_the_words_of_a_name_do_not_count() -> None:
    classifier = Classifier(weights())
    assert classifier.margins("stop it", names=["stop it"]) == classifier.margins("")


def test_sums_of_many_words_do_not_run_over() -> None:
    many = Classifier(weights()).margins("stop " * 400)
    assert many[1] == pytest.approx(5 * 400 / math.sqrt(400), rel=1e-6)


def test_evidence_is_made_of_the_users_own_words():
    classifier = Classifier(read_weights(resources.weights() / "omniforge"))
    told = classifier.evidence('run create-invoice-bot for "October report" see https://x.example', classifier.labels[4])
    assert told
    assert not {word for words in told for word in words.split(" ")} & MASKS
