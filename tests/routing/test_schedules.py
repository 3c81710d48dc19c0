"""Schedules as people write them."""

from __future__ import annotations

import pytest

from omniforge_cli.files.phrases import load_phrases
from omniforge_cli.routing.phrases import classes_of, read
from omniforge_cli.routing.schedules import schedules

PHRASES = load_phrases()


def found(text: str) -> list[str]:
    words = read(text)
    hits = PHRASES.things.hits(words.words)
    return schedules(words, hits, classes_of(hits), PHRASES)


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("send it every Monday at 9", "every Monday at 9"),
        ("run it daily at 6pm please", "daily at 6pm"),
        ("every 15 minutes", "every 15 minutes"),
        ("we waste hours every Monday", "every Monday"),
        ("each dawn, check the berths", "each dawn"),
        ("twice a day is plenty", "twice a day"),
        ("once a quarter, mail the board", "once a quarter"),
        ("the first Monday of the month", "first Monday of the month"),
        ("check it every six hours", "every six hours"),
        ("move its start from 5 a.m. to 4.30 a.m.", "4.30 a.m."),
        ("run it weekly instead of daily", "weekly"),
        ("cron is 0 9 * * 1 now", "0 9 * * 1"),
        ("jeden Montag um 9 Uhr", "jeden Montag um 9 Uhr"),
        ("todos los lunes a las 9", "todos los lunes a las 9"),
        ("毎週月曜9時に送って", "毎週月曜9時"),
        ("每周一早上9点发", "每周一早上9点"),
        ("매일 아침 보내줘", "매일 아침"),
        ("हर सोमवार भेजो", "हर सोमवार"),
        ("каждый понедельник в 9:00", "каждый понедельник в 9:00"),
    ],
)
def test_what_happens_again_is_a_schedule(text: str, schedule: str) -> None:
    assert found(text) == [schedule]


@pytest.mark.parametrize(
    "text",
    [
        "it ran on Monday",
        "3 times",
        "the meeting is at 9",
        "every agent has it",
        "2 * 3 = 6",
        "see you tomorrow morning",
        "the monthly bill is due",
        "run create-weekly-menu",
    ],
)
def test_what_happens_once_or_never_is_none(text: str) -> None:
    assert found(text) == []
