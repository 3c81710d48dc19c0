"""A report -> one self-contained HTML page under 1.5 MB that asks no network for anything. Text must be redacted by the caller."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from omniforge_cli.core.report import Report
from omniforge_cli.reporting import page, view
from omniforge_cli.reporting.entries import Selection, Shortlist, script_json, select
from omniforge_cli.reporting.view import CasesOf

LIMIT: Final = 1_450_000
"""Bytes that a page may have, cases included; the promise is 1.5 MB."""

_NO_CASES: Final = Selection(data="[]", shown=0, total=0, notable_shown=0, notable=0)


def render(report: Report, cases: CasesOf | None = None, *, shortlist: Shortlist | None = None) -> str:
    """The page: verdict, arms side by side, gates, comparisons, confusions, diagrams, and the cases that fit.

    `cases` gives the samples of an arm, by its number, where the report does not hold them; it is called twice for each.
    A `shortlist` holds those that may be shown of many.
    """
    values = page.values(report)
    frame = _fill("report.html.j2", "report.js", values | {"selection": _NO_CASES})
    changed = [id_ for comparison in report.comparisons for id_ in (*comparison.broken, *comparison.fixed)]
    room = LIMIT - len(frame.encode())
    if shortlist is None:
        selection = select(cases or view.inline_cases(report), len(report.arms), room, first=changed)
    else:
        selection = replace(select(lambda _: shortlist.cases(), 1, room), total=shortlist.total, notable=shortlist.notable)
    return _fill("report.html.j2", "report.js", values | {"selection": selection, "cases": Markup(selection.data)})


def prepare() -> None:
    """Compile the page's template, which takes longer than filling it."""
    _environment().get_template("report.html.j2")


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Another page in the same dress, without a script."""
    return _fill(template, None, values)


def _fill(template: str, script: str | None, values: Mapping[str, Any]) -> str:
    """The page's own script is the only one that its policy lets run, named by its hash."""
    loader = _environment().loader
    assert loader is not None
    code = loader.get_source(_environment(), script)[0] if script else ""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    allowed = f"'sha256-{digest}'" if code else "'none'"
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {allowed}"
    style = loader.get_source(_environment(), "page.css")[0]
    return (
        _environment()
        .get_template(template)
        .render({"cases": Markup("[]"), **values, "policy": policy, "style": Markup(style), "script": Markup(code)})
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("omniforge_cli.reporting"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["script_json"] = lambda value: Markup(script_json(value))
    return environment
