"""Cases on disk: a sequence of any length that takes no memory, so that a million stored turns can be replayed."""

from __future__ import annotations

import base64
import pickle
import tempfile
import threading
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final, overload

from omniforge_cli.core.evalset import Case
from omniforge_cli.evals.journal import Seal, plain

_CHUNK: Final = 64
"""Cases that are written as one: neighbours share the messages of their conversation, which are then written once."""
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
        if len(self._last) == _CHUNK:
            sealed = self._seal(base64.b64encode(pickle.dumps(self._last)).decode()).encode()
            self._file.write(sealed)
            self._ends.append(self._ends[-1] + len(sealed))
            self._last = []

    def __len__(self) -> int:
        """How many cases there are."""
        return (len(self._ends) - 1) * _CHUNK + len(self._last)

    def __iter__(self) -> Iterator[Case]:
        """Every case in order."""
        for chunk in range(len(self._ends) - 1):
            yield from self._read(chunk)
        yield from self._last

    @overload
    def __getitem__(self, index: int) -> Case: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Case]: ...

    def __getitem__(self, index: int | slice) -> Case | Sequence[Case]:
        """One case, or some of them in memory."""
        if isinstance(index, slice):
            return [self[at] for at in range(len(self))[index]]
        chunk, place = divmod(range(len(self))[index], _CHUNK)
        return self._last[place] if chunk == len(self._ends) - 1 else self._read(chunk)[place]

    def _read(self, chunk: int) -> list[Case]:
        start, end = self._ends[chunk], self._ends[chunk + 1]
        with self._reading:
            self._file.seek(start)
            sealed = self._file.read(end - start)
        cases: list[Case] = pickle.loads(base64.b64decode(self._unseal(sealed.decode())))
        return cases


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
