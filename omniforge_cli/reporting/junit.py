"""A report -> JUnit XML with names that stay the same between runs, so that CI keeps its history. Text must be redacted by the caller."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from omniforge_cli.core.report import ArmReport, Report
from omniforge_cli.reporting import numbers, view
from omniforge_cli.reporting.view import CasesOf, Outcome

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_SIMPLE: Final = re.compile(r"[A-Za-z0-9 #/.:;,_@+-]*").fullmatch


def render(report: Report, cases: CasesOf | None = None) -> str:
    """One suite per arm and one test per sample: failure = wrong answer, error = the provider, skipped = without a label.

    `cases` gives the samples of an arm, by its number, where the report does not hold them.
    """
    return "".join(pieces(report, cases))


def pieces(report: Report, cases: CasesOf | None = None) -> Iterator[str]:
    """The same, bit by bit: a million tests are never in memory. Samples are read twice, as a suite begins with its totals."""
    cases = cases or view.inline_cases(report)
    totals = [Totals.of(cases(number)) for number in range(len(report.arms))]
    yield from assembled(report, totals, lambda number: tests(report, report.arms[number], cases(number)))


def tests(report: Report, arm: ArmReport, samples: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The tests of an arm, one for each sample."""
    name = suite_name(report, arm)
    return (_passed(name, sample) or f"    {_indented(_test(name, sample))}\n" for sample in samples)


def _passed(suite_name: str, sample: Mapping[str, Any]) -> str | None:
    """The test of most samples in a tenth of the time: right at the first repeat, and nothing in its names needs care."""
    name = sample["id"]
    if sample.get("repeat") or view.outcome(sample) is not Outcome.RIGHT or not _SIMPLE(name) or not _SIMPLE(suite_name):
        return None
    return f'    <testcase classname="{suite_name}" name="{name}" time="{_seconds(sample):.3f}" />\n'


def assembled(report: Report, totals: Sequence[Totals], tests_of: Callable[[int], Iterable[str]]) -> Iterator[str]:
    """The whole file, from each arm's totals and its tests, by its number."""
    suites = [_suite(report, arm, total) for arm, total in zip(report.arms, totals, strict=True)]
    root = Element("testsuites", {"name": "omniforge"})
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.attrib[key]) for suite in suites)))
    root.set("time", f"{sum(float(suite.attrib['time']) for suite in suites):.3f}")
    yield f'<?xml version="1.0" encoding="utf-8"?>\n{_opening(root)}\n'
    for number, (arm, suite) in enumerate(zip(report.arms, suites, strict=True)):
        yield f"  {_opening(suite)}\n    {_indented(_properties(report, arm))}\n"
        yield from tests_of(number)
        yield "  </testsuite>\n"
    yield "</testsuites>\n"


@dataclass(slots=True)
class Totals:
    """How many tests of an arm ended how, and the seconds that they took."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    seconds: float = 0.0

    @classmethod
    def of(cls, samples: Iterable[Mapping[str, Any]]) -> Totals:
        """The totals of these samples."""
        total = cls()
        for sample in samples:
            total.seconds += _seconds(sample)
            total.counts[view.outcome(sample)] += 1
        return total

    def merge(self, other: Totals) -> None:
        """Count another's tests too."""
        self.counts.update(other.counts)
        self.seconds += other.seconds


def suite_name(report: Report, arm: ArmReport) -> str:
    """What an arm's suite is called."""
    return _text(f"{view.evalset_name(report)} {arm.name}")


def _suite(report: Report, arm: ArmReport, total: Totals) -> Element:
    suite = Element("testsuite", {"name": suite_name(report, arm), "timestamp": _text(report.created_at)})
    suite.set("tests", str(total.counts.total()))
    suite.set("failures", str(total.counts[Outcome.WRONG]))
    suite.set("errors", str(total.counts[Outcome.ERROR]))
    suite.set("skipped", str(total.counts[Outcome.UNLABELLED]))
    suite.set("time", f"{total.seconds:.3f}")
    return suite


def _properties(report: Report, arm: ArmReport) -> Element:
    properties = Element("properties")
    for key, value in (("run_id", report.run_id), ("prompt_sha256", arm.prompt_sha256), ("omniforge_version", report.omniforge_version)):
        if value:
            SubElement(properties, "property", {"name": key, "value": _text(value)})
    return properties


def _test(suite_name: str, sample: Mapping[str, Any]) -> Element:
    """One test; a first repeat has the case's plain name, so that `--repeats` does not rename it."""
    repeat = sample.get("repeat") or 0
    name = _text(sample["id"]) + (f" [repeat {repeat}]" if repeat else "")
    test = Element("testcase", {"classname": suite_name, "name": name, "time": f"{_seconds(sample):.3f}"})
    outcome = view.outcome(sample)
    reason = view.failure_reason(sample)
    if outcome is Outcome.UNLABELLED:
        SubElement(test, "skipped", {"message": "no decision was recorded for this turn"})
    elif outcome is Outcome.ERROR:
        attributes = {"type": _text(reason or "error"), "message": _text(_error_message(sample) or "no answer")}
        SubElement(test, "error", attributes).text = _details(sample)
    elif outcome is Outcome.WRONG:
        said = f"got {sample.get('predicted')}" if reason is None else f"got no usable answer ({reason})"
        attributes = {"type": _text(reason or "wrong_answer"), "message": _text(f"expected {sample.get('expected')}, {said}")}
        SubElement(test, "failure", attributes).text = _details(sample)
    return test


def _opening(element: Element) -> str:
    return f"{tostring(element, encoding='unicode').removesuffix(' />')}>"


def _indented(element: Element) -> str:
    indent(element, level=2)
    return tostring(element, encoding="unicode")


def _details(sample: Mapping[str, Any]) -> str:
    rows = (
        ("message", sample.get("message")),
        ("expected", sample.get("expected")),
        ("answered", sample.get("predicted")),
        ("confidence", numbers.score(sample.get("confidence"))),
        ("reasoning", sample.get("reasoning")),
        ("error", _error_message(sample)),
        ("tags", ", ".join(sample.get("tags") or ())),
    )
    return _text("\n".join(f"{name}: {value}" for name, value in rows if value))


def _error_message(sample: Mapping[str, Any]) -> str:
    error = sample.get("error")
    return str(error.get("message") or "") if isinstance(error, Mapping) else ""


def _seconds(sample: Mapping[str, Any]) -> float:
    latency = sample.get("latency_ms")
    return float(latency) / 1000 if numbers.known(latency) and latency is not None else 0.0


def _text(value: Any) -> str:
    return _NOT_XML.sub("\ufffd", str(value))
