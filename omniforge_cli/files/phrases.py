"""The words behind follow-ups and entities (`phrases.json`), and what the follow-up gate learned (`followup.json`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from omniforge_cli.core.errors import WeightsError
from omniforge_cli.files.resources import weights
from omniforge_cli.routing.followup import SOURCES, FollowupModel
from omniforge_cli.routing.phrases import Phrases, read, table

SCHEMA_VERSION: Final = 1


def load_phrases(path: Path | None = None) -> Phrases:
    """The packaged phrases, or those of another file.

    Raises:
        WeightsError: the file is missing or damaged.
    """
    path = path or weights() / "phrases.json"
    plain = _read(path)
    try:
        return Phrases(
            talk=table(
                {
                    **{name: languages.values() for name, languages in plain["classes"].items()},
                    "ordinal": plain["ordinals"].values(),
                    "cardinal": plain["cardinals"].values(),
                }
            ),
            things=table({name: [listed] for name, listed in plain["words"].items()}),
            ordinals=_positions(plain["ordinals"]),
            cardinals=_positions(plain["cardinals"]),
            services=table({name: [" ".join(read(name).words)] for name in "|".join(plain["integrations"].values()).split("|")}),
            capitalised=frozenset(plain["integrations"]["capitalised"].split("|")),
            clock=str(plain["schedule"]["clock"]),
            schedules="|".join(plain["schedule"]["patterns"]),
            file=rf"(?i)(?<![\w/@.-])[\w./-]*\w\.(?:{plain['file_suffixes']})\b",
            lists={name: frozenset(listed.split("|")) for name, listed in plain["lists"].items()},
            affixes={name: tuple(listed.split("|")) for name, listed in plain["affixes"].items()},
            patterns=dict(plain["patterns"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise WeightsError(f"{path}: it is no phrases file ({error.__class__.__name__}: {error}); install omniforge again") from error


def load_followup(phrases: Phrases, path: Path | None = None) -> FollowupModel:
    """The packaged gate, or that of another file, with the phrases that it reads.

    Raises:
        WeightsError: the file is missing, damaged, or made for other sources than this program mixes.
    """
    path = path or weights() / "followup.json"
    plain = _read(path)
    try:
        if plain["sources"] != list(SOURCES):
            raise ValueError(f"its sources are {plain['sources']}")
        learned = {str(name): tuple(map(float, row)) for name, row in plain["weights"].items()}
        if any(len(row) != len(SOURCES) + 1 for row in learned.values()):
            raise ValueError("a row of weights has the wrong length")
        return FollowupModel(phrases=phrases, weights=learned)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise WeightsError(
            f"{path}: it is no follow-up model ({error.__class__.__name__}: {error}); run scripts/train_followup.py"
        ) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        plain = json.loads(path.read_bytes())
        if not isinstance(plain, dict) or plain.get("schema_version") != SCHEMA_VERSION:
            raise ValueError(f"schema_version must be {SCHEMA_VERSION}")
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: cannot be read ({error}); install omniforge again") from error
    return plain


def _positions(listed: dict[str, str]) -> dict[str, int]:
    return {phrase: int(position) for position, phrases in listed.items() for phrase in phrases.split("|")}
