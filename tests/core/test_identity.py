"""What makes two things the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.identity import content_hash, content_hash_of_texts


@given(st.lists(st.text(), max_size=5))
def test_a_stream_of_texts_has_the_hash_of_their_list(texts: list[str]) -> None:
    assert content_hash_of_texts(iter(texts)) == content_hash(texts)
