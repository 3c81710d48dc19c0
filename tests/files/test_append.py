from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.core.evalset import Case
from omniforge_cli.files.append import appended, with_id
from omniforge_cli.files.evalset import parse_evalset
from omniforge_cli.files.resources import packaged

NEW = Case(id="new", message='say: "hi" # now', expected_action="greet", tags=("a",))
ENTRY = '- id: new\n  message: "say: \\"hi\\" # now"\n  expected_action: greet\n  tags: [a]\n'
YAML = Path("v1.yaml")


def test_a_case_is_added_at_the_end_and_nothing_else_changes():
    text = "# kept\nname: desk   # kept too\ncases:\n- {id: a, message: x, expected_action: y}  # and this\n# last words\n\n\n"
    assert appended(text, YAML, NEW) == f"{text.rstrip()}\n{ENTRY}"


def test_the_blank_line_between_cases_is_kept_as_a_style():
    text = "cases:\n\n- id: a\n  message: x\n  expected_action: y\n\n- id: b\n  message: x\n  expected_action: y\n"
    assert appended(text, YAML, NEW) == f"{text}\n{ENTRY}"


def test_the_indentation_of_the_list_is_kept():
    text = "cases:\n    - id: a\n      message: x\n      expected_action: y\n"
    assert appended(text, YAML, NEW) == text + "".join(f"    {line}\n" for line in ENTRY.splitlines())


def test_a_bare_list_takes_one_more():
    assert appended("- {id: a, message: x, expected_action: y}\n", YAML, NEW).endswith(ENTRY)


def test_jsonl_takes_one_more_line():
    text = '{"id": "a", "message": "x", "label": "y"}'
    assert appended(text, Path("v1.jsonl"), NEW).splitlines()[1].startswith('{"id": "new", "message": "say')


def test_the_default_eval_set_takes_one_more_case():
    path = packaged("evalsets") / "intent" / "v1.yaml"
    text = path.read_text(encoding="utf-8")
    longer = appended(text, path, NEW)
    assert longer.startswith(text.rstrip())
    assert parse_evalset(longer, path).cases == (*parse_evalset(text, path).cases, NEW)


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("cases:\n- {id: new, message: x, expected_action: y}\n", "v1.yaml", "there is a case 'new' already; give another --id"),
        ("cases: [{id: a, message: x, expected_action: y}]\n", "v1.yaml", "is written in one line"),
        ("cases:\n- {id: a, message: x, expected_action: y}\nname: desk\n", "v1.yaml", "`cases` is not its last key"),
        ("cases:\n- {id: a, message: x, expected_action: y}\n...\n", "v1.yaml", "v1.yaml"),
        ("id,message,label\na,x,y\n", "v1.csv", "v1.csv"),
        ("cases: []\n", "v1.yaml", "it has no cases"),
        ("cases:\n- id: a\n  message: x\n  label: y\n  note: |+\n    kept\n\n\n", "v1.yaml", "no case can be added safely"),
    ],
)
def test_a_file_that_leaves_no_safe_place_is_refused(text: str, name: str, said: str):
    with pytest.raises(EvalSetError) as caught:
        appended(text, Path(name), NEW)
    assert said in str(caught.value)


@given(st.text(max_size=60))
def test_any_message_can_be_added(message: str):
    case = Case(id="new", message=message, expected_action="greet")
    longer = appended("cases:\n- {id: a, message: x, expected_action: y}\n", YAML, case)
    assert parse_evalset(longer, YAML).cases[1] == case


def test_an_id_is_made_of_the_first_tag_the_label_and_the_next_number():
    case = Case(id="", message="x", expected_action="big_task", tags=("trap", "typo"))
    assert with_id(case, frozenset()).id == "trap-big-task-01"
    assert with_id(case, frozenset({"trap-big-task-01", "trap-big-task-03"})).id == "trap-big-task-02"
