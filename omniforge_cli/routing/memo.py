"""A bounded memory of what was computed: words and their neighbourhoods come again and again, messages rarely."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memo(dict[Key, Value]):
    """`memo[key]` is `compute(key)`, remembered. When there are `size` of them it begins anew: what is frequent is soon there again.

    A dictionary, so that `map(memo.__getitem__, keys)` runs without a line of Python for what is known. Not thread-safe.
    """

    def __init__(self, compute: Callable[[Key], Value], size: int) -> None:
        super().__init__()
        self._compute = compute
        self._size = size

    def __missing__(self, key: Key) -> Value:
        """What is not remembered."""
        if len(self) >= self._size:
            self.clear()
        value = self[key] = self._compute(key)
        return value
