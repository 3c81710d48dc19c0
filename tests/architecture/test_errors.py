"""Every error has a place in the tree that `core/errors.py` draws, and an exit code."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from omniforge_cli.cli.diagnostics import EXIT_CODES, ExitCode, exit_code
from omniforge_cli.core import errors
from omniforge_cli.core.errors import OmniforgeError


def descendants(kind: type[OmniforgeError]) -> Iterator[type[OmniforgeError]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


def defined() -> list[type[OmniforgeError]]:
    return [kind for kind in descendants(OmniforgeError) if kind.__module__.startswith("omniforge_cli")]


@pytest.mark.parametrize("kind", defined(), ids=lambda kind: kind.__name__)
def test_every_error_has_an_exit_code_through_its_ancestry(kind: type[OmniforgeError]):
    assert any(ancestor in EXIT_CODES for ancestor in kind.__mro__), f"{kind.__name__} would be told as our own bug"


@pytest.mark.parametrize("kind", defined(), ids=lambda kind: kind.__name__)
def test_every_error_stands_in_the_drawn_tree(kind: type[OmniforgeError]):
    assert kind.__module__ == errors.__name__, "errors live in core/errors.py"
    assert f"─ {kind.__name__} " in f"{errors.__doc__}".replace("\n", " \n")


def test_an_error_of_nobody_is_our_bug():
    assert exit_code(RuntimeError("x")) is ExitCode.BUG
    assert exit_code(OmniforgeError("x")) is ExitCode.BUG


def test_the_codes_are_the_contracts():
    assert {code.value for code in ExitCode} == {0, 1, 2, 3, 4, 5, 6, 70, 130}
