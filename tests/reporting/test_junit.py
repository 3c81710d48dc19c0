from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.reporting import junit
from tests.reporting.samples import arm, case, report


def test_junit_xml_is_the_golden_file(golden: Callable[[str, str], None]) -> None:
    golden("junit.xml", junit.render(report()))


def test_a_wrong_answer_is_a_failure_and_the_provider_an_error() -> None:
    suite = ElementTree.fromstring(junit.render(report()))[1]
    kinds = {test.get("name"): [child.tag for child in test] for test in suite.iter("testcase")}
    assert kinds == {"parcel-1": [], "refund-1": [], "refund-2": ["error"], "trap-1": ["failure"], "trap-2": ["failure"]}
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("5", "2", "1", "0")


def test_names_are_the_same_in_every_run() -> None:
    first, second = (junit.render(report(run_id=run_id, created_at=at)) for run_id, at in (("a", "2026-01-01"), ("b", "2026-02-02")))
    assert _names(first) == _names(second)
    assert _names(first)[0] == ("desk@v1 local", "desk@v1 local", "parcel-1")


def test_repeats_have_names_of_their_own_and_the_first_keeps_the_plain_one() -> None:
    samples = [case("a", "refund", "refund", repeat=i) for i in range(3)]
    assert [name for _, _, name in _names(junit.render(report(arms=(arm(cases=samples),))))] == ["a", "a [repeat 1]", "a [repeat 2]"]


def test_a_turn_without_a_decision_is_skipped() -> None:
    root = ElementTree.fromstring(junit.render(report(arms=(arm(cases=[case("a", None, "refund")]),))))
    assert root.get("skipped") == "1"
    assert root.find("testsuite/testcase/skipped") is not None


def test_samples_may_come_from_elsewhere() -> None:
    root = ElementTree.fromstring(junit.render(report(arms=(arm(),)), cases=lambda _: iter([case("a", "refund", "other")])))
    assert (root.get("tests"), root.get("failures")) == ("1", "1")


@given(st.text(st.characters()))
def test_any_text_makes_valid_xml(text: str) -> None:
    odd = arm(cases=[case(text, "refund", text, message=text, reasoning=text, tags=[text], error={"reason": text, "message": text})])
    ElementTree.fromstring(junit.render(report(arms=(odd,))).encode("utf-8"))


def _names(xml: str) -> list[tuple[str | None, str | None, str | None]]:
    suites = ElementTree.fromstring(xml).iter("testsuite")
    return [(suite.get("name"), test.get("classname"), test.get("name")) for suite in suites for test in suite.iter("testcase")]
