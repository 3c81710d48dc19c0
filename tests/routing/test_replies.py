"""What an assistant's message offers, asks and lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.files.phrases import load_phrases
from omniforge_cli.routing.replies import read_reply

PHRASES = load_phrases()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Which one?\n1. Leave desk\n2. Rota bot (paused)\n3. Pulse - checks sites", ["Leave desk", "Rota bot", "Pulse"]),
        ("(a) Ahorn, (b) Birke und (c) Linde", ["Ahorn", "Birke", "Linde"]),
        ("- Finance Close\n- Ops Pager\n", ["Finance Close", "Ops Pager"]),
        ("1 Parcels\n2 Returns", ["Parcels", "Returns"]),
        ("Did you mean (A) a new desk or (B) the old one?", ["a new desk", "the old one"]),
        ("Did you mean a new desk (A) or the old one (B)?", ["Did you mean a new desk", "the old one"]),
        ("Willow, Otto or Iris?", ["Willow", "Otto", "Iris"]),
        ("Should it be called Bard or Quill?", ["Bard", "Quill"]),
        ('You have two: "Weekly Digest" and "Board Digest". Which?', ["Weekly Digest", "Board Digest"]),
        ("¿A cuál? 1. Recepción 2. Noche", ["Recepción", "Noche"]),
        ("Vendas, Estoque ou Trocas?", ["Vendas", "Estoque", "Trocas"]),
        ("・朝刊まとめ\n・在庫番", ["朝刊まとめ", "在庫番"]),
        ("招聘助手、报销助手、排班助手。", ["招聘助手", "报销助手", "排班助手"]),
        ("All done, it ran twice.", []),
        ("Shall I pause it?", []),
    ],
)
def test_the_options_are_those_listed(text: str, names: list[str]) -> None:
    assert [option.name for option in read_reply(text, PHRASES).options] == names


@pytest.mark.parametrize(
    ("text", "offer"),
    [
        ("Otto has not run yet. Shall I start it now?", "start it now"),
        ("I could write a shared unit converter. Want that?", "write a shared unit converter"),
        ("Möchtest du den Plan ändern? ", "den Plan ändern"),
        ("Il n'existe pas. Voulez-vous que je le crée tout de suite ?", "le crée tout de suite"),
    ],
)
def test_an_offer_is_worded_as_a_request(text: str, offer: str) -> None:
    assert read_reply(text, PHRASES).offer == offer


def test_a_question_before_the_last_sentence_is_still_asked_and_a_report_asks_nothing() -> None:
    assert read_reply("Delete it? This cannot be undone.", PHRASES).asks
    assert read_reply("削除しますか？", PHRASES).asks
    assert not read_reply("Otto is paused.", PHRASES).asks


@given(st.text(alphabet=st.sampled_from("aB1.,?()-•\n:\"' or还"), max_size=200))
def test_any_text_is_read(text: str) -> None:
    reply = read_reply(text, PHRASES)
    assert all(option.text or option.name == "" for option in reply.options)


def test_a_huge_reply_is_bounded() -> None:
    assert len(read_reply("1. a\n" * 300_000, PHRASES).text) < 2100
