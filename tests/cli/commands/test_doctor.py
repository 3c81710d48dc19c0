from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import duckdb
import pytest

from omniforge_cli.wiring import doctor
from tests.cli.conftest import Ended
from tests.loopback import Loopback

Omniforge = Callable[..., Ended]
HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def checks(ended: Ended) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in ended.json["checks"]}


def examined(omniforge: Omniforge, *arguments: str) -> dict[str, dict[str, Any]]:
    return checks(omniforge("doctor", "--format", "json", *arguments))


def test_on_a_sound_machine_everything_essential_works(omniforge: Omniforge):
    ended = omniforge("doctor", "--format", "json")
    found = checks(ended)
    assert (ended.code, ended.json["ok"]) == (0, True)
    assert found["python"]["detail"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert f"duckdb {metadata.version('duckdb')}" in found["packages"]["detail"]
    assert found["local analyzer"]["status"] == found["tokenizer"]["status"] == found["prompt"]["status"] == "ok"
    assert (found["endpoint"]["status"], found["endpoint"]["detail"]) == ("skipped", "no LLM is configured")


def test_text_has_a_line_a_check_and_says_how_to_mend(omniforge: Omniforge):
    ended = omniforge("doctor", "--taxonomy", "nowhere")
    assert ended.code == 2
    lines = ended.out.splitlines()
    (number,) = [number for number, line in enumerate(lines) if line.startswith("failed   taxonomy")]
    assert "there is no taxonomy 'nowhere'" in lines[number]
    assert "mend: give another with --taxonomy" in lines[number + 1]


def test_it_changes_nothing(omniforge: Omniforge):
    assert "is not there yet" in examined(omniforge, "--db", "deep/a.duckdb")["database"]["detail"]
    assert not Path("deep").exists()


def test_no_secret_is_printed(omniforge: Omniforge, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-s3cret-one")
    monkeypatch.setenv("OMNIFORGE_DB_KEY", "s3cret-two")
    ended = omniforge("doctor", "--api-base", "http://bob:s3cret-three@127.0.0.1:1/v1")
    assert "s3cret" not in ended.out + ended.err
    assert "OPENAI_API_KEY" in ended.out


def test_a_taxonomy_without_weights_is_a_warning(omniforge: Omniforge):
    Path("desk.yaml").write_text("name: desk\nlabels: [{name: a}]")
    ended = omniforge("doctor", "--taxonomy", "desk.yaml", "--format", "json")
    assert (ended.code, checks(ended)["local analyzer"]["status"]) == (0, "warning")


def test_damaged_weights_are_essential(omniforge: Omniforge):
    Path("desk").mkdir()
    Path("desk/taxonomy.yaml").write_text("name: desk\nlabels: [{name: a}]")
    Path("desk/weights.json").write_text("{")
    assert examined(omniforge, "--taxonomy", "desk")["local analyzer"]["status"] == "failed"


def test_a_broken_prompt_is_essential(omniforge: Omniforge):
    assert examined(omniforge, "--prompt", "nope")["prompt"]["status"] == "failed"


def test_a_database_of_ours_is_opened_and_described(omniforge: Omniforge, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMNIFORGE_DB_KEY", "key")
    Path("one.jsonl").write_text('{"conversation_id": "c", "messages": [{"role": "user", "content": "hi"}]}\n')
    assert omniforge("conversations", "import", "one.jsonl", "--db", "a.duckdb").code == 0
    found = examined(omniforge, "--db", "a.duckdb")["database"]
    assert (found["status"], ", encrypted, " in found["detail"]) == ("ok", True)
    monkeypatch.setenv("OMNIFORGE_DB_KEY", "other")
    wrong = examined(omniforge, "--db", "a.duckdb")["database"]
    assert (wrong["status"], "another key" in wrong["detail"]) == ("failed", True)


def test_a_file_that_is_no_database_is_essential_and_left_alone(omniforge: Omniforge):
    content = b"not a database at all" * 400
    Path("a.duckdb").write_bytes(content)
    ended = omniforge("doctor", "--db", "a.duckdb", "--format", "json")
    assert (ended.code, checks(ended)["database"]["status"]) == (2, "failed")
    assert Path("a.duckdb").read_bytes() == content


def test_somebody_elses_database_is_refused(omniforge: Omniforge):
    with duckdb.connect("a.duckdb") as connection:
        connection.execute("create table theirs (a integer)")
    found = examined(omniforge, "--db", "a.duckdb")["database"]
    assert (found["status"], "DuckDB file of something else" in found["detail"]) == ("failed", True)


def test_an_older_schema_is_told_and_left_alone(omniforge: Omniforge):
    with duckdb.connect("a.duckdb") as connection:
        connection.execute("create table schema_migrations (version integer primary key, name varchar, applied_at timestamp)")
    before = Path("a.duckdb").read_bytes()
    found = examined(omniforge, "--db", "a.duckdb")["database"]
    assert (found["status"], "schema 0: the next command that uses it upgrades it" in found["detail"]) == ("ok", True)
    assert Path("a.duckdb").read_bytes() == before


def test_who_holds_the_database_is_named(omniforge: Omniforge):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, "a.duckdb"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdin is not None
    assert holder.stdout is not None
    with holder:
        assert holder.stdout.readline() == b"held\n"
        found = examined(omniforge, "--db", "a.duckdb")["database"]
        holder.stdin.close()
    assert found["status"] == "warning"
    assert f"process {holder.pid}" in found["detail"]


def test_a_place_where_no_file_can_be_made_is_essential(omniforge: Omniforge):
    Path("file").write_text("")
    assert examined(omniforge, "--db", "file/a.duckdb")["database"]["status"] == "failed"


def test_an_endpoint_on_this_machine_is_asked(omniforge: Omniforge, loopback: Callable[..., Loopback]):
    server = loopback()
    found = examined(omniforge, "--api-base", server.url)["endpoint"]
    assert found["status"] == "ok"
    assert "answered" in found["detail"]


def test_an_endpoint_that_is_down_is_essential_once_it_is_configured(omniforge: Omniforge):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ended = omniforge("doctor", "--api-base", f"http://127.0.0.1:{port}/v1", "--format", "json")
    assert (ended.code, checks(ended)["endpoint"]["status"]) == (2, "failed")
    assert "cannot be reached" in checks(ended)["endpoint"]["detail"]


def test_an_endpoint_elsewhere_is_asked_only_with_online(omniforge: Omniforge, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    assert examined(omniforge)["endpoint"]["detail"] == "not asked; --online asks it"
    asked = examined(omniforge, "--online", "--api-base", "http://nowhere.invalid/v1")["endpoint"]
    assert (asked["status"], "nowhere.invalid cannot be reached" in asked["detail"]) == ("failed", True)


def test_a_model_that_only_litellm_speaks_to_is_not_asked(omniforge: Omniforge):
    found = examined(omniforge, "--online", "--model", "anthropic/claude-haiku-4-5")["endpoint"]
    assert (found["status"], "through litellm" in found["detail"]) == ("skipped", True)


def test_another_encoding_than_utf8_is_a_warning():
    from omniforge_cli.core.settings import Settings

    *_, terminal = doctor.examine(Settings(), encoding="cp1252", online=False)
    assert (terminal.name, terminal.status) == ("terminal", "warning")
    assert "PYTHONIOENCODING" in terminal.mend


def test_a_malicious_litellm_is_never_called_ok(tmp_path: Path):
    """A `litellm` of that version stands first on the path of a fresh interpreter."""
    info = tmp_path / "litellm-1.82.7.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: litellm\nVersion: 1.82.7\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nfrom omniforge_cli.wiring import doctor\nprint(doctor._litellm())"
    root = str(Path(doctor.__file__).resolve().parents[2])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": root})
    assert "status='failed'" in done.stdout
    assert "malicious" in done.stdout
