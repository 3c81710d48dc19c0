from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType

import pytest

from omniforge_cli.adapters.duckdb.rows import from_utc, to_json, to_utc


def test_json_is_readable_and_whatever_utf8_cannot_hold_is_escaped() -> None:
    assert to_json({"a": "日本"}) == '{"a":"日本"}'
    assert json.loads(to_json({"a": "\ud800"})) == {"a": "\ud800"}
    to_json({"a": "\ud800"}).encode("utf-8")


def test_a_frozen_mapping_is_an_object_and_what_is_no_json_is_refused() -> None:
    assert to_json({"a": MappingProxyType({"b": 1})}) == '{"a":{"b":1}}'
    with pytest.raises(TypeError, match="set"):
        to_json({"a": {1}})


def test_times_go_to_utc_and_come_back_aware() -> None:
    moment = datetime(2026, 1, 1, 1, 30, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert to_utc(moment) == datetime(2025, 12, 31, 23, 30, 0, 5)  # noqa: DTZ001 - what the column holds
    assert from_utc(to_utc(moment)) == moment
    assert from_utc(to_utc(moment)).tzinfo is UTC
