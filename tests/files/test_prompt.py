"""Prompt version files are read strictly and found by reference, shadowed by the working folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.conversation import Message
from omniforge_cli.core.errors import PromptError
from omniforge_cli.core.identity import sha256
from omniforge_cli.files.lock import drifts, read_lock
from omniforge_cli.files.prompt import list_prompts, load_prompt, read_prompt
from omniforge_cli.files.resources import packaged

SMALLEST = "system: Route.\nuser: '{{ message }}'\n"


def written(text: str, path: str = "prompts/intent/v3.yaml") -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_every_key_of_a_prompt_version_is_read() -> None:
    path = written(
        """
name: intent
version: v3
description: A third.
created: 2026-11-22
changelog: [Shorter., Cheaper.]
params: {temperature: null, max_tokens: 50, response_format: json_object}
system: Route.
user: "{{ message }}"
few_shot:
  - message: every Monday
    history: [{role: assistant, content: "How often?"}]
    agents: [Heron]
    reply: {action_type: a, confidence: 0.9, alternative_action: null}
"""
    )
    prompt = load_prompt("intent@v3")
    example = prompt.few_shot[0]
    assert (prompt.ref, prompt.description, prompt.created, prompt.changelog) == (
        "intent@v3",
        "A third.",
        "2026-11-22",
        "Shorter.\nCheaper.",
    )
    assert (prompt.params.temperature, prompt.params.max_tokens, prompt.params.response_format) == (None, 50, "json_object")
    assert (example.message, example.agents) == ("every Monday", ("Heron",))
    assert example.history == (Message(role="assistant", content="How often?"),)
    assert example.reply == {"action_type": "a", "confidence": 0.9, "alternative_action": None}
    assert prompt.sha256 == sha256(path.read_bytes())


def test_a_name_alone_is_its_newest_version_in_natural_order() -> None:
    written(SMALLEST, "prompts/intent/v9.yaml")
    written(SMALLEST, "prompts/intent/v10.yaml")
    assert load_prompt("intent").ref == "intent@v10"


def test_the_working_folder_shadows_a_packaged_version_and_only_that_one() -> None:
    packaged_sha = load_prompt("intent@v1").sha256
    written(SMALLEST, "prompts/intent/v1.yaml")
    assert load_prompt("intent@v1").system == "Route."
    assert load_prompt("intent@v1").sha256 != packaged_sha
    assert load_prompt("intent@v2").few_shot


def test_a_file_found_by_reference_is_called_what_its_place_says() -> None:
    written("name: other\nversion: v1\n" + SMALLEST, "prompts/intent/v7.yaml")
    assert load_prompt("intent@v7").ref == "intent@v7"


def test_a_path_is_read_where_it_stands_and_named_by_its_content_or_its_place() -> None:
    assert load_prompt(str(written(SMALLEST, "drafts/short.yaml"))).ref == "drafts@short"
    assert load_prompt(str(written("name: intent\nversion: 4\n" + SMALLEST, "drafts/b.yml"))).ref == "intent@4"


def test_the_list_has_packaged_and_own_versions_oldest_first() -> None:
    own = written(SMALLEST, "prompts/intent/v10.yaml")
    listed = [(name, version) for name, version, _ in list_prompts()]
    assert listed == [("intent", "v1"), ("intent", "v2"), ("intent", "v10")]
    assert list_prompts()[-1][2] == own.resolve()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2]", "a mapping with `system` and `user`"),
        ("system: a\n", "user: this key is missing"),
        (SMALLEST + "systm: b\n", "systm: unknown key"),
        (SMALLEST + "system: b\n", "'system' stands twice"),
        (SMALLEST + "sha256: abc\n", "sha256: unknown key"),
        (SMALLEST + "schema_version: 2\n", "schema_version 2 is not 1"),
        (SMALLEST + "params: {max_tokens: 0}\n", "params.max_tokens must be at least 1"),
        (SMALLEST + "params: {temperature: -1}\n", "params.temperature must lie between 0 and 2"),
        (SMALLEST + "params: {temperature: .nan}\n", "params.temperature must lie between 0 and 2"),
        (SMALLEST + "params: {response_format: xml}\n", "params.response_format"),
        (SMALLEST + "params: {top_p: 1}\n", "params.top_p: unknown key"),
        (SMALLEST + "few_shot: [{message: a, reply: {}}]\n", "few_shot 1: reply.action_type is missing"),
        (SMALLEST + "few_shot: [{message: a, reply: {action_type: x, alternative_action: [y]}}]\n", "alternative_action is no label"),
        (
            SMALLEST + "few_shot: [{message: a, reply: {action_type: x}, history: [{role: bot, content: a}]}]\n",
            "few_shot 1: history entry 1",
        ),
        (SMALLEST + "few_shot: [{message: a, label: x}]\n", "few_shot.0"),
        ("system: a\nuser: 'Message: {{ message }} Now answer.'\n", "must end with {{ message }}"),
        ("system: a\nuser: '{{ message | upper }}'\n", "must end with {{ message }}"),
        ("system: a\nuser: '{% if message %}{{ message }}{% endif %}'\n", "must end with {{ message }}"),
        ("system: 'a\n", "broken YAML"),
    ],
)
def test_a_broken_prompt_file_is_refused_with_file_and_place(text: str, said: str) -> None:
    path = written(text)
    with pytest.raises(PromptError) as caught:
        read_prompt(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_version_is_refused_with_the_nearest() -> None:
    with pytest.raises(PromptError, match=r"there is no prompt 'intent@v22'; did you mean 'intent@v2'\?"):
        load_prompt("intent@v22")


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(PromptError, match=r"nowhere\.yaml: no such file"):
        load_prompt("nowhere.yaml")


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_as_a_prompt_file(text: str) -> None:
    path = written("")
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(PromptError):
        read_prompt(path)


def test_every_packaged_version_is_what_its_file_says_and_released() -> None:
    root = packaged("prompts")
    assert drifts(root, PromptError) == []
    for name, version, path in list_prompts():
        assert read_prompt(path).ref == f"{name}@{version}"
        assert path.relative_to(root).as_posix() in read_lock(root, PromptError)


def test_the_packaged_files_mean_the_same_to_both_yaml_parsers() -> None:
    for name, version, path in list_prompts():
        plain = yaml.load(path.read_text(encoding="utf-8"), yaml.SafeLoader)  # libyaml takes more than the pure parser does
        assert (plain["name"], plain["version"], plain["system"]) == (name, version, load_prompt(f"{name}@{version}").system)
