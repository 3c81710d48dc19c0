from __future__ import annotations

from pathlib import Path

import pytest

from omniforge_cli.core.settings import SECRET_SETTINGS, Settings
from omniforge_cli.files.configuration import MASK, shown
from omniforge_cli.files.settings import OPTIONS, read_settings


def test_every_setting_is_shown_once_under_its_name_in_the_file():
    assert [row.name for row in shown(Settings())] == [option.key or name for name, option in OPTIONS.items()]


def test_a_setting_is_shown_with_its_origin(monkeypatch: pytest.MonkeyPatch):
    Path("omniforge.toml").write_text('tenant = "acme"\ntimeout = 2')
    monkeypatch.setenv("OMNIFORGE_USER", "rosa")
    rows = {row.name: row for row in shown(read_settings({"prompt": "intent@v1"}))}
    assert (rows["prompt"].value, rows["prompt"].origin) == ("intent@v1", "flag --prompt")
    assert (rows["user"].value, rows["user"].origin) == ("rosa", "environment OMNIFORGE_USER")
    assert (rows["timeout"].value, rows["timeout"].origin) == (2.0, str(Path.cwd() / "omniforge.toml"))
    assert rows["format"].origin == "default"


def test_no_secret_is_shown():
    settings = Settings(db_key="s3cret", api_base="https://bob:pass@127.0.0.1/v1", db="a://t0ken@host/x")
    assert {row.name: row.value for row in shown(settings) if row.name in SECRET_SETTINGS} == dict.fromkeys(SECRET_SETTINGS, MASK)
    text = repr(shown(settings))
    assert not [secret for secret in ("s3cret", "pass", "bob", "t0ken") if secret in text]
    assert "https://***@127.0.0.1/v1" in text


def test_a_secret_that_is_not_set_is_shown_as_not_set():
    assert next(row.value for row in shown(Settings()) if row.name == "db_key") is None
