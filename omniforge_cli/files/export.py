"""Eval sets as text: YAML as a person would write it, JSONL and CSV. What is written reads back as the same cases."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from typing import Any, Final

from omniforge_cli.core.conversation import Agent
from omniforge_cli.core.evalset import Case, EvalSet

_PLAIN: Final = re.compile(r"[A-Za-z_][\w.\-/]*")
_NOT_TEXT: Final = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
"""Words that YAML reads as something else."""
_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Characters that YAML refuses or takes for a line's end."""
_ONE_LINE: Final = frozenset({"tags", "acceptable_actions"})
CSV_COLUMNS: Final = (
    "id",
    "message",
    "expected_action",
    "acceptable_actions",
    "expected_entities",
    "expected_ambiguous",
    "history",
    "agents",
    "tags",
    "note",
    "description",
)


def written(case: Case) -> dict[str, Any]:
    """A case as plain JSON values in the order of the file format; what holds nothing is left out."""
    values: dict[str, Any] = {
        "id": case.id,
        "message": case.message,
        "expected_action": case.expected_action,
        "acceptable_actions": list(case.acceptable_actions),
        "expected_entities": dict(case.expected_entities),
        "expected_ambiguous": case.expected_ambiguous,
        "history": [{"role": entry.role, "content": entry.content} for entry in case.history],
        "agents": [_agent(agent) for agent in case.agents],
        "tags": list(case.tags),
        "note": case.note,
        "description": case.description,
    }
    return {key: value for key, value in values.items() if key == "message" or value not in ("", None, [], {})}


def yaml_text(evalset: EvalSet) -> str:
    """The whole file in YAML."""
    head = f"schema_version: 1\nname: {_word(evalset.name)}\nversion: {_word(evalset.version)}\n"
    head += f"description: {flow(evalset.description)}\n" if evalset.description else ""
    return head + "cases:\n\n" + "\n".join(yaml_case(case) for case in evalset.cases)


def yaml_case(case: Case) -> str:
    """One entry of the list `cases`, with its line end."""
    lines = [f"{key}: {_value(key, value)}".replace(": \n", ":\n", 1) for key, value in written(case).items()]
    return "- " + "\n  ".join(lines) + "\n"


def json_lines(cases: Iterable[Case]) -> str:
    """One case a line."""
    return "".join(json_line(case) + "\n" for case in cases)


def json_line(case: Case) -> str:
    """One case as JSON; letters of every script stand as they are."""
    return flow(written(case))


def csv_text(cases: Iterable[Case]) -> str:
    """Columns that hold something in some case; lists of words joined with `;`, everything nested as JSON."""
    rows = [{key: _cell(key, value) for key, value in written(case).items()} for case in cases]
    columns = [name for name in CSV_COLUMNS if any(name in row for row in rows)]
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, columns)
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue()


def _value(key: str, value: Any) -> str:
    if key == "history":
        return "".join(f"\n  - {{role: {turn['role']}, content: {flow(turn['content'])}}}" for turn in value)
    if key in _ONE_LINE:
        return f"[{', '.join(_word(item) for item in value)}]"
    if key in ("id", "expected_action"):
        return _word(value)
    return flow(value)


def flow(value: Any) -> str:
    """JSON that is YAML as well: a character that either could not hold is escaped, half of a surrogate pair becomes a question mark."""
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _word(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT else flow(text)


def _cell(key: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    return ";".join(value) if key in _ONE_LINE else json.dumps(value, ensure_ascii=False)


def _agent(agent: Agent) -> str | dict[str, Any]:
    if agent == Agent(id=agent.name, name=agent.name):
        return agent.name
    described = {"id": agent.id, "name": agent.name, "description": agent.description, "skills": list(agent.skills)}
    return {key: value for key, value in described.items() if value}
