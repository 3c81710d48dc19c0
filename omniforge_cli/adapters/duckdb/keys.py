"""The key of a database file: salt and check value stand in the file, the key itself never does."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import duckdb

from omniforge_cli.adapters.encryption import PlainTexts, SealedTexts, TextCipher
from omniforge_cli.core.errors import StorageKeyError

_CHECK: Final = "omniforge"


class Keyring:
    """Gives the cipher for a file, or refuses it. Deriving a key takes 0.1 s, so each is kept for its salt."""

    def __init__(self, key: str | None) -> None:
        self._key = key or None
        self._ciphers: dict[str, SealedTexts] = {}

    def enrol(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make a new file one that opens with this key alone; without a key it stays plain."""
        if self._key is not None:
            salt = base64.b64encode(secrets.token_bytes(16)).decode("ascii")
            check = self._derived(salt).seal(_CHECK, owner="")
            connection.executemany("insert into settings values (?, ?)", [["salt", salt], ["key_check", check]])

    def cipher(self, settings: Mapping[str, str], path: Path) -> TextCipher:
        """The cipher for what people wrote, in the file with these settings.

        Raises:
            StorageKeyError: the file has another key, or one where none was given, or none where one was.
        """
        if self._key is None:
            if "salt" in settings:
                raise StorageKeyError(f"{path} is encrypted; set OMNIFORGE_DB_KEY to its key")
            return PlainTexts()
        if "salt" not in settings:
            raise StorageKeyError(f"{path} is not encrypted, and a key is set; unset OMNIFORGE_DB_KEY or choose another file with --db")
        cipher = self._derived(settings["salt"])
        try:
            cipher.open(settings["key_check"], owner="")
        except StorageKeyError as exc:
            raise StorageKeyError(f"{path} is encrypted with another key; check OMNIFORGE_DB_KEY") from exc
        return cipher

    def _derived(self, salt: str) -> SealedTexts:
        assert self._key is not None  # asked only where there is a key
        if salt not in self._ciphers:
            self._ciphers[salt] = SealedTexts(self._key, base64.b64decode(salt))
        return self._ciphers[salt]
