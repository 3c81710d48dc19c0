from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from omniforge_cli.files.settings import config_places
from tests.cli.conftest import Ended

Omniforge = Callable[..., Ended]


def test_show_tells_each_setting_with_its_origin(omniforge: Omniforge, monkeypatch: pytest.MonkeyPatch):
    Path("omniforge.toml").write_text('prompt = "intent@v1"')
    monkeypatch.setenv("OMNIFORGE_TENANT", "acme")
    shown = omniforge("config", "show", "--timeout", "2", "--format", "json").json["settings"]
    assert (shown["timeout"]["value"], shown["timeout"]["origin"]) == (2.0, "flag --timeout")
    assert shown["tenant"] == {"value": "acme", "origin": "environment OMNIFORGE_TENANT", "variable": "OMNIFORGE_TENANT"}
    assert shown["prompt"]["origin"].endswith("omniforge.toml")
    assert shown["user"]["origin"] == "default"


def test_show_is_aligned_text_for_a_person(omniforge: Omniforge, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMNIFORGE_DB", "/a/" + "long/" * 40 + "omniforge.duckdb")
    ended = omniforge("config", "show")
    rows = [line.split() for line in ended.out.splitlines()]
    assert ["model", "-", "default"] in rows
    assert ["db", "/a/" + "long/" * 40 + "omniforge.duckdb", "environment", "OMNIFORGE_DB"] in rows


def test_no_secret_is_printed(omniforge: Omniforge, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMNIFORGE_DB_KEY", "s3cret-one")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-s3cret-two")
    monkeypatch.setenv("OMNIFORGE_API_BASE", "http://bob:s3cret-three@127.0.0.1:1/v1")
    for form in ("text", "json"):
        ended = omniforge("config", "show", "--format", form)
        assert "s3cret" not in ended.out + ended.err
        assert "OPENAI_API_KEY" in ended.out
        assert "***" in ended.out


def test_path_names_both_places_and_whether_they_are_there(omniforge: Omniforge):
    here, users = config_places()
    assert omniforge("config", "path").out == f"{here}  (not there)\n{users}  (not there)\n"
    users.parent.mkdir(parents=True)
    users.write_text("")
    assert omniforge("config", "path", "--format", "json").json == [
        {"file": str(here), "exists": False},
        {"file": str(users), "exists": True},
    ]


def test_a_setting_that_cannot_be_used_is_exit_2(omniforge: Omniforge, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMNIFORGE_INTENT_TIMEOUT_SEC", "soon")
    ended = omniforge("config", "show")
    assert (ended.code, ended.out) == (2, "")
    assert "OMNIFORGE_INTENT_TIMEOUT_SEC" in ended.err
