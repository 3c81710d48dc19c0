from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from omniforge_cli.files.evalset import read_evalset
from omniforge_cli.files.settings import read_settings
from omniforge_cli.wiring.evalset_drafts import add


def test_cases_that_are_added_at_the_same_time_are_all_there(tmp_path: Path) -> None:
    settings, together = read_settings({}), threading.Barrier(6)

    def adding(number: int) -> None:
        together.wait()
        add("mine", {"message": f"pause agent {number}", "expected_action": "update_agent"}, settings)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(adding, range(6)))
    cases = read_evalset(Path("evalsets/mine/v1.yaml")).cases
    assert {case.message for case in cases} == {f"pause agent {number}" for number in range(6)}
    assert list(Path().iterdir()) == [Path("evalsets")]
