"""Encryption of single texts at rest: AES-256-GCM with a key that scrypt derives from the user's key and the file's salt."""

from __future__ import annotations

import base64
import os
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from omniforge_cli.core.errors import StorageKeyError

_NONCE_BYTES: Final = 12
_SCRYPT_COST: Final = 2**15
"""About 0.1 s and 32 MB for one guess at the key; paid once for each open file."""


class TextCipher(Protocol):
    """Turns a text into what is stored, and back. `owner` (the tenant) must be the same both times."""

    def seal(self, text: str, *, owner: str) -> str:
        """What to store."""
        ...

    def open(self, stored: str, *, owner: str) -> str:
        """The text that was sealed.

        Raises:
            StorageKeyError: it was changed, moved to another owner, or sealed with another key.
        """
        ...


class PlainTexts:
    """Stores texts as they are: a file without a key."""

    def seal(self, text: str, *, owner: str) -> str:
        """The text itself."""
        return text

    def open(self, stored: str, *, owner: str) -> str:
        """The text itself."""
        return stored


class SealedTexts:
    """Authenticated encryption: what is stored can be neither read nor changed, nor handed to another tenant, without the key."""

    def __init__(self, key: str, salt: bytes) -> None:
        derived = Scrypt(salt=salt, length=32, n=_SCRYPT_COST, r=8, p=1).derive(key.encode("utf-8", "surrogateescape"))
        self._aead = AESGCM(derived)

    def seal(self, text: str, *, owner: str) -> str:
        """Nonce and ciphertext, in Base64."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._aead.encrypt(nonce, text.encode("utf-8", "surrogatepass"), owner.encode("utf-8", "surrogatepass"))
        return base64.b64encode(nonce + sealed).decode("ascii")

    def open(self, stored: str, *, owner: str) -> str:
        """The text.

        Raises:
            StorageKeyError: the stored text is not what this key sealed for this owner.
        """
        try:
            raw = base64.b64decode(stored, validate=True)
            opened = self._aead.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], owner.encode("utf-8", "surrogatepass"))
        except (InvalidTag, ValueError) as exc:
            raise StorageKeyError("a stored text cannot be decrypted: it was changed, or written with another key") from exc
        return opened.decode("utf-8", "surrogatepass")
