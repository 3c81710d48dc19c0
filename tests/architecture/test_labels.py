"""Labels are data: the default taxonomy's stand in its file, and nowhere in Python (house, section 5)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from omniforge_cli.wiring.routing import load_taxonomy
from tests.architecture.sources import PACKAGE, modules, tree, where

LABELS = load_taxonomy("omniforge").taxonomy.names
# A label that is an English word may stand in a sentence; one with an underscore can only be the label.
NAMED = re.compile("|".join([rf"\A{label}\Z" for label in LABELS] + [rf"\b{label}\b" for label in LABELS if "_" in label]))

ALLOWED = {("api/training.py", "unknown")}
"""Said by the contract for any taxonomy: a label of that name is the none-of-these label of training data."""


def literals(path: Path) -> Iterator[ast.Constant]:
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node


def test_no_label_of_the_default_taxonomy_stands_in_a_string():
    found = {
        where(path, node): node.value
        for path in modules()
        for node in literals(path)
        if NAMED.search(str(node.value)) and (path.relative_to(PACKAGE).as_posix(), node.value) not in ALLOWED
    }
    assert found == {}


def test_the_search_would_find_one():
    assert NAMED.search(LABELS[0])
    assert NAMED.search(f"the label is {next(label for label in LABELS if '_' in label)}!")
    assert not NAMED.search("unknown key")
