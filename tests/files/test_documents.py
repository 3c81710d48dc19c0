from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from omniforge_cli.core.errors import EvalSetError, PromptError
from omniforge_cli.files.contents import decode, read_bytes
from omniforge_cli.files.documents import parse_document, read_document, validated

PATH = Path("a.yaml")
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def refusal(text: str, path: Path = PATH) -> str:
    with pytest.raises(EvalSetError) as caught:
        parse_document(text, path, EvalSetError)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@given(PLAIN)
def test_yaml_and_json_give_the_plain_value(value: object):
    assert parse_document(yaml.safe_dump(value), PATH, EvalSetError) == value
    assert parse_document(json.dumps(value), Path("a.json"), EvalSetError) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "a.yaml:3: broken YAML: the key 'a' stands twice"),
        ("x:\n  - {a: 1, a: 2}\n", "a.yaml:2: broken YAML: the key 'a' stands twice"),
        ("? [a]\n: 1\n", "a.yaml:1: broken YAML: the key ['a'] stands twice or is no name"),
        ("a: [1\n", "a.yaml:2: broken YAML"),
        ("a: !!python/object/apply:os.system [ls]\n", "a.yaml:1: broken YAML: could not determine a constructor"),
        ("a: *nobody\n", "a.yaml:1: broken YAML: found undefined alias"),
        ("a: \x00\n", "a.yaml: broken YAML"),
        ("a: 2026-13-45\n", "a.yaml: cannot be parsed: month must be in 1..12"),
        ("a: !!timestamp soon\n", "a.yaml: cannot be parsed"),
        ("a: !!bool perhaps\n", "a.yaml: cannot be parsed"),
        ("a: !!int ''\n", "a.yaml: cannot be parsed"),
        ("? !!set {a}\n: 1\n", "a.yaml: cannot be parsed"),
        ("a: " + "9" * 5000, "a.yaml: cannot be parsed"),
        ("---\na: 1\n---\nb: 2\n", "a.yaml:3: broken YAML: but found another document"),
    ],
)
def test_broken_yaml_is_refused_with_file_and_line(text: str, said: str):
    assert refusal(text).startswith(said)


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 50_000, "- " * 50_000, "[\n" * 50_000, "? " * 20_000, "]" * 9_000 + "[" * 50_000])
def test_a_text_that_is_nested_without_end_is_refused_before_it_can_end_the_process(text: str):
    assert refusal(text).startswith("a.yaml")


def test_what_only_looks_deep_is_read():
    prose = "a: " + json.dumps("[" * 2_000 + "- " * 2_000)
    assert parse_document(prose, PATH, EvalSetError) == {"a": "[" * 2_000 + "- " * 2_000}
    assert parse_document("[" * 400 + "]" * 400, PATH, EvalSetError)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1,\n "a": 2}', "a.json: cannot be parsed: the key 'a' stands twice"),
        ('{"a": 1,\n}', "a.json:2: broken JSON"),
        ("", "a.json:1: broken JSON"),
        ("[" * 100_000, "a.json: cannot be parsed"),
    ],
)
def test_broken_json_is_refused_with_file_and_line(text: str, said: str):
    assert refusal(text, Path("a.json")).startswith(said)


@given(st.text(max_size=40))
def test_any_text_is_a_document_or_refused(text: str):
    for path in (PATH, Path("a.json")):
        try:
            parse_document(text, path, EvalSetError)
        except EvalSetError as refused:
            assert str(refused).startswith(str(path))


def test_the_error_is_of_the_kind_asked_for_and_names_the_file(tmp_path: Path):
    for path, said in ((tmp_path / "none.yaml", "no such file"), (tmp_path, "it is a folder"), (Path("a\0b"), "is not a file name")):
        with pytest.raises(PromptError, match=said):
            read_bytes(path, PromptError)


def test_a_file_that_may_not_be_read_is_said_to_be(tmp_path: Path):
    (tmp_path / "plain").write_text("x")
    with pytest.raises(PromptError, match="cannot be read"):
        read_bytes(tmp_path / "plain" / "below", PromptError)


def test_a_file_beyond_all_measure_is_not_read(tmp_path: Path):
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(257 * 1024 * 1024)
    with pytest.raises(PromptError, match="larger than 256 MB"):
        read_bytes(path, PromptError)


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert decode(b"\xef\xbb\xbfa: 1", PATH, PromptError) == "a: 1"


def test_text_that_is_no_utf8_is_refused_with_its_line():
    with pytest.raises(PromptError, match=r"a\.yaml:2: not UTF-8 text \(byte 0xe9\); save the file as UTF-8"):
        decode(b"a: 1\nb: caf\xe9\n", PATH, PromptError)


def test_a_document_is_read_from_its_file(tmp_path: Path):
    (tmp_path / "a.json").write_text('{"a": [1, 2]}')
    assert read_document(tmp_path / "a.json", PromptError) == {"a": [1, 2]}


@dataclass(frozen=True, config={"extra": "forbid"})
class Thing:
    name: str
    size: int = 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({}, "f: name: this key is missing"),
        ({"nme": "a"}, "f: nme: unknown key; remove it or correct its name (and 1 more)"),
        ({"name": "a", "size": "big"}, "f: size: Input should be a valid integer"),
        (5, "f: Input should be a dictionary"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_key(value: object, said: str):
    with pytest.raises(PromptError) as caught:
        validated(TypeAdapter(Thing), value, "f", PromptError)
    assert str(caught.value).startswith(said)


def test_what_fits_is_given_back_as_the_type():
    assert validated(TypeAdapter(Thing), {"name": "a"}, "f", PromptError) == Thing(name="a")
