"""Cases on disk: a sequence of any length that takes no memory, so that a million stored turns can be replayed."""

from __future__ import annotations

import tempfile
import threading
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final, overload

from omniforge_cli.core.evalset import Case
from omniforge_cli.evals.journal import Seal, plain
from omniforge_cli.evals.packing import pack, unpack

CHUNK: Final = 96
"""Cases that are written as one, and decided as one by a worker process: some milliseconds of work."""
_IN_MEMORY: Final = 20_000


class SpooledCases(Sequence[Case]):
    """Cases that are appended one after the other and then only read, in a file without a name, which goes with this object.

    A chunk passes through `seal` on its way to the disk (encryption, where the conversations are encrypted), and back through `unseal`.
    """

    def __init__(self, *, seal: Seal = plain, unseal: Seal = plain) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the cases
        weakref.finalize(self, self._file.close)
        self._ends = array("Q", [0])
        self._seal = seal
        self._unseal = unseal
        self._last: list[Case] = []
        self._reading = threading.Lock()

    def append(self, case: Case) -> None:
        """Add a case at the end."""
        self._last.append(case)
        if len(self._last) == CHUNK:
            sealed = self._seal(pack(self._last)).encode()
            self._file.write(sealed)
            self._ends.append(self._ends[-1] + len(sealed))
            self._last = []

    def packed(self) -> Iterator[str]:
        """Every case in order, as texts of 96 cases each (the last of fewer), which `unpack` reads."""
        for chunk in range(len(self._ends) - 1):
            yield self._read(chunk)
        if self._last:
            yield pack(self._last)

    def __len__(self) -> int:
        """How many cases there are."""
        return (len(self._ends) - 1) * CHUNK + len(self._last)

    def __iter__(self) -> Iterator[Case]:
        """Every case in order."""
        for chunk in range(len(self._ends) - 1):
            yield from unpack(self._read(chunk))
        yield from self._last

    @overload
    def __getitem__(self, index: int) -> Case: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Case]: ...

    def __getitem__(self, index: int | slice) -> Case | Sequence[Case]:
        """One case, or some of them in memory."""
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        chunk, place = divmod(range(len(self))[index], CHUNK)
        return self._last[place] if chunk == len(self._ends) - 1 else unpack(self._read(chunk))[place]

    def _read(self, chunk: int) -> str:
        start, end = self._ends[chunk], self._ends[chunk + 1]
        with self._reading:
            self._file.seek(start)
            sealed = self._file.read(end - start)
        return self._unseal(sealed.decode())


def packed(cases: Sequence[Case]) -> Iterator[str]:
    """Cases from anywhere, as texts of 96 cases each."""
    if isinstance(cases, SpooledCases):
        return cases.packed()
    return (pack(cases[start : start + CHUNK]) for start in range(0, len(cases), CHUNK))


def kept(cases: Iterable[Case]) -> Sequence[Case]:
    """The cases in memory, or on disk where there are more than 20,000."""
    arriving = iter(cases)
    few = tuple(islice(arriving, _IN_MEMORY))
    if len(few) < _IN_MEMORY:
        return few
    spool = SpooledCases()
    for case in chain(few, arriving):
        spool.append(case)
    return spool


def first(cases: Sequence[Case], n: int | None) -> Sequence[Case]:
    """The first `n` cases; all of them where that is None."""
    return cases if n is None or n >= len(cases) else tuple(islice(cases, n))
