from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from omniforge_cli.core.report import ClassScore, Confusion, GateStatus
from omniforge_cli.reporting import html
from tests.reporting.samples import arm, case, gate, one_arm_report, report

EVIL = '</script><script>window.hacked = 1</script><img src=x onerror="window.hacked = 1">\'"&'


class _Tags(HTMLParser):
    """Every tag with its attributes, as a browser would find them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_verdict_comes_first() -> None:
    page = html.render(report())
    assert page.index("1 of 3 gates failed") < page.index("Arms side by side") < page.index('id="cases"')
    assert "<title>FAIL · desk@v1 · omniforge eval</title>" in page


def test_numbers_read_as_in_the_terminal() -> None:
    page = html.render(report())
    for text in ("88.3%", "77.8–94.2%", "812 ms / 1,940 ms", "$0.00012", "0.881"):
        assert text in page


def test_nothing_is_fetched_and_only_our_script_may_run() -> None:
    page = html.render(report())
    tags = _Tags(page).found
    assert not [attrs for _, attrs in tags for name in ("src", "href", "action") if not (attrs.get(name) or "#").startswith(("#", "data:"))]
    assert not re.search(r"url\(|@import", page)
    script = page.rsplit("<script>", 1)[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page.replace("&#39;", "'")


def test_text_of_users_is_never_markup() -> None:
    evil = arm(EVIL, cases=[case(EVIL, EVIL, EVIL, message=EVIL, reasoning=EVIL, tags=[EVIL], error={"reason": EVIL, "message": EVIL})])
    evil = replace(evil, per_class={EVIL: ClassScore(precision=1, recall=0.5, f1=0.6, support=2)}, by_tag={EVIL: arm().by_tag["trap"]})
    evil = replace(evil, confusion=Confusion(labels=(EVIL,), matrix=((2,),)))
    comparison = replace(report().comparisons[0], a=EVIL, b=EVIL, fixed=(EVIL,), broken=(EVIL,), note=EVIL)
    gates = (gate(name=EVIL, arm=EVIL, metric=EVIL, op=EVIL, why=EVIL, status=GateStatus.FAIL),)
    head = {
        "run_id": EVIL,
        "created_at": EVIL,
        "evalset": {"name": EVIL},
        "settings": {EVIL: EVIL},
        "machine": {EVIL: EVIL},
        "taxonomy": {"name": EVIL},
    }
    page = html.render(report(arms=(evil, evil), comparisons=(comparison,), gates=gates, **head))
    tags = _Tags(page).found
    assert sum(tag == "script" for tag, _ in tags) == 2
    assert not any(tag == "img" or "onerror" in attrs for tag, attrs in tags)


def test_the_cases_can_be_read_back() -> None:
    data = html.render(report()).split('id="data">')[1].split("</script>")[0]
    read = json.loads(data)
    assert read["arms"] == ["local", "llm:tiny:desk@v2"]
    assert read["changes"] == [{"broken": ["refund-2", "trap-1"], "fixed": ["refund-1"]}]
    assert {one["id"] for one in read["cases"]} == {"parcel-1", "refund-1", "refund-2", "trap-1", "trap-2"}


def _many(_arm: int) -> Iterator[dict[str, Any]]:
    return (
        case(f"case-{i}", "refund", "other" if i % 3 else "refund", message="hello " * 40, reasoning="because " * 40) for i in range(20_000)
    )


def test_twenty_thousand_cases_fit_and_the_page_says_how_many_it_left_out() -> None:
    page = html.render(report(arms=(arm(),), comparisons=()), cases=_many)
    assert len(page.encode()) < 1_500_000
    found = re.search(r"holds ([\d,]+) of 20,000 cases, wrong and changed ones first; ([\d,]+) are left out", page)
    assert found
    assert sum(int(number.replace(",", "")) for number in found.groups()) == 20_000


@pytest.mark.parametrize("n_arms", [3, 15])
def test_many_arms_and_many_labels_fit_too(n_arms: int) -> None:
    labels = tuple(f"a_rather_long_label_{i:03}" for i in range(150))
    scores = {label: ClassScore(precision=0.5, recall=0.5, f1=0.5, support=9) for label in labels}
    tags = {f"tag-{i}": arm().by_tag["trap"] for i in range(400)}
    large = arm(confusion=Confusion(labels=labels, matrix=((7,) * 150,) * 150), per_class=scores, by_tag=tags)
    ids = tuple(f"case-{i}" for i in range(5_000))
    comparisons = tuple(replace(report().comparisons[0], fixed=ids, broken=ids) for _ in range(60))
    arms = tuple(replace(large, name=f"llm:some/provider/model-{i}:desk@v{i}") for i in range(n_arms))
    page = html.render(report(arms=arms, comparisons=comparisons, gates=(gate(why="w" * 100),) * 300))
    assert len(page.encode()) < 1_500_000
    assert "of 150 labels that are confused most" in page


def test_one_arm_without_gates_or_comparisons_has_no_empty_sections() -> None:
    page = html.render(one_arm_report())
    assert 'id="gates"' not in page
    assert 'id="comparisons"' not in page
    assert 'id="arm-choice"' not in page


def test_a_run_without_arms_or_cases_is_still_a_page() -> None:
    page = html.render(report(arms=(), gates=(), comparisons=(), status="undecided"))
    assert "Too many answers are missing" in page
    assert "This report holds no cases." in page


def test_every_table_has_headers_with_a_scope() -> None:
    heads = [attrs for tag, attrs in _Tags(html.render(report())).found if tag == "th"]
    assert heads
    assert all(attrs.get("scope") in {"row", "col"} for attrs in heads)
