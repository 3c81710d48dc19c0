from __future__ import annotations

from omniforge_cli.core.report import Confusion
from omniforge_cli.reporting import page
from tests.reporting.samples import arm, report


def test_a_small_matrix_is_whole_and_in_taxonomy_order() -> None:
    matrix = page.matrix(arm(), 24)
    assert matrix.labels == arm().confusion.labels
    assert [[cell.n for cell in cells] for _, cells in matrix.rows] == [list(row) for row in arm().confusion.matrix]
    assert [cell.right for cell in matrix.rows[0][1]] == [True, False, False, False, False]


def test_a_large_matrix_keeps_the_labels_with_the_most_wrong_answers() -> None:
    labels = tuple(f"label-{i}" for i in range(150))
    counts = [[10 if i == j else 0 for j in range(150)] for i in range(150)]
    counts[70][140] = 5
    matrix = page.matrix(arm(confusion=Confusion(labels=labels, matrix=tuple(map(tuple, counts)))), 10)
    assert {"label-70", "label-140"} < set(matrix.labels)
    assert (len(matrix.labels), matrix.of) == (10, 150)


def test_the_scale_begins_at_a_round_number_below_every_interval() -> None:
    assert page.values(report())["scale"] == ("60.0%", "100%")


def test_a_gate_on_accuracy_is_marked_on_its_own_arm() -> None:
    arms = page.values(report())["arms"]
    assert [one["has_gate"] for one in arms] == [False, True]


def test_a_comparison_knows_which_arms_of_this_page_it_is_about() -> None:
    assert page.values(report())["comparisons"][0]["arms"] == [0, 1]


def test_tags_come_with_the_weakest_first() -> None:
    assert [row[0].text for _, row in page.values(report())["details"][0]["tags"]] == ["trap", "direct"]


def test_the_provenance_names_set_prompt_and_settings() -> None:
    facts = dict(page.values(report())["facts"])
    assert facts["eval set"] == "desk@v1 cdcdcdcdcdcd"
    assert facts["prompts"] == "desk@v2 abababababab"
    assert "concurrency 16" in facts["settings"]


def test_the_confidence_to_trust_is_told_with_what_it_gives_on_the_other_half() -> None:
    fit = {"wanted": 0.95, "threshold": 0.82, "coverage": 0.71, "precision": {"value": 0.943, "ci_low": 0.9, "ci_high": 0.97}}
    trusted = page.values(report(arms=(arm(extra={"confidence_threshold": fit}),)))["details"][0]["calibration"]
    assert trusted.endswith("To have 95.0% right, trust answers from 0.820 on: 94.3% right, 71.0% of all (held-out half).")
    nothing = fit | {"threshold": None, "coverage": None}
    assert page.values(report(arms=(arm(extra={"confidence_threshold": nothing}),)))["details"][0]["calibration"].endswith("0.093. ")
