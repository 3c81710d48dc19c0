from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.errors import SettingsError
from omniforge_cli.core.settings import Settings
from omniforge_cli.files.settings import (
    OPTIONS,
    PROVIDER_KEYS,
    cache_dir,
    config_files,
    config_places,
    no_colour,
    provider_keys,
    read_settings,
    step_summary_file,
)

HERE, USERS = 0, 1


def configure(place: int, text: str) -> Path:
    path = config_places()[place]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def refusal(**flags: object) -> str:
    with pytest.raises(SettingsError) as caught:
        read_settings(flags)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_with_nothing_configured_every_setting_is_its_default():
    settings = read_settings({})
    assert settings == Settings(db=settings.db, origins=dict.fromkeys(OPTIONS, "default"))
    assert settings.db.endswith("omniforge.duckdb")
    assert Path(settings.db).is_absolute()


def test_each_place_stands_over_the_ones_after_it(monkeypatch: pytest.MonkeyPatch):
    users = configure(USERS, 'tenant = "users"')
    assert (read_settings({}).tenant, read_settings({}).origins["tenant"]) == ("users", str(users))
    here = configure(HERE, 'tenant = "here"')
    assert config_files() == [here, users]
    assert (read_settings({}).tenant, read_settings({}).origins["tenant"]) == ("here", str(here))
    monkeypatch.setenv("OMNIFORGE_TENANT", "environment")
    assert (read_settings({}).tenant, read_settings({}).origins["tenant"]) == ("environment", "environment OMNIFORGE_TENANT")
    typed = read_settings({"tenant": "typed"})
    assert (typed.tenant, typed.origins["tenant"]) == ("typed", "flag --tenant")


def test_two_files_complete_each_other():
    configure(USERS, 'tenant = "users"\nuser = "rosa"')
    configure(HERE, 'tenant = "here"')
    assert (read_settings({}).tenant, read_settings({}).user) == ("here", "rosa")


def test_a_flag_that_was_not_typed_says_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMNIFORGE_PROMPT", "intent@v1")
    assert read_settings({"prompt": None}).prompt == "intent@v1"


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMNIFORGE_PROMPT", "")
    assert read_settings({}).origins["prompt"] == "default"


@pytest.mark.parametrize("name", [name for name, option in OPTIONS.items() if option.key])
def test_every_setting_can_be_given_everywhere_with_the_same_effect(name: str, monkeypatch: pytest.MonkeyPatch):
    given = {"analyzer": "keyword", "provider": "direct", "format": "json", "log_format": "json"}.get(name, "1")
    option = OPTIONS[name]
    typed = getattr(read_settings({name: given}), name)
    configure(HERE, f'{option.key} = "{given}"')
    assert getattr(read_settings({}), name) == typed
    (Path.cwd() / "omniforge.toml").unlink()
    monkeypatch.setenv(option.variable, given)
    assert getattr(read_settings({}), name) == typed


def test_numbers_in_a_file_are_numbers():
    configure(HERE, "timeout = 2\ncontext_max_messages = 7\ncascade_threshold = 0.25\nverbosity = -1")
    settings = read_settings({})
    assert (settings.timeout_s, settings.context_max_messages, settings.cascade_threshold, settings.verbosity) == (2.0, 7, 0.25, -1)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("OMNIFORGE_INTENT_TIMEOUT_SEC", "soon", "OMNIFORGE_INTENT_TIMEOUT_SEC: 'soon' cannot be used"),
        ("OMNIFORGE_INTENT_TIMEOUT_SEC", "0", "seconds must be a number over 0"),
        ("OMNIFORGE_INTENT_TIMEOUT_SEC", "nan", "seconds must be a number over 0"),
        ("OMNIFORGE_INTENT_TIMEOUT_SEC", "inf", "seconds must be a number over 0"),
        ("OMNIFORGE_CONTEXT_MAX_MESSAGES", "0", "it must be a whole number over 0"),
        ("OMNIFORGE_CONTEXT_MAX_MESSAGES", "2.5", "cannot be used"),
        ("OMNIFORGE_CASCADE_THRESHOLD", "1.5", "it must lie between 0 and 1"),
        ("OMNIFORGE_CASCADE_THRESHOLD", "nan", "it must lie between 0 and 1"),
        ("OMNIFORGE_ANALYZER", "magic", "it is one of auto, llm, local, keyword, cascade"),
        ("OMNIFORGE_PROVIDER", "x", "it is one of auto, direct, litellm"),
        ("OMNIFORGE_FORMAT", "xml", "it is one of text, json"),
        ("OMNIFORGE_VERBOSITY", "loud", "cannot be used"),
        ("OMNIFORGE_TENANT", "  ", "it is empty"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_where_it_stands(variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(variable, value)
    message = refusal()
    assert message.startswith(variable)
    assert said in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tenannt = 'x'", "omniforge.toml: unknown key 'tenannt'; did you mean 'tenant'?"),
        ("db_key = 'secret'", "omniforge.toml: unknown key 'db_key'"),
        ("tenant = ", "omniforge.toml: cannot be read as TOML"),
        ("[model]\nname = 'x'", "omniforge.toml: model: give a text or a number"),
        ("model = ['a', 'b']", "omniforge.toml: model: give a text or a number"),
        ("timeout = true", "omniforge.toml: timeout: give a text or a number"),
        ("timeout = -1", "omniforge.toml: timeout: '-1' cannot be used"),
    ],
)
def test_a_wrong_file_is_refused_with_its_key(text: str, said: str):
    configure(HERE, text)
    assert said in refusal()


def test_a_file_that_is_no_text_is_refused():
    config_places()[HERE].write_bytes(b"tenant = '\xff'")
    assert "cannot be read as TOML" in refusal()


def test_a_secret_is_never_told_not_even_when_it_is_wrong(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMNIFORGE_DB_KEY", "s3cret\n ")
    assert "s3cret" not in repr(read_settings({}))
    assert "s3\0cret" not in refusal(db_key="s3\0cret")


def test_the_first_provider_key_names_the_model(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROQ_API_KEY", "x")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "x")
    settings = read_settings({})
    assert settings.model == PROVIDER_KEYS["ANTHROPIC_API_KEY"]
    assert settings.origins["model"] == "default, as ANTHROPIC_API_KEY is set"
    assert settings.provider_keys == ("ANTHROPIC_API_KEY", "GROQ_API_KEY")
    assert read_settings({"model": "mine"}).model == "mine"


def test_a_blank_key_is_no_key(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "  ")
    assert read_settings({}).provider_keys == ()
    assert provider_keys() == {}


def test_keys_of_providers_that_only_litellm_knows_are_handed_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REPLICATE_API_TOKEN", "x")
    monkeypatch.setenv("NVIDIA_API_KEY", "y")
    assert provider_keys() == {"REPLICATE_API_TOKEN": "x", "NVIDIA_API_KEY": "y"}


@pytest.mark.parametrize(("value", "plain"), [("1", True), ("0", True), ("", False)])
def test_no_color_counts_once_it_holds_anything(value: str, plain: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_COLOR", value)
    assert no_colour() is plain


def test_the_step_summary_is_where_github_says(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    assert step_summary_file() is None
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/tmp/summary.md")
    assert step_summary_file() == Path("/tmp/summary.md")


def test_the_cache_lies_in_the_users_cache_folder():
    assert cache_dir().is_relative_to(Path.home())


@given(st.sampled_from(sorted(OPTIONS)), st.text(max_size=12))
def test_any_text_is_a_value_or_refused_in_one_line(name: str, text: str):
    try:
        settings = read_settings({name: text})
    except SettingsError as refused:
        assert str(refused).startswith("--")
    else:
        assert settings.origins[name].startswith("flag --")
