from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from omniforge_cli.scoring.classification import accuracy, all_labels, confusion, count_pairs, macro_f1, per_class

LABELS = ("a", "b", "c", "d")
answers = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=60)


def test_a_worked_example():
    pairs = count_pairs(["a", "a", "a", "b"], ["a", "b", None, "b"])
    scores = per_class(("a", "b", "c"), pairs)
    assert accuracy(pairs) == 0.5
    assert (scores["a"].precision, scores["a"].recall, scores["a"].f1, scores["a"].support) == (1.0, 1 / 3, 0.5, 3)
    assert (scores["b"].precision, scores["b"].recall, scores["b"].f1, scores["b"].support) == (0.5, 1.0, 2 / 3, 1)
    assert (scores["c"].precision, scores["c"].recall, scores["c"].f1, scores["c"].support) == (None, None, None, 0)
    assert macro_f1(scores) == pytest.approx((0.5 + 2 / 3) / 2)


def test_a_miss_is_a_false_negative_and_nobodys_false_positive():
    with_miss = per_class(("a", "b"), count_pairs(["a", "a"], ["a", None]))
    assert with_miss["a"].recall == 0.5
    assert with_miss["a"].precision == 1.0
    assert with_miss["b"].precision is None


def test_the_confusion_matrix_leaves_misses_out_and_keeps_the_order_of_labels():
    found = confusion(("b", "a"), count_pairs(["a", "a", "b"], ["b", None, "b"]))
    assert found.labels == ("b", "a")
    assert found.matrix == ((1, 0), (1, 0))


def test_labels_that_only_the_samples_know_come_last():
    assert all_labels(("b", "a"), count_pairs(["z", "a"], ["b", "y"])) == ("b", "a", "y", "z")


def test_a_label_without_support_is_left_out_of_macro_f1():
    assert macro_f1(per_class(LABELS, count_pairs(["a", "a"], ["a", "d"]))) == pytest.approx(2 / 3)


def test_nothing_counted_is_none():
    empty = count_pairs([], [])
    assert accuracy(empty) is None
    assert macro_f1(per_class(LABELS, empty)) is None


@settings(max_examples=60, deadline=None)
@given(answers)
def test_every_score_agrees_with_scikit_learn(pairs: list[tuple[str, str]]):
    expected, predicted = zip(*pairs, strict=True)
    counted = count_pairs(expected, predicted)
    scores = per_class(LABELS, counted)
    precision, recall, f1, support = precision_recall_fscore_support(expected, predicted, labels=LABELS, zero_division=0)
    assert accuracy(counted) == pytest.approx(accuracy_score(expected, predicted), abs=1e-12)
    assert [list(row) for row in confusion(LABELS, counted).matrix] == confusion_matrix(expected, predicted, labels=LABELS).tolist()
    for index, label in enumerate(LABELS):
        found = scores[label]
        assert (found.precision or 0.0, found.recall or 0.0, found.f1 or 0.0, found.support) == pytest.approx(
            (precision[index], recall[index], f1[index], support[index]), abs=1e-12
        )
    assert macro_f1(scores) == pytest.approx(sum(f1[support > 0]) / (support > 0).sum(), abs=1e-12)
