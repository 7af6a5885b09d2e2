"""The page on the architecture names code that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def names(path: str) -> set[str]:
    """The functions, classes and methods (`Class.method`) of a module."""
    defined: set[str] = set()
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
        if isinstance(node, ast.ClassDef):
            defined |= {
                f"{node.name}.{one.name}"
                for one in node.body
                if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
            }
    return defined


@pytest.mark.parametrize(("path", "name"), re.findall(r"`(bot/[\w/]+\.py):([\w.]+)`", PAGE))
def test_every_step_of_a_walk_exists(path: str, name: str) -> None:
    assert name in names(path)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:bot|docs|migrations)/[\w/.-]+)`", PAGE))))
def test_every_place_to_open_exists(path: str) -> None:
    assert (ROOT / path).exists()
