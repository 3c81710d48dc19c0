"""Cases on disk behave like a list of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.conversation import Message
from omniforge_cli.core.evalset import Case
from omniforge_cli.evals.spool import SpooledCases, first, kept


def case(number: int) -> Case:
    return Case(
        id=str(number),
        message=f"message {number}",
        expected_action="a",
        history=(Message(role="user", content="before"),),
        decided_then={"confidence": number},
    )


def spooled(n: int) -> SpooledCases:
    cases = SpooledCases()
    for number in range(n):
        cases.append(case(number))
    return cases


@given(st.integers(0, 200), st.slices(200))
def test_they_are_a_sequence(n: int, some: slice) -> None:
    cases, expected = spooled(n), [case(number) for number in range(n)]
    assert len(cases) == n
    assert list(cases) == expected
    assert list(cases[some]) == expected[some]
    assert list(reversed(cases)) == expected[::-1]


def test_a_place_outside_is_refused_as_by_a_list() -> None:
    cases = spooled(70)
    assert (cases[69], cases[-1], cases[-70]) == (case(69), case(69), case(0))
    for place in (70, -71):
        with pytest.raises(IndexError):
            cases[place]


def test_two_readers_do_not_disturb_each_other() -> None:
    cases = spooled(150)
    assert [(a.id, b.id) for a, b in zip(cases, cases, strict=True)] == [(str(number), str(number)) for number in range(150)]


def test_what_reaches_the_disk_has_passed_through_the_seal() -> None:
    written: list[str] = []

    def seal(text: str) -> str:
        written.append(text)
        return text[::-1]

    cases = SpooledCases(seal=seal, unseal=lambda text: text[::-1])
    for number in range(96):
        cases.append(case(number))
    assert len(written) == 1
    assert list(cases) == [case(number) for number in range(96)]


def test_the_first_of_them_are_taken_into_memory_and_all_are_not() -> None:
    cases = spooled(100)
    assert first(cases, 3) == tuple(case(number) for number in range(3))
    assert first(cases, None) is cases
    assert first(cases, 100) is cases


def test_few_cases_stay_in_memory_and_many_go_to_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omniforge_cli.evals.spool._IN_MEMORY", 100)
    few, many = kept(map(case, range(99))), kept(map(case, range(150)))
    assert few == tuple(map(case, range(99)))
    assert isinstance(many, SpooledCases)
    assert list(many) == list(map(case, range(150)))
