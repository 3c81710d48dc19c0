"""Prompt versions and eval sets from their first draft to their release, as somebody would type it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import ROOT

OMNIFORGE = [sys.executable, "-m", "omniforge_cli"]


def omniforge(*arguments: str, code: int = 0) -> str:
    ended = subprocess.run(
        [*OMNIFORGE, *arguments], capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert ended.returncode == code, ended.stderr
    assert (code == 0) or len(ended.stderr.splitlines()) <= 1
    return ended.stdout


def test_a_benchmark_becomes_an_eval_set_that_grows_and_is_released():
    Path("full.json").write_text(json.dumps({"val": [["wake me at six", "alarm"], ["flip a coin", "coin"]], "oos_val": [["hm", "oos"]]}))
    Path("home.yaml").write_text("name: home\nnone_of_these: oos\nlabels: [{name: alarm, keywords: [wake]}, {name: coin}, {name: oos}]")
    omniforge("evalset", "import", "full.json", "--out", "evalsets/home/v1.yaml")
    omniforge("evalset", "check", "home", "--taxonomy", "home.yaml")
    omniforge("evalset", "add", "home", "--message", "heads or tails?", "--label", "coin", "--taxonomy", "home.yaml")
    omniforge("evalset", "release", "home")
    omniforge("evalset", "add", "home", "--message", "too late", "--label", "oos", "--taxonomy", "home.yaml", code=2)
    omniforge("evalset", "add", "home@v2", "--message", "in time", "--label", "oos", "--taxonomy", "home.yaml")
    assert "1 added" in omniforge("evalset", "diff", "home@v1", "home@v2")
    measured = json.loads(
        omniforge(
            "eval", "--evalset", "home@v2", "--taxonomy", "home.yaml", "--analyzer", "keyword", "--formats", "none", "--format", "json"
        )
    )
    assert (measured["arms"][0]["n"], measured["evalset"]["version"]) == (5, "v2")


def test_a_new_prompt_version_is_drafted_checked_and_released():
    path = Path(omniforge("prompts", "new", "--changelog", "kinder").strip())
    path.write_text(path.read_text().replace("system: |", "system: |\n  Be kind.", 1))
    assert "+  Be kind." in omniforge("prompts", "diff", "intent@v2", f"intent@{path.stem}")
    omniforge("prompts", "check")
    omniforge("prompts", "release", f"intent@{path.stem}")
    path.write_text(path.read_text().replace("Be kind.", "Be curt."))
    assert "was changed after its release" in omniforge("prompts", "check", code=2)


def test_a_reader_that_goes_away_changes_nothing():
    ended = subprocess.run(
        f"{sys.executable} -m omniforge_cli evalset show intent | head -1; echo ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert ended.stdout.splitlines()[-1] == "0"
    assert ended.stderr == ""
