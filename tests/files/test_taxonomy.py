from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.errors import TaxonomyError
from omniforge_cli.core.taxonomy import Label, Taxonomy
from omniforge_cli.files.resources import taxonomies
from omniforge_cli.files.taxonomy import dump_taxonomy, parse_taxonomy, unknown_taxonomy

PATH = Path("desk.yaml")
DATA = Path(__file__).resolve().parents[1] / "data" / "taxonomies"
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff\u2028\u2029"), max_size=8)
LABEL = st.builds(
    Label,
    name=TEXT.filter(bool),
    description=TEXT,
    phrase=TEXT,
    examples=st.lists(TEXT, max_size=2).map(tuple),
    keywords=st.lists(TEXT, max_size=2).map(tuple),
    reply=TEXT,
)


def test_a_taxonomy_is_read_with_its_labels_in_order():
    taxonomy = parse_taxonomy(
        "schema_version: 1\nname: desk\nversion: 2\nnone_of_these: other\n"
        "labels:\n- {name: refund, keywords: [money back]}\n- {name: other}\n",
        PATH,
    )
    assert taxonomy == Taxonomy(
        name="desk", version="2", none_of_these="other", labels=(Label(name="refund", keywords=("money back",)), Label(name="other"))
    )


@pytest.mark.parametrize("path", [*taxonomies().glob("*.yaml"), *DATA.glob("*.yaml")], ids=lambda path: path.stem)
def test_what_ships_is_read_and_written_back_the_same(path: Path):
    taxonomy = parse_taxonomy(path.read_text(encoding="utf-8"), path)
    assert parse_taxonomy(dump_taxonomy(taxonomy), path) == taxonomy


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a", "desk.yaml: a taxonomy is a mapping with `name` and `labels`"),
        ("", "desk.yaml: a taxonomy is a mapping"),
        ("name: x\nlabels: []", "it has no labels"),
        ("name: x\nlabels: [{name: a}, {name: a}]", "label 'a' stands twice"),
        ("name: x\nlabels: [{name: a, keyword: [b]}]", "desk.yaml: labels.0.keyword: unknown key"),
        ("name: x\nlabels: [{name: a}]\nthreshold: 1", "desk.yaml: threshold: unknown key"),
        ("labels: [{name: a}]", "desk.yaml: name: this key is missing"),
        ("name: x\nlabels: [{}]", "desk.yaml: labels.0.name: this key is missing"),
        ("name: x\nlabels: [{name: a}]\nnone_of_these: b", "none_of_these is 'b', which is not a label"),
        ("name: x\nlabels: [{name: a}]\naddressed_to_agent: b", "addressed_to_agent is 'b', which is not a label"),
        ("name: x\nlabels: [{name: a}]\nclarification_threshold: 2", "clarification_threshold must lie between 0 and 1"),
        ("name: x\nlabels: [{name: a}]\nclarification_threshold: .nan", "clarification_threshold must lie between 0 and 1"),
        ("schema_version: 2\nname: x\nlabels: [{name: a}]", "schema_version 2 is not 1; a newer omniforge may read it"),
        ("name: x\nlabels: [{name: a}]\nclarification: 'Do you want {frist}?'", "clarification"),
        ("name: x\nlabels: [{name: a}]\nclarification: '{first'", "clarification"),
        ("name: [", "desk.yaml:2: broken YAML"),
    ],
)
def test_a_wrong_taxonomy_is_refused_with_file_and_key(text: str, said: str):
    with pytest.raises(TaxonomyError) as caught:
        parse_taxonomy(text, PATH)
    assert str(caught.value).startswith("desk.yaml")
    assert said in str(caught.value)


@given(st.lists(LABEL, min_size=1, max_size=3, unique_by=lambda label: label.name), TEXT, st.floats(0, 1))
def test_any_taxonomy_is_written_and_read_back_the_same(labels: list[Label], description: str, threshold: float):
    taxonomy = Taxonomy(name="any", labels=tuple(labels), description=description, clarification_threshold=threshold)
    assert parse_taxonomy(dump_taxonomy(taxonomy), PATH) == taxonomy


@given(st.text(max_size=60))
def test_any_text_is_a_taxonomy_or_refused(text: str):
    with pytest.raises(TaxonomyError):
        parse_taxonomy(text, PATH)


def test_an_unknown_reference_is_told_what_there_is():
    assert "did you mean 'omniforge'?" in str(unknown_taxonomy("omniforg", ["omniforge"]))
