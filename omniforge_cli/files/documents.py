"""YAML and JSON documents read strictly: duplicate keys, wrong encodings and unknown keys are refused with file and place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from omniforge_cli.core.errors import InputError
from omniforge_cli.files.contents import decode, read_bytes

_DEEPEST: Final = 500
"""Levels of nesting; libyaml's binding overflows the C stack, and ends the process, at some twenty thousand."""
_MAY_BE_DEEP: Final = re.compile(rf"^ {{{_DEEPEST}}}|(?:[-?:][ \t]+){{{_DEEPEST}}}", re.MULTILINE)

Value = TypeVar("Value")


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # chosen at run time
    """PyYAML's safe loader that refuses a key that stands twice."""


def _unique_mapping(loader: _StrictLoader, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    keys: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, list | dict) or key in keys:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice or is no name", key_node.start_mark)
        keys.add(key)
    return dict(yaml.SafeLoader.construct_mapping(loader, node, deep=True))


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)


def parse_document(text: str, path: Path, error: type[InputError]) -> Any:
    """The value of a YAML or JSON text (JSON when the name ends so).

    Raises:
        error: it cannot be parsed, or a key stands twice.
    """
    try:
        if path.suffix == ".json":
            return json.loads(text, object_pairs_hook=_unique_pairs)
        if _is_too_deep(text):
            raise error(f"{path}: it is nested more than {_DEEPEST} levels deep")
        return yaml.load(text, _StrictLoader)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        raise error(f"{path}:{mark.line + 1 if mark else 1}: broken YAML: {exc.problem}") from exc
    except yaml.YAMLError as exc:
        raise error(f"{path}: broken YAML: {' '.join(str(exc).split())}") from exc
    except json.JSONDecodeError as exc:
        raise error(f"{path}:{exc.lineno}: broken JSON: {exc.msg}") from exc
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as exc:  # PyYAML's, for a value that its tag does not fit
        raise error(f"{path}: cannot be parsed: {exc}") from exc


def read_document(path: Path, error: type[InputError]) -> Any:
    """Read, decode and parse one YAML or JSON file; raises `error` with the file and the line."""
    return parse_document(decode(read_bytes(path, error), path, error), path, error)


def _is_too_deep(text: str) -> bool:
    """Whether a YAML text is nested deeper than any that a person writes. Parsed for certain only where it looks so."""
    depth = deepest = 0
    for sign in re.findall(r"[\[{\]}]", text):
        depth = depth + 1 if sign in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    if deepest <= _DEEPEST and not _MAY_BE_DEEP.search(text):
        return False
    depth = 0
    for event in yaml.parse(text, _StrictLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return True
    return False


_UNKNOWN_KEY: Final = frozenset({"unexpected_keyword_argument", "extra_forbidden"})


def validated(adapter: TypeAdapter[Value], value: object, where: str, error: type[InputError]) -> Value:
    """The value as what the adapter describes.

    Raises:
        error: one thing that does not fit, with its key.
    """
    try:
        return adapter.validate_python(value)
    except ValidationError as exc:
        problems = exc.errors(include_url=False)
        first = next((one for one in problems if one["type"] in _UNKNOWN_KEY), problems[0])  # a misspelt key is why another is missing
        place = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("function-", "dataclass")))
        more = f" (and {exc.error_count() - 1} more)" if exc.error_count() > 1 else ""
        raise error(f"{where}: {place + ': ' if place else ''}{_plain(first)}{more}") from exc


def _plain(problem: Any) -> str:
    if problem["type"] in _UNKNOWN_KEY:
        return "unknown key; remove it or correct its name"
    if problem["type"] in ("missing", "missing_argument", "missing_keyword_only_argument"):
        return "this key is missing"
    return str(problem["msg"])


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [key for key, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} stands twice")
    return value
