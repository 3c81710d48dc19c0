from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.scoring.flips import Flip, flips
from tests.scoring.making import TAXONOMY, answered, failed, report_of


def test_each_change_is_counted_with_its_share_of_the_traffic() -> None:
    samples = [*[answered("a", "a")] * 5, *[answered("a", "b")] * 3, answered("b", "a"), failed(FallbackReason.TIMEOUT, "c", fallback="c")]
    assert flips(report_of(*samples)) == (
        Flip(then="a", now="b", n=3, share=0.3),
        Flip(then="b", now="a", n=1, share=0.1),
        Flip(then="c", now=None, n=1, share=0.1),
    )


def test_a_replay_that_agrees_has_no_flip() -> None:
    assert flips(report_of(answered(), answered("b", "b"))) == ()
    assert flips(report_of()) == ()


def test_a_turn_that_was_never_decided_is_no_flip() -> None:
    assert flips(report_of(answered(None, "b"), answered())) == ()


@given(st.lists(st.tuples(st.sampled_from(TAXONOMY.names), st.sampled_from([*TAXONOMY.names, None])), max_size=30))
def test_flips_and_agreement_are_all_of_the_traffic(pairs: list[tuple[str, str | None]]) -> None:
    samples = [failed(FallbackReason.TIMEOUT, then) if now is None else answered(then, now) for then, now in pairs]
    report = report_of(*samples)
    found = flips(report)
    assert Counter({(flip.then, flip.now): flip.n for flip in found}) == Counter(pair for pair in pairs if pair[0] != pair[1])
    if pairs:
        assert abs(sum(flip.share for flip in found) + (report.accuracy.value or 0.0) - 1) < 1e-9
