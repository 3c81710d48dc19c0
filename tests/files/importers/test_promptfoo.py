from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.core.evalset import Case
from omniforge_cli.files.evalset import load_evalset
from omniforge_cli.files.importers.promptfoo import is_promptfoo, promptfoo_text, read_promptfoo
from omniforge_cli.files.importers.reading import read_cases

PATH = Path("promptfooconfig.yaml")


def read(text: str) -> list[Case]:
    return read_promptfoo(yaml.safe_load(text), PATH)


def test_a_configuration_is_read_as_its_tests():
    cases = read(
        """
description: our router
prompts: [file://prompt.txt]
providers: [openai:gpt-4o-mini]
tests:
  - description: plain
    vars: {message: cancel my order}
    assert: [{type: latency, threshold: 500}, {type: equals, value: cancel}]
  - vars: {question: where is it, lang: en}
    assert: [{type: icontains, value: track}]
    metadata: {id: t-2, tags: [en], owner: rosa}
"""
    )
    assert [(case.id, case.message, case.expected_action, case.tags, case.description) for case in cases] == [
        ("00001", "cancel my order", "cancel", (), "plain"),
        ("t-2", "where is it", "track", ("en",), ""),
    ]


@pytest.mark.parametrize(
    ("test", "expected", "also"),
    [
        ("{vars: {message: a, expected: track}, assert: [{type: equals, value: '{{ expected }}'}]}", "track", ()),
        ("{vars: {message: a, label: track}}", "track", ()),
        ("{vars: {message: a}, assert: [{type: contains-any, value: [track, cancel]}]}", "track", ("cancel",)),
        ("{vars: {message: a}, assert: [{type: contains-any, value: 'track, cancel'}]}", "track", ("cancel",)),
        ("{vars: {message: a}, assert: [{type: llm-rubric, value: polite}, {type: starts-with, value: track}]}", "track", ()),
    ],
)
def test_these_say_the_label(test: str, expected: str, also: tuple[str, ...]):
    (case,) = read(f"tests: [{test}]")
    assert (case.expected_action, case.acceptable_actions) == (expected, also)


def test_the_default_test_says_the_label_where_a_test_does_not():
    (case,) = read("{defaultTest: {assert: [{type: equals, value: '{{want}}'}]}, tests: [{vars: {message: a, want: track}}]}")
    assert case.expected_action == "track"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tests: file://tests.yaml", "names another file"),
        ("tests: [{vars: {message: a}}]", "test 1: nothing names its label"),
        ("tests: [{vars: {a: x, b: y}, assert: [{type: equals, value: z}]}]", "test 1: no variable is the message"),
        ("tests: [{vars: file://vars.yaml}]", "test 1: `vars` is no mapping"),
        ("tests: [{vars: {message: a, label: b}, metadata: {tags: [[1]]}}]", "test 1: tags"),
        ("- {message: a}", "no list of promptfoo tests"),
    ],
)
def test_what_is_no_case_is_refused_with_its_place(text: str, said: str):
    with pytest.raises(EvalSetError) as caught:
        read(text)
    assert said in str(caught.value)
    assert str(caught.value).startswith("promptfooconfig.yaml")


def test_the_default_eval_set_survives_the_way_there_and_back(tmp_path: Path):
    evalset = load_evalset("intent")
    path = tmp_path / "tests.yaml"
    path.write_text(promptfoo_text(evalset))
    assert read_cases(path) == evalset.cases


def test_a_history_is_one_value_to_promptfoo():
    evalset = load_evalset("intent")
    followup = next(case for case in evalset.cases if case.history)
    (test,) = yaml.safe_load(promptfoo_text(replace(evalset, cases=(followup,))))
    assert test["options"] == {"disableVarExpansion": True}
    assert is_promptfoo([test])
