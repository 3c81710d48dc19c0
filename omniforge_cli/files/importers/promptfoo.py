"""promptfoo's test cases in YAML: read from a configuration or a list of tests, and written as one.

A test is a case when one of its variables is the message and one of its assertions, or another variable, names the label. What promptfoo
has no word for (id, tags, entities …) stands in the test's `metadata`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.core.evalset import Case, EvalSet
from omniforge_cli.files.evalset import case_from
from omniforge_cli.files.export import flow, written

_MESSAGE_VARIABLES: Final = ("message", "text", "input", "query", "question", "prompt", "utterance", "user_message")
_LABEL_VARIABLES: Final = ("expected_action", "expected", "label", "category", "intent")
_SAYS_LABEL: Final = frozenset({"equals", "contains", "icontains", "starts-with", "contains-any", "icontains-any"})
_METADATA: Final = ("id", "expected_entities", "expected_ambiguous", "agents", "tags", "note")
_VARIABLE: Final = re.compile(r"\s*\{\{\s*(\w+)\s*\}\}\s*")


def is_promptfoo(document: object) -> bool:
    """Whether a YAML value is a configuration with `tests`, or a list of tests with `vars`."""
    tests = document.get("tests") if isinstance(document, dict) else document
    return isinstance(tests, list) and bool(tests) and all(isinstance(test, dict) and "vars" in test for test in tests)


def read_promptfoo(document: Any, path: Path) -> list[Case]:
    """The cases in the order of the tests.

    Raises:
        EvalSetError: there are no tests in the file, or one names no message or no label.
    """
    if not is_promptfoo(document):
        raise EvalSetError(f"{path}: no list of promptfoo tests with `vars`; where `tests` names another file, import that one")
    default = document.get("defaultTest") if isinstance(document, dict) else None
    shared = _assertions(default) if isinstance(default, dict) else []
    tests = document["tests"] if isinstance(document, dict) else document
    return [_case(test, shared, f"{path}, test {number}", number) for number, test in enumerate(tests, start=1)]


def promptfoo_text(evalset: EvalSet) -> str:
    """A YAML list of tests: the message as `vars.message`, the label as what the output must contain."""
    return "".join(_test(case) for case in evalset.cases)


def _case(test: Mapping[str, Any], shared: Sequence[Any], where: str, number: int) -> Case:
    variables = test["vars"]
    if not isinstance(variables, dict):
        raise EvalSetError(f"{where}: `vars` is no mapping; import the file that it names")
    labels = _labels([*_assertions(test), *shared], variables)
    if not labels:
        raise EvalSetError(f"{where}: nothing names its label; give an assertion such as `equals`, or a variable `expected`")
    metadata = test.get("metadata")
    row = {key: metadata[key] for key in _METADATA if key in metadata} if isinstance(metadata, dict) else {}
    row |= {"message": _message(variables, where), "expected_action": labels[0], "acceptable_actions": labels[1:]}
    row |= {"history": variables["history"]} if isinstance(variables.get("history"), list) else {}
    row |= {"description": test["description"]} if isinstance(test.get("description"), str) else {}
    return case_from(row, where, number)


def _assertions(test: Mapping[str, Any]) -> list[Any]:
    found = test.get("assert")
    return found if isinstance(found, list) else []


def _labels(assertions: Sequence[Any], variables: Mapping[str, Any]) -> list[str]:
    for assertion in assertions:
        if isinstance(assertion, dict) and assertion.get("type") in _SAYS_LABEL:
            value = assertion.get("value")
            named = value if isinstance(value, list) else str(value).split(",") if "any" in assertion["type"] else [value]
            return [_filled(str(one), variables).strip() for one in named]
    return [str(variables[name]) for name in _LABEL_VARIABLES if name in variables][:1]


def _filled(value: str, variables: Mapping[str, Any]) -> str:
    """The value of `{{ name }}`, or the text itself."""
    found = _VARIABLE.fullmatch(value)
    return str(variables.get(found[1], value)) if found else value


def _message(variables: Mapping[str, Any], where: str) -> str:
    texts = {name: value for name, value in variables.items() if isinstance(value, str) and name not in _LABEL_VARIABLES}
    name = next((name for name in _MESSAGE_VARIABLES if name in texts), next(iter(texts), "") if len(texts) == 1 else "")
    if not name:
        raise EvalSetError(f"{where}: no variable is the message; call one of them `message`")
    return texts[name]


def _test(case: Case) -> str:
    values = written(case)
    labels = [case.expected_action, *case.acceptable_actions]
    assertion = {"type": "contains", "value": labels[0]} if len(labels) == 1 else {"type": "contains-any", "value": labels}
    lines = [
        f"description: {flow(case.description)}" if case.description else None,
        f"vars: {flow({key: values[key] for key in ('message', 'history') if key in values})}",
        "options: {disableVarExpansion: true}" if case.history else None,
        f"assert: [{flow(assertion)}]",
        f"metadata: {flow({key: values[key] for key in _METADATA if key in values})}",
    ]
    return "- " + "\n  ".join(line for line in lines if line) + "\n"
