from __future__ import annotations

import pytest

from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.core.run import Sample
from omniforge_cli.scoring.tally import ANSWERED, FELL_BACK, OUTAGE, RIGHT, SYSTEM_RIGHT, Tally, case_key, sample_flags
from tests.scoring.making import answered, failed


def test_a_case_has_the_same_key_in_every_process_and_on_every_machine():
    assert case_key("set/case ü") == -4530827777971570944
    assert case_key("\ud800") != case_key("x")


@pytest.mark.parametrize(
    ("sample", "flags"),
    [
        (answered(), ANSWERED | RIGHT | SYSTEM_RIGHT),
        (answered(predicted="b"), ANSWERED),
        (failed(FallbackReason.TIMEOUT, fallback="a"), FELL_BACK | OUTAGE | SYSTEM_RIGHT),
        (failed(FallbackReason.BAD_OUTPUT, fallback="b"), FELL_BACK),
        (failed(FallbackReason.AUTH), OUTAGE),
        (failed(FallbackReason.EMPTY_OUTPUT), 0),
    ],
    ids=["right", "wrong", "outage, fallback right", "bad reply, fallback wrong", "outage", "empty reply"],
)
def test_flags_tell_the_kinds_of_samples_apart(sample: Sample, flags: int):
    assert sample_flags(sample) == flags


def test_an_estimate_may_be_over_some_samples_only():
    tally = Tally()
    for key, flags in enumerate([ANSWERED | RIGHT, ANSWERED, FELL_BACK | SYSTEM_RIGHT, FELL_BACK, OUTAGE]):
        tally.add(key, flags)
    for clustered in (False, True):
        assert tally.estimate(RIGHT, clustered=clustered).value == 0.2
        assert tally.estimate(RIGHT, among=ANSWERED, clustered=clustered).value == 0.5
        assert tally.estimate(RIGHT, outages_right=True, clustered=clustered).value == 0.4
    assert tally.count(FELL_BACK) == 2
