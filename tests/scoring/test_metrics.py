from __future__ import annotations

import json

import pytest

from omniforge_cli.core.errors import GateFileError
from omniforge_cli.core.gate import SHORT_FORMS, Bound
from omniforge_cli.scoring.metrics import check_metric, measure, why_unmeasured
from omniforge_cli.scoring.statistics import wilson
from tests.scoring.making import answered, report_of

REPEATED = report_of(
    *[answered("a", "a" if case % 4 else "b", case_id=str(case), repeat=repeat, tags=("v1.5",)) for case in range(20) for repeat in (0, 1)]
)


@pytest.mark.parametrize(
    ("path", "value", "n_cases"),
    [
        ("accuracy", 0.75, 20),
        ("by_tag.v1.5.accuracy", 0.75, 20),
        ("per_class.a.recall", 0.75, 20),
        ("per_class.a.precision", 1.0, 15),
        ("per_class.a.support", 40, None),
        ("clarification_rate", 0.0, 20),
        ("fallback_rate", 0.0, 20),
        ("answered_accuracy", 0.75, 20),
        ("flip_rate", 0.0, 20),
        ("latency_ms.p95", 100.0, None),
        ("tokens.prompt", 400, None),
        ("cost_usd.mean", 0.001, None),
        ("stability.pass_hat_k.2", 0.75, None),
        ("stability.variance.within_share", 0.0, None),
        ("n", 40, None),
    ],
)
def test_a_metric_is_found_by_its_path_with_the_cases_it_is_over(path: str, value: float, n_cases: int | None):
    found = measure(REPEATED, path)
    assert found.value == pytest.approx(value)
    assert found.n_cases == n_cases


def test_every_path_that_is_offered_leads_to_a_number_of_the_written_report():
    written = json.loads(json.dumps(REPEATED.to_dict()))
    for path in [
        *(metric for metric, _ in SHORT_FORMS.values()),
        "entities_overlapping.recall",
        "ambiguity.precision",
        "fallback_accuracy",
    ]:
        found = written
        for step in path.split("."):
            found = found[step]
        value = found["value"] if isinstance(found, dict) else found
        assert measure(REPEATED, path).value == value


def test_a_share_without_an_interval_of_its_own_gets_wilsons():
    found = measure(REPEATED, "per_class.a.recall")
    assert (found.ci_low, found.ci_high) == pytest.approx(wilson(15, 20))
    assert found.at(Bound.CI_LOW) == found.ci_low
    assert found.at(Bound.VALUE) == found.value


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("acuracy", "did you mean 'accuracy'"),
        ("latency_ms.p96", "did you mean 'latency_ms.p9"),
        ("by_tag.x.acuracy", "did you mean 'by_tag.x.accuracy'"),
        ("per_class.recall", "is not a metric"),
        ("reliability_bins", "is not a metric"),
        ("stability.pass_hat_k.x", "is not a metric"),
        ("", "is not a metric"),
    ],
)
def test_what_is_no_metric_is_refused_with_the_nearest(path: str, said: str):
    with pytest.raises(GateFileError, match=said):
        check_metric(path)


def test_a_bound_of_what_has_no_interval_is_refused():
    check_metric("by_tag.x.accuracy", Bound.CI_LOW)
    with pytest.raises(GateFileError, match="has no interval"):
        check_metric("macro_f1", Bound.CI_LOW)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("by_tag.folowup.accuracy", "no sample has the tag 'folowup'"),
        ("by_tag.v1,5.accuracy", "did you mean 'v1.5'"),
        ("per_class.b.recall", "label 'b'"),
        ("flip_rate", "--repeats"),
        ("latency_ms.p95", "no call"),
        ("macro_f1", "nothing to measure"),
    ],
)
def test_why_a_metric_has_no_value_is_said(path: str, said: str):
    assert said in why_unmeasured(REPEATED, path)


@pytest.mark.parametrize("path", ["accuracy", "flip_rate", "by_tag.x.accuracy", "per_class.nobody.recall", "stability.pass_hat_k.3", "ece"])
def test_what_was_not_measured_has_no_value(path: str):
    assert measure(report_of(), path).value is None
