"""Modules and functions stay short enough to be read in one go (house, section 8)."""

from __future__ import annotations

import ast

from tests.architecture.sources import functions, modules, where

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
MOST_PARAMETERS = 6


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = function.args
    names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def test_no_module_is_longer_than_400_lines():
    long = {str(path): lines for path in modules() if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_MODULE}
    assert long == {}


def test_no_function_is_longer_than_60_lines():
    long = {
        where(path, one): (one.name, lines)
        for path in modules()
        for one in functions(path)
        if (lines := (one.end_lineno or 0) - one.lineno + 1) > LONGEST_FUNCTION
    }
    assert long == {}


def test_no_function_takes_more_than_six_parameters():
    greedy = {
        where(path, one): (one.name, parameters(one))
        for path in modules()
        for one in functions(path)
        if len(parameters(one)) > MOST_PARAMETERS
    }
    assert greedy == {}
