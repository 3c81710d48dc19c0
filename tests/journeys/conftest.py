from __future__ import annotations

import pytest

from tests.journeys.commands import Omniforge


@pytest.fixture
def omniforge(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Omniforge:
    """The command line, inside this process."""
    return Omniforge(capsys, monkeypatch)
