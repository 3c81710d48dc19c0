from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.errors import EvalSetError
from omniforge_cli.core.evalset import Case, EvalSet
from omniforge_cli.core.identity import sha256
from omniforge_cli.core.taxonomy import Label, Taxonomy
from omniforge_cli.files.evalset import case_from, check_labels, joined, list_evalsets, load_evalset, parse_evalset, read_evalset

FORMS = Path(__file__).resolve().parents[1] / "data" / "evalsets"
CASES = (
    Case(id="a", message="Where is my parcel?", expected_action="track_order", tags=("direct", "short")),
    Case(
        id="00002",
        message="yes, do it",
        expected_action="refund",
        acceptable_actions=("cancel", "other"),
        expected_entities={"sum": 5},
        expected_ambiguous=False,
        history=(Message(role="assistant", content="Shall I refund it?"),),
        agents=(Agent(id="Otter", name="Otter"),),
        note="settles the pending act",
    ),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
KEYS = [*Case.__dataclass_fields__, "label", "text", "other"]


def refusal(text: str, name: str = "a.yaml") -> str:
    with pytest.raises(EvalSetError) as caught:
        parse_evalset(text, Path(name))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("path", sorted(FORMS.iterdir()), ids=lambda path: path.name)
def test_every_form_gives_the_same_cases(path: Path):
    evalset = read_evalset(path)
    assert evalset.cases == CASES
    assert evalset.sha256 == sha256(path.read_bytes())


@pytest.mark.parametrize("label", ["label", "category", "intent", "expected_action"])
@pytest.mark.parametrize("message", ["message", "text"])
def test_a_message_and_a_label_are_enough(message: str, label: str):
    for text, name in ((json.dumps({message: "hi", label: "greet"}), "a.jsonl"), (f"{message},{label}\nhi,greet\n", "a.csv")):
        assert parse_evalset(text, Path(name)).cases == (Case(id="00001", message="hi", expected_action="greet"),)


def test_an_empty_message_is_a_message():
    assert parse_evalset("message,label\n,none\n", Path("a.csv")).cases[0].message == ""


def test_name_and_version_come_from_the_file_and_by_reference_from_its_place():
    path = Path("evalsets/desk/v7.yaml")
    path.parent.mkdir(parents=True)
    path.write_text("name: other\nversion: v1\ndescription: ours\ncases: [{message: a, label: b}]")
    assert read_evalset(path).ref == "other@v1"
    assert load_evalset("desk").ref == load_evalset("desk@v7").ref == "desk@v7"
    assert load_evalset("desk").description == "ours"
    assert ("desk", "v7", path.resolve()) in list_evalsets()


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("cases: []", "a.yaml", "a.yaml: it has no cases"),
        ("", "a.jsonl", "a.jsonl: it has no cases"),
        ("message,label\n", "a.csv", "a.csv: it has no cases"),
        ("hello", "a.yaml", "a.yaml: an eval set is a mapping with a list `cases`"),
        ("cases: {a: 1}", "a.yaml", "a.yaml: an eval set is a mapping with a list `cases`"),
        ("casess: []\ncases: []", "a.yaml", "a.yaml: unknown key 'casess'"),
        ("schema_version: 2\ncases: []", "a.yaml", "a.yaml: schema_version 2 is not 1"),
        ("cases: [hello]", "a.yaml", "a.yaml, case 1: a case is a mapping"),
        ("cases: [{message: a}]", "a.yaml", "a.yaml, case 1: expected_action: this key is missing"),
        ("cases: [{expected_action: a}]", "a.yaml", "a.yaml, case 1: message: this key is missing"),
        ("cases: [{message: a, label: b, tag: [c]}]", "a.yaml", "a.yaml, case 1: tag: unknown key"),
        ("cases: [{message: a, label: yes}]", "a.yaml", "a.yaml, case 1: expected_action: Input should be a valid string"),
        ("cases: [{message: a, label: b, history: [{role: bot, content: x}]}]", "a.yaml", "a.yaml, case 1: history entry 1 has role"),
        ("cases: [{message: a, label: b, agents: [{}]}]", "a.yaml", "a.yaml, case 1: agent 1: it has no name"),
        ("cases: [{message: a, label: b, expected_entities: {x: .nan}}]", "a.yaml", "a.yaml, case 1: expected_entities: only text"),
        ("cases: [{id: x, message: a, label: b}, {id: x, message: c, label: d}]", "a.yaml", "a.yaml: the case id 'x' stands twice"),
        ("cases: [{id: '00002', message: a, label: b}, {message: c, label: d}]", "a.yaml", "a.yaml: the case id '00002' stands twice"),
        ('{"message": "a", "label": "b"}\n{oops', "a.jsonl", "a.jsonl:2: broken JSON"),
        ('\n\n{"message": "a"}', "a.jsonl", "a.jsonl:3: expected_action: this key is missing"),
        ("[1]", "a.jsonl", "a.jsonl:1: a case is a mapping"),
        ("message,label\nhi, there,greet\n", "a.csv", "a.csv:2: more fields than the header has"),
        ('message,label\n"a"b,c\n', "a.csv", "a.csv:2: broken CSV"),
        ("message,label\nhi\n", "a.csv", "a.csv:2: expected_action: this key is missing"),
        ("message,label,history\nhi,greet,hello\n", "a.csv", "a.csv:2: history: "),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(text: str, name: str, said: str):
    assert refusal(text, name).startswith(said)


def test_a_date_among_the_entities_is_a_text():
    (case,) = parse_evalset("cases: [{message: a, label: b, expected_entities: {day: 2026-01-02}}]", Path("a.yaml")).cases
    assert case.expected_entities == {"day": "2026-01-02"}
    assert len(case.content_hash) == 64


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6))
def test_any_entry_is_a_case_or_refused(entry: dict[str, object]):
    try:
        case = case_from({"message": "a", "expected_action": "b", **entry}, "here", 1)
    except EvalSetError as refused:
        assert str(refused).startswith("here")
    else:
        assert len(case.content_hash) == 64
        assert case.id


@given(st.text(max_size=60), st.sampled_from(["a.yaml", "a.jsonl", "a.csv"]))
def test_any_text_is_an_eval_set_or_refused(text: str, name: str):
    try:
        assert parse_evalset(text, Path(name)).cases
    except EvalSetError as refused:
        assert str(refused).startswith(name)


def test_labels_that_the_taxonomy_lacks_are_refused_with_the_nearest():
    taxonomy = Taxonomy(name="desk", labels=(Label(name="refund"), Label(name="track")))
    check_labels(EvalSet(name="a", version="v1", cases=(Case(id="1", message="x", expected_action="refund"),)), taxonomy)
    for case in (
        Case(id="7", message="x", expected_action="refnd"),
        Case(id="7", message="x", expected_action="track", acceptable_actions=("refnd",)),
    ):
        with pytest.raises(EvalSetError) as caught:
            check_labels(EvalSet(name="a", version="v1", cases=(case,)), taxonomy)
        assert str(caught.value) == "eval set a@v1, case 7: 'refnd' is not a label of taxonomy desk; did you mean 'refund'?"


def of(name: str, version: str = "v1", sha: str = "s") -> EvalSet:
    return EvalSet(name=name, version=version, cases=(Case(id="1", message=name, expected_action="x"),), sha256=sha)


def test_one_set_alone_keeps_its_ids_and_lists_itself():
    assert (joined([of("a")]).cases, joined([of("a")]).sets) == (of("a").cases, ("a@v1",))


def test_several_sets_are_one_with_ids_that_name_their_set():
    whole = joined([of("a"), of("b", "v2")])
    assert ([case.id for case in whole.cases], whole.ref, whole.sets) == (["a/1", "b/1"], "a+b@v1+v2", ("a@v1", "b@v2"))
    assert [case.id for case in joined([of("a", "v1"), of("a", "v2")]).cases] == ["a@v1/1", "a@v2/1"]
    assert joined([of("a"), of("b", sha="s")]).sha256 != joined([of("a"), of("b", sha="t")]).sha256


def test_a_set_given_twice_is_refused():
    with pytest.raises(EvalSetError, match="the eval set a@v1 was given twice"):
        joined([of("a"), of("a")])


def test_the_default_set_holds_what_the_house_asks_of_it():
    cases = load_evalset("intent").cases
    assert len(cases) >= 240
    labels = {case.expected_action for case in cases}
    assert min(sum(case.expected_action == label for case in cases) for label in labels) >= 25
    assert sum(bool(case.history) for case in cases) >= 40
    wanted = {
        "direct",
        "indirect",
        "trap",
        "typo",
        "long",
        "followup",
        "topic_shift",
        "ambiguous",
        "injection",
        "multilingual",
        "off_topic",
    }
    assert wanted <= {tag for case in cases for tag in case.tags}
