"""A run's samples in one append-only file: each is safe from a killed process as it finishes, and none has to stay in memory.

The run store gets them in bulk. A line is one sample as JSON, passed through `seal` (encryption, where the store is encrypted).
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from omniforge_cli.core.errors import SettingsError, StorageKeyError
from omniforge_cli.core.run import Sample, sample_from, sample_row

_PATTERN: Final = "journal-*.jsonl"


Seal = Callable[[str], str]
"""What a text passes through on its way to the disk, or back."""


def plain(text: str) -> str:
    """The seal of an unencrypted store: none."""
    return text


class Journal:
    """Appends samples to a file and reads them back; a line torn by a kill is ignored."""

    def __init__(self, path: Path, *, seal: Seal = plain, unseal: Seal = plain) -> None:
        self._path = path
        self._seal = seal
        self._unseal = unseal
        self._file: int | None = None

    def append(self, sample: Sample) -> None:
        """Write one sample; raises as `append_texts`."""
        self.append_texts([sample_row(sample)[3]])

    def append_texts(self, texts: Iterable[str]) -> None:
        """Write samples, each as its JSON; when this returns, the death of this process cannot lose them.

        Raises:
            SettingsError: the folder cannot be written, or the disk is full.
        """
        line = "".join([self._seal(text) + "\n" for text in texts]).encode()
        try:
            if self._file is None:
                self._file = self._opened()
            while line:  # of a line that meets the end of the disk a part is written, and no error raised
                line = line[os.write(self._file, line) :]
        except OSError as exc:
            told = f"{self._path.parent}: the run's samples cannot be kept there ({exc.strerror or exc})"
            raise SettingsError(f"{told}; make room, or give another --output-dir") from exc

    def samples(self) -> Iterator[Sample]:
        """Every sample that was written whole, in order of arrival."""
        for text in self.texts():
            with contextlib.suppress(ValueError, KeyError, TypeError):  # the middle of a line that a kill tore; it is asked again
                yield sample_from(text)

    def texts(self) -> Iterator[str]:
        """Every line as it was given to `append_texts`; one that a kill tore may be among them."""
        if not self._path.exists():
            return
        with self._path.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n") and line.strip():
                    with contextlib.suppress(ValueError, StorageKeyError):
                        yield self._unseal(line.decode("utf-8").rstrip("\n"))

    def close(self) -> None:
        """Close the file; it stays on disk."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def delete(self) -> None:
        """Remove the file, once its samples are safe elsewhere."""
        self.close()
        self._path.unlink(missing_ok=True)

    def _opened(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if not self._ends_with_newline():
            os.write(file, b"\n")
        return file

    def _ends_with_newline(self) -> bool:
        size = self._path.stat().st_size
        if size == 0:
            return True
        with self._path.open("rb") as file:
            file.seek(size - 1)
            return file.read(1) == b"\n"


def new_journal(folder: Path, seal: Seal = plain, unseal: Seal = plain) -> Journal:
    """A journal of its own for one attempt at a run whose reports go into `folder`."""
    return Journal(folder / _PATTERN.replace("*", secrets.token_hex(4)), seal=seal, unseal=unseal)


def find_journals(folder: Path, seal: Seal = plain, unseal: Seal = plain) -> list[Journal]:
    """The journals that killed attempts left in a run's folder."""
    return [Journal(path, seal=seal, unseal=unseal) for path in sorted(folder.glob(_PATTERN))]
