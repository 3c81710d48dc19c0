"""What makes two things the same: canonical JSON, SHA-256, nearest names. New ids and the clock come in from outside."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final

_CANONICAL: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces, so that equal values have equal text."""
    return _CANONICAL.encode(value)


def sha256(content: str | bytes) -> str:
    """Hex SHA-256 of text (as UTF-8, lone surrogates kept) or bytes."""
    return hashlib.sha256(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content).hexdigest()


def content_hash(value: Any) -> str:
    """Identity by content of any JSON value: SHA-256 of its canonical JSON."""
    return sha256(canonical_json(value))


def content_hash_of_texts(texts: Iterable[str]) -> str:
    """`content_hash` of a list of texts that is never in memory as a whole."""
    digest = hashlib.sha256(b"[")
    for number, text in enumerate(texts):
        digest.update((("," if number else "") + canonical_json(text)).encode("utf-8", "surrogatepass"))
    digest.update(b"]")
    return digest.hexdigest()


def nearest(wanted: str, known: Iterable[str]) -> str:
    """`"; did you mean 'x'?"`, or a list of what there is when nothing is near, ready to end an error message."""
    names = list(known)
    close = difflib.get_close_matches(wanted, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    if not names:
        return ""
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"; there is: {shown}"
