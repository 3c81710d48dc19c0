"""Aligned text for terminals of any width and any code page: what cannot be shown is replaced, never a crash."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Final

from omniforge_cli.reporting import numbers

_ASCII: Final = str.maketrans(
    {"–": "-", "−": "-", "—": "-", "…": "...", "·": "|", "→": "->", "×": "x", "≥": ">=", "≤": "<=", "’": "'", "“": '"', "”": '"'}
    | dict(zip("▁▂▃▄▅▆▇█", "_.-~=+*#", strict=True))
)

BOLD, DIM, RED, GREEN, YELLOW = "1", "2", "31", "32", "33"


def paint(text: str, *styles: str, color: bool) -> str:
    """The text in those ANSI styles, or as it is."""
    return f"\x1b[{';'.join(styles)}m{text}\x1b[0m" if color and styles and text else text


def displayed_width(text: str) -> int:
    """Columns that a terminal gives this text: two for wide characters, none for combining ones."""
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def fitted(text: str, width: int) -> str:
    """The text on one line in at most `width` columns, ending in an ellipsis where it was cut."""
    text = numbers.one_line(text)
    if displayed_width(text) <= width:
        return text
    while text and displayed_width(text) > width - 1:
        text = text[:-1]
    return text + "…"


def aligned(rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), widest: int = 60) -> list[str]:
    """Lines with columns two spaces apart; the columns numbered in `right` stand to the right, no cell is wider than `widest`."""
    cells = [[fitted(cell, widest) for cell in row] for row in rows]
    widths = [max(displayed_width(cell) for cell in column) for column in zip(*cells, strict=True)]
    return ["  ".join(_padded(cell, widths[i], i in right) for i, cell in enumerate(row)).rstrip() for row in cells]


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """The text in lines of at most `width` columns."""
    return textwrap.wrap(text, max(width, 20), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def encodable(text: str, encoding: str) -> str:
    """The text in characters that this encoding has: plain forms for our own signs, escapes for the rest."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = "".join(char if _fits(char, encoding) else char.translate(_ASCII) for char in text)
        return plain.encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        return encodable(text, "ascii")
    return text


def _fits(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _padded(cell: str, width: int, to_the_right: bool) -> str:
    gap = " " * (width - displayed_width(cell))
    return gap + cell if to_the_right else cell + gap
