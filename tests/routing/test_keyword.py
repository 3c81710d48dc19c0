from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.decision import Source
from omniforge_cli.core.taxonomy import Label, Taxonomy
from omniforge_cli.routing.keyword import KeywordAnalyzer
from tests.architecture.sources import ROOT
from tests.routing.making import DESK, asked


@pytest.mark.parametrize(
    ("message", "action"),
    [
        ("I want a refund", "give_refund"),
        ("REFUND me", "give_refund"),
        ("Where is my parcel?", "track_parcel"),
        ("give me my money back, not the parcel", "give_refund"),
        ("我的包裹在哪里", "track_parcel"),
        ("hello", "other"),
        ("xyz", "other"),
        ("refunded", "other"),
        ("", "other"),
    ],
)
async def test_the_label_whose_keywords_weigh_most_is_it(message: str, action: str):
    decision = await KeywordAnalyzer(DESK).analyze(asked(message))
    assert (decision.action_type, decision.source) == (action, Source.KEYWORD)


async def test_words_at_the_start_count_double():
    at_start = await KeywordAnalyzer(DESK).analyze(asked("refund: something went wrong with that parcel"))
    at_end = await KeywordAnalyzer(DESK).analyze(asked("parcel: something went wrong, so I ask for a refund"))
    assert (at_start.action_type, at_end.action_type) == ("give_refund", "track_parcel")


async def test_what_was_found_beside_the_winner_is_the_alternative_and_lowers_the_confidence():
    alone = await KeywordAnalyzer(DESK).analyze(asked("refund"))
    torn = await KeywordAnalyzer(DESK).analyze(asked("refund parcel"))
    assert (alone.alternative_action, torn.alternative_action) == (None, "track_parcel")
    assert torn.confidence < DESK.clarification_threshold < alone.confidence
    assert (torn.is_ambiguous, alone.is_ambiguous) == (True, False)
    assert torn.clarifying_question == "Do you want to get your money back, or to know where your parcel is?"
    assert alone.clarifying_question is None


async def test_where_nothing_was_found_it_says_so_with_little_confidence():
    decision = await KeywordAnalyzer(DESK).analyze(asked("xyz"))
    assert (decision.confidence, decision.is_ambiguous, decision.clarifying_question) == (0.3, True, DESK.clarification_open)


async def test_a_taxonomy_without_keywords_goes_by_its_names_and_phrases():
    bare = Taxonomy(name="bare", labels=(Label(name="book_flight"), Label(name="cancel", phrase="call it off")))
    analyzer = KeywordAnalyzer(bare)
    assert (await analyzer.analyze(asked("please book flight"))).action_type == "book_flight"
    assert (await analyzer.analyze(asked("call it off!"))).action_type == "cancel"
    assert (await analyzer.analyze(asked("?"))).action_type == "book_flight"


async def test_a_blank_keyword_is_no_keyword():
    odd = replace(
        DESK, labels=(Label(name="a", keywords=("", " ")), Label(name="b", keywords=("x",))), none_of_these="a", addressed_to_agent=None
    )
    assert (await KeywordAnalyzer(odd).analyze(asked("x y z"))).action_type == "b"
    empty = Taxonomy(name="empty", labels=(Label(name="a", keywords=(" ",)),))
    assert (await KeywordAnalyzer(empty).analyze(asked("anything"))).action_type == "a"


async def test_a_tie_goes_by_the_order_of_the_taxonomy():
    shared = Taxonomy(name="shared", labels=tuple(Label(name=name, keywords=("go",)) for name in ("z", "a", "m")))
    decision = await KeywordAnalyzer(shared).analyze(asked("go"))
    assert (decision.action_type, decision.alternative_action) == ("z", "a")


def test_every_process_decides_the_same():
    code = (
        "import asyncio; from omniforge_cli.wiring.routing import load_taxonomy\n"
        "from omniforge_cli.routing.keyword import KeywordAnalyzer\n"
        "from omniforge_cli.core.decision import RoutingRequest\n"
        "analyzer = KeywordAnalyzer(load_taxonomy('omniforge').taxonomy)\n"
        "for message in ('execute it', 'new user', 'attach hook up'):\n"
        "    print(asyncio.run(analyzer.analyze(RoutingRequest(message=message))).action_type)"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1


@given(st.text(max_size=60))
async def test_any_message_gets_a_label_of_the_taxonomy(message: str):
    decision = await KeywordAnalyzer(DESK).analyze(asked(message))
    assert decision.action_type in DESK.names
    assert 0 <= decision.confidence <= 1
    assert decision.is_ambiguous is (decision.clarifying_question is not None)
