"""The page as a person meets it: in a real browser, by mouse and by keyboard, light and dark, on a phone and on paper."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from omniforge_cli.core.report import GateStatus, Report
from omniforge_cli.reporting import html
from tests.reporting.samples import arm, case, gate, report
from tests.reporting.test_changes import replayed

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = [f"--{flag}" for flag in ("no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking", "disable-component-update")]
FLAGS.append("--disable-sync")
EVIL = '</script><script>window.hacked = 1</script><img src=x onerror="window.hacked = 1">'

playwright = pytest.importorskip(
    "playwright.sync_api", reason="SKIPPED ALOUD: the report was NOT opened in a browser; pip install playwright"
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason=f"SKIPPED ALOUD: the report was NOT opened in a browser; no {CHROMIUM}, apt-get install -y chromium"
    ),
]

Opener = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Opener]:
    """Opens a report; at the end nothing may have been fetched, and no error may stand in the console."""
    problems: list[str] = []
    contexts: list[Any] = []

    def open_page(shown: Report | None = None, **context: Any) -> Any:
        file = tmp_path / "report.html"
        file.write_text(html.render(shown or _rich_report()), encoding="utf-8")
        contexts.append(browser.new_context(**context))
        page = contexts[-1].new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.on("request", lambda request: problems.append(request.url) if not request.url.startswith(("file:", "data:")) else None)
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def _rich_report() -> Report:
    extra = {
        "risk_coverage": [{"threshold": 0.9, "coverage": 0.5, "risk": 0.0}, {"threshold": 0.1, "coverage": 1.0, "risk": 0.12}],
        "latency_histogram": [[500.0, 12], [1000.0, 30], [2000.0, 10], [None, 1]],
    }
    whole = report()
    return replace(whole, arms=tuple(replace(one, extra=extra) for one in whole.arms))


def _shows(page: Any, count: str, *ids: str) -> None:
    """The list holds these cases and no other; what is typed takes effect a moment later."""
    playwright.expect(page.locator(".count")).to_have_text(count)
    playwright.expect(page.locator("#case-list .case-head > code")).to_have_text(list(ids))


def test_a_click_on_a_confusion_shows_its_cases_and_only_those(opened: Opener) -> None:
    page = opened()
    page.get_by_role("button", name="expected cancel_order, answered refund: 3").click()
    _shows(page, "1 of 5 cases matches", "trap-2")
    page.get_by_role("button", name="clear").click()
    _shows(page, "5 cases", "refund-1", "refund-2", "trap-1", "trap-2", "parcel-1")


def test_a_row_of_the_changes_shows_its_turns_and_what_was_decided_then(opened: Opener) -> None:
    page = opened(replayed())
    page.locator(".flips").get_by_role("button", name="cancel_order").click()
    _shows(page, "1 of 4 cases matches", "c1#3")
    labels = page.locator("#case-list .arm-label")
    playwright.expect(labels).to_have_text(["decided then", "decided now"])
    page.locator(".flips").get_by_role("button", name="no answer").click()
    _shows(page, "1 of 4 cases matches", "c2#1")


def test_the_cell_of_another_arm_asks_that_arm(opened: Opener) -> None:
    page = opened()
    page.get_by_role("radio", name="llm:tiny:desk@v2").check()
    page.locator('.arm[data-arm="1"]').get_by_role("button", name="expected cancel_order, answered refund: 3").click()
    _shows(page, "1 of 5 cases matches", "trap-1")


def test_one_arm_is_shown_at_a_time(opened: Opener) -> None:
    page = opened()
    assert page.locator(".arm:visible").count() == 1
    page.get_by_role("radio", name="llm:tiny:desk@v2").check()
    assert page.locator(".arm:visible .arm-name").inner_text() == "llm:tiny:desk@v2"


def test_a_table_sorts_by_keyboard_and_says_so(opened: Opener) -> None:
    page = opened()
    table = page.locator(".arm:visible .sortable").first
    recall = table.get_by_role("button", name="recall")
    recall.focus()
    page.keyboard.press("Enter")
    values = table.locator("tbody td:nth-child(3)").all_inner_texts()
    assert values == ["0.800", "0.846", "0.857", "1.000", "–"]
    assert table.locator('th[aria-sort="ascending"]').inner_text() == "recall"
    page.keyboard.press("Enter")
    assert table.locator("tbody td:nth-child(3)").first.inner_text() == "1.000"


def test_search_and_filters_narrow_the_list(opened: Opener) -> None:
    page = opened()
    page.get_by_label("search").fill("money was")
    _shows(page, "1 of 5 cases matches", "trap-1")
    page.get_by_label("search").fill("")
    page.get_by_label("show").select_option("provider errors")
    _shows(page, "1 of 5 cases matches", "refund-2")
    page.get_by_label("show").select_option("arms differ")
    _shows(page, "3 of 5 cases match", "refund-1", "trap-1", "trap-2")


def test_what_broke_shows_both_reasonings(opened: Opener) -> None:
    page = opened()
    page.locator("summary", has_text="2 broken").click()
    shown = page.locator(".changes[open] .case", has_text="trap-1")
    assert shown.locator(".reasoning").all_inner_texts() == ["why trap-1", "money was <b>named</b>"]
    assert shown.locator(".mark").all_inner_texts() == ["right", "wrong"]


def test_text_of_users_does_not_run(opened: Opener) -> None:
    cases = [case(EVIL, "refund", EVIL, message=EVIL, reasoning=EVIL, tags=[EVIL], clarifying_question=EVIL, entities={EVIL: EVIL})]
    evil = arm(EVIL, cases=cases)
    page = opened(report(arms=(evil,), gates=(gate(name=EVIL, why=EVIL, status=GateStatus.FAIL),)))
    page.get_by_label("search").fill("hacked")
    playwright.expect(page.locator(".count")).to_have_text("1 of 1 cases matches")
    assert page.locator("#case-list .message").inner_text() == EVIL
    assert page.evaluate("window.hacked") is None


def test_a_script_that_slipped_in_would_not_be_run(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html.render(report()).replace("<main>", "<main><script>window.hacked = 1</script>"), encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    assert page.evaluate("window.hacked") is None
    assert page.locator("#case-list .case").count() == 5
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(opened: Opener, scheme: str) -> None:
    page = opened(color_scheme=scheme)
    page.locator("summary", has_text="2 broken").click()
    faint = page.evaluate(CONTRAST)
    assert faint == []


def test_the_two_schemes_differ(opened: Opener) -> None:
    grounds = {opened(color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor") for scheme in ("light", "dark")}
    assert len(grounds) == 2


@pytest.mark.parametrize("width", [320, 390, 768])
def test_a_phone_scrolls_in_one_direction_only(opened: Opener, width: int) -> None:
    page = opened(viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_everything_that_can_be_pressed_is_reached_by_tab_and_shows_it(opened: Opener) -> None:
    page = opened()
    seen = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            "[document.activeElement.outerHTML.slice(0, 60), getComputedStyle(document.activeElement).outlineStyle]"
        )
        if name.startswith("<body"):
            break
        assert outline != "none", name
        seen.add(page.evaluate("document.activeElement.tagName"))
    assert {"A", "BUTTON", "INPUT", "SELECT", "SUMMARY", "DIV"} <= seen


def test_on_paper_there_are_cases_and_no_controls(opened: Opener) -> None:
    page = opened(color_scheme="dark")
    page.emulate_media(media="print")
    assert not page.locator(".filters").is_visible()
    assert page.locator("#case-list .case").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_without_javascript_the_verdict_and_the_tables_are_there(opened: Opener) -> None:
    page = opened(java_script_enabled=False)
    assert page.locator("h1").is_visible()
    assert page.locator(".confusion:visible").count() == 2
    assert "needs JavaScript" in page.locator("noscript").inner_text()


CONTRAST = """() => {
  const numbers = (color) => {
    const found = color.match(/[\\d.]+/g).map(Number);
    const scale = color.startsWith("color(") ? 1 : 255;
    return { rgb: found.slice(0, 3).map((part) => part / scale), alpha: found[3] ?? 1 };
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const color = numbers(getComputedStyle(one).backgroundColor);
      if (color.alpha > 0.99) return color.rgb;
    }
    return [1, 1, 1];
  };
  const faint = [];
  for (const node of document.querySelectorAll("body *")) {
    const texts = [...node.childNodes].filter((child) => child.nodeType === 3 && child.textContent.trim());
    if (!texts.length || !node.checkVisibility() || ["SCRIPT", "STYLE", "NOSCRIPT", "OPTION"].includes(node.tagName)) continue;
    const style = getComputedStyle(node);
    const ink = numbers(node instanceof SVGElement ? style.fill : style.color).rgb;
    const [high, low] = [light(ink), light(ground(node))].sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) faint.push([node.outerHTML.slice(0, 80), contrast.toFixed(2)]);
  }
  return faint;
}"""
