from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from omniforge_cli.files.evalset import load_evalset, read_evalset
from tests.cli.conftest import Ended

Omniforge = Callable[..., Ended]
TAXONOMY = str(Path(__file__).resolve().parents[2] / "data" / "taxonomies" / "support_desk.yaml")
OWN = """# cases of ours
name: desk
version: v1
cases:
- id: a
  message: Where is my parcel?
  expected_action: track_order
  tags: [direct]
- id: b
  message: I want my money back, and quickly
  expected_action: refund
"""


@pytest.fixture
def desk() -> Path:
    path = Path("evalsets/desk/v1.yaml")
    path.parent.mkdir(parents=True)
    path.write_text(OWN)
    Path("desk.yaml").write_text("name: desk\nlabels: [{name: track_order}, {name: refund}]\n")
    return path


def check(omniforge: Omniforge, *arguments: str) -> Ended:
    return omniforge("evalset", "check", *arguments, "--taxonomy", "desk.yaml")


def kinds(ended: Ended) -> list[str]:
    return [finding["kind"] for one in ended.json for finding in one["findings"]]


def test_list_names_packaged_and_own_sets_and_what_is_broken(omniforge: Omniforge, desk: Path):
    desk.with_name("v2.jsonl").write_text("nonsense")
    listed = {entry["ref"]: entry for entry in omniforge("evalset", "list", "--format", "json").json}
    assert listed["intent@v1"]["n_cases"] >= 240
    assert (listed["desk@v1"]["n_cases"], listed["desk@v1"]["state"]) == (2, "draft")
    assert "broken JSON" in listed["desk@v2"]["error"]
    (line,) = [line for line in omniforge("evalset", "list").out.splitlines() if line.startswith("desk@v2")]
    assert line.split()[1:3] == ["broken", "draft"]
    assert line.endswith(listed["desk@v2"]["error"])


def test_show_chooses_by_tag_label_and_limit(omniforge: Omniforge):
    shown = omniforge("evalset", "show", "intent", "--tags", "followup,trap", "--limit", "3", "--format", "json").json
    assert len(shown["cases"]) == 3
    assert all({"followup", "trap"} & set(case["tags"]) for case in shown["cases"])
    label = shown["cases"][0]["expected_action"]
    labelled = omniforge("evalset", "show", "intent@v1", "--label", label, "--format", "json").json["cases"]
    assert {case["expected_action"] for case in labelled} == {label}


def test_show_prints_the_history_before_the_message(omniforge: Omniforge):
    Path("one.yaml").write_text(
        "cases: [{message: 'yes', expected_action: go, acceptable_actions: stay, history: [{role: assistant, content: Now?}]}]"
    )
    assert omniforge("evalset", "show", "one.yaml").out == "00001  go (or stay)\n  assistant: Now?\n  > yes\n\n1 cases of one@v1\n"


def test_the_default_eval_set_is_sound(omniforge: Omniforge):
    ended = omniforge("evalset", "check", "intent")
    assert ended.code == 0
    assert "0 errors" in ended.out


def test_a_sound_set_of_another_taxonomy_passes(omniforge: Omniforge, desk: Path):
    assert check(omniforge, "desk").out == "desk@v1: 2 cases, 0 errors, 0 warnings\n"
    assert check(omniforge, str(desk)).code == 0


def test_warnings_alone_are_exit_0(omniforge: Omniforge, desk: Path):
    desk.write_text(OWN + "- {id: c, message: Where is my parcel, expected_action: track_order}\n")
    ended = check(omniforge, "desk", "--format", "json")
    assert (ended.code, kinds(ended)) == (0, ["duplicate"])


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ("- {id: c, message: Something else, expected_action: refnd}\n", "unknown_label"),
        ("- {id: a, message: Something else, expected_action: refund}\n", "broken"),
        ("- {id: c, message: where is my parcel, expected_action: refund}\n", "contradiction"),
        ("- {id: c}\n", "broken"),
    ],
)
def test_an_error_is_exit_2(omniforge: Omniforge, desk: Path, more: str, kind: str):
    desk.write_text(OWN + more)
    ended = check(omniforge, "desk", "--format", "json")
    assert (ended.code, kinds(ended)) == (2, [kind])


def test_a_set_for_other_labels_is_told_about_the_option(omniforge: Omniforge, desk: Path):
    ended = omniforge("evalset", "check", "desk")
    assert ended.code == 2
    assert "give the right one with --taxonomy" in ended.out


def test_a_case_that_the_training_data_holds_is_an_error(omniforge: Omniforge, desk: Path):
    Path("data/deep").mkdir(parents=True)
    Path("data/deep/a.jsonl").write_text('{"message": "i want my money back and quickly", "label": "refund"}\n')
    ended = check(omniforge, "desk")
    assert ended.code == 2
    assert "case b: its message stands in data/deep/a.jsonl:1 too" in ended.out


def test_training_data_may_lie_elsewhere_and_must_then_be_there(omniforge: Omniforge, desk: Path):
    Path("train").mkdir()
    assert "there is no JSONL file with messages" in check(omniforge, "desk", "--data", "train").err
    assert check(omniforge, "desk", "--data", "nowhere").code == 2
    Path("train/a.jsonl").write_text('{"message": "Well, I want my money back, and quickly"}\n')
    ended = check(omniforge, "desk", "--data", "train", "--format", "json")
    assert (ended.code, kinds(ended)) == (0, ["near_leak"])


def test_a_case_that_a_prompt_shows_is_an_error(omniforge: Omniforge, desk: Path):
    path = Path("prompts/desk/v1.yaml")
    path.parent.mkdir(parents=True)
    shot = "few_shot:\n- {message: I want my money back and quickly, reply: {action_type: refund}}\n"
    path.write_text(f"system: x\nuser: '{{{{ message }}}}'\n{shot}")
    ended = check(omniforge, "desk")
    assert ended.code == 2
    assert "case b: its message stands in prompt desk@v1, example 1 too" in ended.out


def test_a_broken_prompt_is_not_the_eval_sets_fault(omniforge: Omniforge, desk: Path):
    Path("prompts/desk").mkdir(parents=True)
    Path("prompts/desk/v1.yaml").write_text("nonsense")
    assert check(omniforge, "desk").code == 0


def test_a_released_set_that_was_changed_or_lost_is_an_error(omniforge: Omniforge, desk: Path):
    assert omniforge("evalset", "release", "desk").code == 0
    assert check(omniforge, "desk").code == 0
    desk.write_text(OWN.replace("quickly", "now"))
    changed = check(omniforge, "desk", "--format", "json")
    assert (changed.code, kinds(changed)) == (2, ["drift"])
    desk.unlink()
    gone = omniforge("evalset", "check")
    assert (gone.code, "desk/v1.yaml: was released and is gone" in gone.out) == (2, True)


def test_many_findings_of_one_kind_are_cut_short_in_text_only(omniforge: Omniforge, desk: Path):
    desk.write_text(OWN + "".join(f"- {{id: x{number}, message: my parcel, expected_action: track_order}}\n" for number in range(30)))
    assert "… and 9 more of duplicate; --format json has all" in check(omniforge, "desk").out
    assert kinds(check(omniforge, "desk", "--format", "json")).count("duplicate") == 29


def test_stats_count_labels_in_the_taxonomys_order(omniforge: Omniforge, desk: Path):
    counted = omniforge("evalset", "stats", "desk", "--taxonomy", "desk.yaml", "--format", "json").json
    assert list(counted["labels"].items()) == [("track_order", 1), ("refund", 1)]
    text = omniforge("evalset", "stats", "desk", "--taxonomy", "desk.yaml").out
    assert "track_order  1  ####" in text
    assert "message length: median 33" in text


def add(omniforge: Omniforge, ref: str, *more: str) -> Ended:
    return omniforge("evalset", "add", ref, "--message", "Hand me my money", "--label", "refund", "--taxonomy", "desk.yaml", *more)


def test_add_appends_and_keeps_what_stood_there(omniforge: Omniforge, desk: Path):
    Path("history.json").write_text('[{"role": "user", "content": "hm"}]')
    Path("agents.yaml").write_text("[Otter, {id: w, name: Willow, skills: [read]}]")
    ended = add(
        omniforge, "desk", "--tag", "direct", "--acceptable", "track_order", "--entity", "sum=5", "--clear", "--history", "history.json"
    )
    assert ended.out == "evalsets/desk/v1.yaml: added case direct-refund-01\n"
    assert desk.read_text().startswith(OWN)
    assert add(omniforge, "desk", "--id", "mine", "--agents", "agents.yaml", "--note", "why").code == 0
    first, second = read_evalset(desk).cases[2:]
    assert (first.acceptable_actions, first.expected_entities, first.expected_ambiguous) == (("track_order",), {"sum": "5"}, False)
    assert first.history[0].content == "hm"
    assert [agent.id for agent in second.agents] == ["Otter", "w"]
    assert (second.id, second.note) == ("mine", "why")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--id", "a"), "there is a case 'a' already"),
        (("--label", "refnd"), "did you mean 'refund'?"),
        (("--entity", "sum"), "NAME=VALUE"),
        (("--history", "nowhere.json"), "no such file"),
    ],
)
def test_add_refuses_a_wrong_case_and_leaves_the_file_alone(omniforge: Omniforge, desk: Path, more: tuple[str, ...], said: str):
    ended = add(omniforge, "desk", *more)
    assert (ended.code, said in ended.err) == (2, True)
    assert desk.read_text() == OWN


def test_add_never_touches_a_released_version_and_starts_the_next_as_a_copy(omniforge: Omniforge, desk: Path):
    omniforge("evalset", "release", "desk")
    refused = add(omniforge, "desk")
    assert refused.code == 2
    assert "add to desk@v2, which starts as a copy of desk@v1" in refused.err
    assert desk.read_text() == OWN
    assert add(omniforge, "desk@v2").code == 0
    assert [case.id for case in load_evalset("desk").cases] == ["a", "b", "refund-01"]
    assert Path("evalsets/desk/v2.yaml").read_text().startswith(OWN.replace("version: v1", "version: v2"))


def test_add_starts_a_set_that_is_not_there(omniforge: Omniforge, desk: Path):
    assert add(omniforge, "fresh", "--format", "json").json == {"file": "evalsets/fresh/v1.yaml", "id": "refund-01"}
    assert (load_evalset("fresh").ref, len(load_evalset("fresh").cases)) == ("fresh@v1", 1)


def test_add_does_not_write_to_what_came_with_the_package(omniforge: Omniforge):
    ended = omniforge("evalset", "add", "intent", "--message", "x", "--label", load_evalset("intent").cases[0].expected_action or "")
    assert (ended.code, "intent@v2" in ended.err) == (2, True)


def test_diff_tells_what_changed(omniforge: Omniforge, desk: Path):
    desk.with_name("v2.yaml").write_text(OWN.replace("expected_action: refund", "expected_action: other").replace("id: a", "id: z"))
    ended = omniforge("evalset", "diff", "desk@v1", "desk@v2")
    assert ended.code == 0
    assert ended.out == "a -> z\n~ b\n    expected_action: 'refund' -> 'other'\n0 added, 0 removed, 1 renamed, 1 changed, 0 the same\n"
    assert omniforge("evalset", "diff", "desk@v1", "desk@v2", "--format", "json").json["renamed"] == {"a": "z"}


def test_import_writes_the_form_that_the_name_says(omniforge: Omniforge):
    Path("full.json").write_text(json.dumps({"val": [["set an alarm", "alarm"]], "oos_val": [["why", "oos"]]}))
    ended = omniforge("evalset", "import", "full.json", "--split", "val", "--out", "evalsets/clinc/v1.jsonl")
    assert ended.out == "evalsets/clinc/v1.jsonl: 1 cases, 1 labels\n"
    assert omniforge("evalset", "import", "full.json", "--out", "all.csv").code == 0
    assert [case.expected_action for case in read_evalset(Path("all.csv")).cases] == ["alarm", "oos"]
    assert omniforge("evalset", "import", "full.json", "--out", "evalsets/clinc/v2.yaml").code == 0
    assert load_evalset("clinc").version == "v2"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.json", "--out", "a.yaml"), "nowhere.json: no such file"),
        (("full.csv", "--out", "a.txt"), "name the file .yaml, .jsonl or .csv"),
        (("full.csv", "--out", "there.yaml"), "it is there already; give --force"),
        (("full.csv", "--split", "val", "--out", "a.yaml"), "leave --split out"),
    ],
)
def test_import_refuses_what_it_cannot_do(omniforge: Omniforge, arguments: tuple[str, ...], said: str):
    Path("full.csv").write_text("text,category\na,b\n")
    Path("there.yaml").write_text("mine")
    ended = omniforge("evalset", "import", *arguments)
    assert (ended.code, said in ended.err) == (2, True)
    assert Path("there.yaml").read_text() == "mine"


def test_import_never_writes_over_a_released_set(omniforge: Omniforge, desk: Path):
    omniforge("evalset", "release", "desk")
    Path("full.csv").write_text("text,category\na,b\n")
    for arguments in (("import", "full.csv", "--out", str(desk), "--force"), ("export", "intent", "--out", str(desk))):
        ended = omniforge("evalset", *arguments)
        assert (ended.code, "it is released and never changes" in ended.err) == (2, True)
    assert desk.read_text() == OWN


@pytest.mark.parametrize("form", ["jsonl", "csv", "yaml", "promptfoo"])
def test_export_and_import_give_the_same_cases(omniforge: Omniforge, form: str):
    exported = omniforge("evalset", "export", "intent", "--format", form)
    assert exported.code == 0
    Path("exported").write_text(exported.out)
    assert omniforge("evalset", "import", "exported", "--format", form, "--out", "back.yaml").code == 0
    assert read_evalset(Path("back.yaml")).cases == load_evalset("intent").cases


def test_export_to_a_file_takes_its_form_from_the_name(omniforge: Omniforge, desk: Path):
    ended = omniforge("evalset", "export", "desk", "--out", "deep/desk.csv")
    assert (ended.code, ended.out) == (0, "")
    assert read_evalset(Path("deep/desk.csv")).cases == read_evalset(desk).cases
