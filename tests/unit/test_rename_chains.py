"""Renames over a past that is known as a whole."""

from __future__ import annotations

import numpy as np

from bot.analysis.identity import rename
from bot.analysis.identity.rename import NamedCase, RunOrder
from bot.analysis.model import CaseId


def followed(*runs: str, part: int = -1) -> list[str]:
    """What became of what, over runs of tests such as `a.py::t`; the run at `part` was read in part."""
    titles = sorted({title for run in runs for title in run.split()})
    named = [
        NamedCase(CaseId(number), title.partition("::")[0], "", title.partition("::")[2], "", title)
        for number, title in enumerate(titles)
    ]
    ran = [
        RunOrder(
            {"variant": np.array([titles.index(title) for title in run.split()], dtype=np.int32)}, position != part
        )
        for position, run in enumerate(runs)
    ]
    return [f"{one.old.title} > {one.new.title}" for one in rename.find_renames(ran, named)]


def test_a_case_is_followed_through_several_names() -> None:
    assert followed("a.py::t x.py::u", "b.py::t x.py::u", "b.py::t x.py::u", "c.py::t x.py::u") == [
        "a.py::t > b.py::t",
        "b.py::t > c.py::t",
    ]


def test_a_case_that_comes_back_was_not_renamed() -> None:
    assert followed("a.py::t x.py::u", "b.py::t x.py::u", "a.py::t x.py::u") == []


def test_a_case_that_ran_before_is_nobodys_successor() -> None:
    assert followed("b.py::t", "a.py::t", "b.py::t") == []
    assert followed("a.py::t b.py::t", "b.py::t") == []


def test_a_run_that_was_read_in_part_shows_nothing_to_have_vanished() -> None:
    assert followed("a.py::t x.py::u", "b.py::t", part=1) == []
    assert followed("a.py::t x.py::u", "x.py::u", "b.py::t x.py::u", part=1) == ["a.py::t > b.py::t"]


def test_no_run_is_no_rename() -> None:
    assert followed() == []
    assert followed("a.py::t") == []
