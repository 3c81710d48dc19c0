from __future__ import annotations

import pytest

from omniforge_cli.core.errors import EvalSetError, RunMismatch
from omniforge_cli.core.evalset import EvalSet
from omniforge_cli.core.run import RunSettings
from omniforge_cli.evals.plan import ASKED, refuse_mismatch, selected
from tests.evals.making import cases, plan


def test_every_case_arm_and_repeat_stands_once_in_the_plan() -> None:
    made = plan(3, repeats=2, arms=2)
    keys = [(attempt.arm, attempt.case.id, attempt.repeat) for attempt in made.attempts()]
    assert len(keys) == len(set(keys)) == made.n_samples == 12


def test_arms_meet_each_case_side_by_side() -> None:
    assert [attempt.arm for attempt in plan(2, arms=2).attempts()] == [0, 1, 0, 1]


def test_limit_takes_the_first_cases_after_tags() -> None:
    evalset = EvalSet(name="s", version="v1", cases=(*cases(2), *cases(5, tags=("x",))[2:]))
    assert [case.id for case in selected(evalset, RunSettings(limit=2, tags=("x",))).cases] == ["c2", "c3"]


def test_a_selection_that_leaves_nothing_names_the_tags_there_are() -> None:
    with pytest.raises(EvalSetError, match="its tags are x"):
        selected(EvalSet(name="s", version="v1", cases=cases(2, tags=("x",))), RunSettings(tags=("y",)))


@pytest.mark.parametrize("field", ["repeats", "seed", "limit", "inject", "api_base"])
def test_a_run_with_another_setting_is_not_resumed_and_the_setting_is_named(field: str) -> None:
    before = plan(4).fingerprint
    with pytest.raises(RunMismatch, match=field):
        refuse_mismatch(before, {**before, field: "other"}, "r")


def test_what_decides_nothing_may_differ_on_resumption() -> None:
    before = plan(4).fingerprint
    refuse_mismatch(before, {**before, ASKED: {"concurrency": 3}}, "r")
    assert plan(4, concurrency=1, timeout_s=9.0, retries=0).fingerprint == before
