"""Exact token counts without a network: tiktoken reads the tokenizer files that litellm ships. Where that fails, an estimate counts."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import tiktoken

from omniforge_cli.conversations.context import estimate_tokens

_DEFAULT_ENCODING: Final = "o200k_base"
_CACHE_VARIABLE: Final = "TIKTOKEN_CACHE_DIR"
_FILE_URL: Final = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"
_PIECE: Final = 10_000
"""Characters counted at once: tiktoken's time is not linear for a hostile text, such as a million times the same letter."""


class TiktokenCounter:
    """Counts tokens as the model's tokenizer does (as `o200k_base` does for models that are not OpenAI's).

    The tokenizer is loaded at the first count, in some tenths of a second. If that fails, `warn` is told once and
    `estimate_tokens` (UTF-8 bytes / 3) counts from then on.
    """

    def __init__(self, model: str | None = None, *, warn: Callable[[str], None], folder: Path | None = None) -> None:
        self._model = model
        self._warn = warn
        self._folder = folder
        self._count: Callable[[str], int] | None = None

    def __call__(self, text: str) -> int:
        """Number of tokens in the text."""
        if self._count is None:
            self._count = self._loaded()
        return self._count(text)

    def _loaded(self) -> Callable[[str], int]:
        try:
            encoding = _encoding(_encoding_name(self._model), self._folder or _shipped_folder())
        except (OSError, ValueError, KeyError) as exc:
            self._warn(f"token counts are estimated from the text's length: no tokenizer could be loaded ({exc})")
            return estimate_tokens
        return lambda text: sum(len(encoding.encode(piece, disallowed_special=())) for piece in _pieces(text))


def _encoding_name(model: str | None) -> str:
    try:
        return tiktoken.encoding_name_for_model((model or "").rpartition("/")[2])
    except KeyError:
        return _DEFAULT_ENCODING


def _shipped_folder() -> Path:
    litellm = importlib.util.find_spec("litellm")  # finding it does not import it, which would take seconds
    if litellm is None or litellm.origin is None:
        raise FileNotFoundError("litellm is not installed")
    return Path(litellm.origin).parent / "litellm_core_utils" / "tokenizers"


def _encoding(name: str, folder: Path) -> tiktoken.Encoding:
    """The encoding from its file in the folder, which tiktoken names by the SHA-1 of its address; never from that address."""
    file = folder / hashlib.sha1(_FILE_URL.format(name).encode(), usedforsecurity=False).hexdigest()
    if not file.is_file():
        raise FileNotFoundError(f"{name} is not in {folder}")
    with _cached_in(folder):
        return tiktoken.get_encoding(name)


@contextmanager
def _cached_in(folder: Path) -> Iterator[None]:
    before = os.environ.get(_CACHE_VARIABLE)
    os.environ[_CACHE_VARIABLE] = str(folder)  # the only way to tell tiktoken
    try:
        yield
    finally:
        if before is None:
            del os.environ[_CACHE_VARIABLE]
        else:
            os.environ[_CACHE_VARIABLE] = before


def _pieces(text: str) -> Iterator[str]:
    return (text[begin : begin + _PIECE] for begin in range(0, len(text), _PIECE))
