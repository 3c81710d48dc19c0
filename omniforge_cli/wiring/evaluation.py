"""Settings and options -> arms, routers, baselines and report files of a measurement."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from omniforge_cli.core.errors import SettingsError
from omniforge_cli.core.evalset import EvalSet
from omniforge_cli.core.gate import NO_REGRESSION, Gate
from omniforge_cli.core.identity import nearest
from omniforge_cli.core.run import Analyzer, Arm
from omniforge_cli.core.settings import Settings
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.evals.plan import Plan
from omniforge_cli.routing.router import Router
from omniforge_cli.wiring.routing import (
    DEFAULT_MODEL,
    Calls,
    Connection,
    LoadedTaxonomy,
    RouterSpec,
    adapter,
    adapter_name,
    build_router,
    choose_analyzer,
    offline_analyzers,
    retrying,
)

if TYPE_CHECKING:
    from omniforge_cli.evals.baseline import Baseline
    from omniforge_cli.evals.evaluate import Finished

FORMATS: Final = ("html", "md", "json", "junit", "parquet", "csv")
"""The report files that a run can write."""
FILE_NAMES: Final[Mapping[str, str]] = {
    "html": "report.html",
    "md": "report.md",
    "json": "report.json",
    "junit": "junit.xml",
    "parquet": "cases.parquet",
    "csv": "cases.csv",
}


def load_evalsets(refs: Sequence[str]) -> EvalSet:
    """The eval sets that references or paths name, joined; raises EvalSetError."""
    from omniforge_cli.files.evalset import joined, load_evalset

    return joined([load_evalset(ref) for ref in refs])


def check_labels(evalset: EvalSet, taxonomy: Taxonomy) -> None:
    """Refuse an eval set with labels that the taxonomy lacks; raises EvalSetError."""
    from omniforge_cli.files.evalset import check_labels as check

    check(evalset, taxonomy)


def arms(settings: Settings, *, prompts: Sequence[str], models: Sequence[str]) -> tuple[Arm, ...]:
    """Every combination of model and prompt version; one arm where no LLM is asked.

    Raises:
        PromptError: a prompt version does not exist.
        SettingsError: prompts or models were named for an offline analyzer, or one stands twice.
    """
    analyzer = choose_analyzer(settings).analyzer
    if analyzer in (Analyzer.LOCAL, Analyzer.KEYWORD):
        if prompts or models:
            raise SettingsError(f"--prompt and --model say how the LLM is asked, and `{analyzer.value}` asks none; add --analyzer llm")
        return (Arm(analyzer=analyzer),)
    from omniforge_cli.files.prompt import load_prompt

    versions = [load_prompt(ref) for ref in prompts or (settings.prompt,)]
    combined = tuple(
        Arm(analyzer=analyzer, model=model, prompt=prompt.ref, prompt_sha256=prompt.sha256)
        for model in models or (settings.model or DEFAULT_MODEL,)
        for prompt in versions
    )
    names = [arm.name for arm in combined]
    if len(set(names)) != len(names):
        raise SettingsError(f"the arm {next(name for name in names if names.count(name) > 1)} was asked for twice")
    return combined


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalCalls:
    """What stands between an eval and its provider beside retries: recorded answers, injected faults, budgets."""


class Routers:
    """The routers of a run's arms and the connections under them, closed together."""

    def __init__(self, *, settings: Settings, loaded: LoadedTaxonomy, plan: Plan, options: EvalCalls) -> None:
        self._settings = settings
        self._loaded = loaded
        self._plan = plan
        self._options = options
        self._connections: dict[str, Connection] = {}
        concurrency = plan.settings.concurrency
        self.workers = concurrency if isinstance(concurrency, int) else 64

    def build(self, *, no_fallback: bool) -> list[Router]:
        """One router an arm; arms of one model share its connections."""
        offline = offline_analyzers(self._loaded)
        return [
            build_router(
                self._asking(
                    arm,
                    RouterSpec(
                        settings=self._settings, loaded=self._loaded, analyzer=arm.analyzer, offline=offline, no_fallback=no_fallback
                    ),
                )
            )
            for arm in self._plan.arms
        ]

    def facts(self) -> dict[str, Any]:
        """What the report says about how the provider was called."""
        return {"providers": {model: adapter_name(self._settings, model) for model in self._connections}}

    async def __aenter__(self) -> Routers:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.gather(*(connection.provider.close() for connection in self._connections.values()))

    def _asking(self, arm: Arm, spec: RouterSpec) -> RouterSpec:
        if arm.model is None or arm.prompt is None:
            return spec
        from omniforge_cli.files.prompt import load_prompt

        run = self._plan.settings
        calls = Calls(retries=run.retries, whole_deadline=False, concurrency=self.workers, seed=run.seed)
        if arm.model not in self._connections:
            self._connections[arm.model] = adapter(self._settings, arm.model, calls)
        connection = self._connections[arm.model]
        return replace(spec, model=arm.model, prompt=load_prompt(arm.prompt), provider=retrying(connection, calls), ready=connection.ready)


def machine() -> dict[str, Any]:
    """Where a run was measured."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "release": platform.release(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
    }


async def load_baselines(gates: Sequence[Gate], settings: Settings) -> dict[str, Baseline]:
    """What the `no_regression` gates compare with: a stored run's id, a `report.json`, or a blessed baseline file."""
    from omniforge_cli.wiring.runs import load_baseline

    refs = dict.fromkeys(gate.baseline for gate in gates if gate.metric == NO_REGRESSION and gate.baseline)
    return {ref: await load_baseline(ref, settings) for ref in refs}


def read_formats(text: str) -> tuple[str, ...]:
    """The formats in a comma-separated list; `all` and `none` too. Raises SettingsError."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if names == ["all"]:
        return FORMATS
    if names == ["none"]:
        return ()
    for name in names:
        if name not in FORMATS:
            raise SettingsError(f"--formats: there is no format {name!r}{nearest(name, FORMATS)}")
    return tuple(dict.fromkeys(names))


def write_reports(finished: Finished, folder: Path, formats: Sequence[str]) -> list[Path]:
    """Write the report files, each whole or not at all, and return their paths.

    Raises:
        SettingsError: the folder cannot be written.
    """
    report = finished.report
    wanted = set(formats) | ({"parquet"} if report.cases_file else set())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FORMATS:
            if name in wanted and name not in ("parquet", "csv"):
                _write_whole(folder / FILE_NAMES[name], _render(name, finished))
        if wanted & {"parquet", "csv"}:
            from omniforge_cli.adapters import tables

            tables.write(
                _all_cases(finished),
                parquet=folder / FILE_NAMES["parquet"] if "parquet" in wanted else None,
                csv=folder / FILE_NAMES["csv"] if "csv" in wanted else None,
            )
    except OSError as exc:
        raise SettingsError(f"{folder}: the reports cannot be written ({exc.strerror or exc}); give another --output-dir") from exc
    return [folder / FILE_NAMES[name] for name in FORMATS if name in wanted]


def _render(name: str, finished: Finished) -> str:
    report = finished.report
    if name == "json":
        from omniforge_cli.reporting import json as json_report

        return json_report.render(report)
    if name == "md":
        from omniforge_cli.reporting import markdown

        return markdown.render(report)
    cases = finished.cases if report.cases_file else None
    if name == "junit":
        from omniforge_cli.reporting import junit

        return junit.render(report, cases)
    from omniforge_cli.reporting import html

    return html.render(report, cases)


def _all_cases(finished: Finished) -> Iterator[dict[str, Any]]:
    for number, arm in enumerate(finished.report.arms):
        for case in finished.cases(number):
            yield {"arm": arm.name, **case}


def _write_whole(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
