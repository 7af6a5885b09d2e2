"""Find cases by a part of their name while somebody types: all titles of a repository in one text.

A search of 100,000 titles in one text takes a few milliseconds and needs no index in the database. Words may be
anywhere in a title, in any order; case is ignored.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bot.analysis.model import CaseId

MAX_CANDIDATES = 3000
"""Matching titles that are ranked; a word that matches more gets the first ones."""
MAX_WORDS = 8
_EDGES = frozenset("/._:-[]() \n")


class TitleIndex:
    """The titles of one repository; immutable, `extended` makes a new one."""

    def __init__(self, case_ids: NDArray[np.int32], text: str) -> None:
        """`case_ids` are ascending; `text` has one title per line, in lower case, each line ended."""
        self._case_ids = case_ids
        self._text = text
        ends = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32) == ord("\n")
        self._starts = np.concatenate(([0], np.flatnonzero(ends) + 1)).tolist()

    @classmethod
    def of(cls, case_ids: Sequence[int], titles: Sequence[str]) -> TitleIndex:
        """The index of aligned ids and titles, ascending by id."""
        return cls(np.array(case_ids, dtype=np.int32), _text(titles))

    @property
    def newest(self) -> int:
        """The highest id; 0 if there is none."""
        return int(self._case_ids[-1]) if len(self._case_ids) else 0

    @property
    def size(self) -> int:
        """The number of characters."""
        return len(self._text)

    def extended(self, case_ids: Sequence[int], titles: Sequence[str]) -> TitleIndex:
        """This index with more cases, whose ids are all higher."""
        numbers = np.concatenate((self._case_ids, np.array(case_ids, dtype=np.int32)))
        return TitleIndex(numbers, self._text + _text(titles))

    def find(self, words: str, limit: int) -> list[CaseId]:
        """The cases whose titles contain every word, best match first; only exact matches if there are any."""
        query = " ".join(words.lower().split())
        parts = sorted(dict.fromkeys(query.split()), key=len, reverse=True)[:MAX_WORDS]
        matches: list[tuple[tuple[int, int, int], int]] = []
        exact: list[int] = []
        for begin, end in self._lines(parts):
            title = self._text[begin:end]
            if title == query:
                exact.append(begin)
            matches.append((_rank(title, parts), begin))
        if exact:
            return [self._case(begin) for begin in exact[:limit]]
        matches.sort()
        return [self._case(begin) for _, begin in matches[:limit]]

    def _lines(self, parts: list[str]) -> Iterator[tuple[int, int]]:
        """Begin and end of the titles that contain all parts, searched by the rarest of them."""
        text = self._text
        rarest = min(parts, key=text.count) if len(parts) > 1 else parts[0] if parts else ""
        others = [part for part in parts if part != rarest]
        at, kept = 0, 0
        while kept < MAX_CANDIDATES and (hit := text.find(rarest, at)) >= 0:
            begin, end = text.rfind("\n", 0, hit) + 1, text.find("\n", hit)
            if end < 0:
                return
            at = end + 1
            if all(text.find(part, begin, end) >= 0 for part in others):
                kept += 1
                yield begin, end

    def _case(self, begin: int) -> CaseId:
        return CaseId(int(self._case_ids[bisect_right(self._starts, begin) - 1]))


def _text(titles: Sequence[str]) -> str:
    return "".join(f"{title.replace(chr(10), ' ').lower()}\n" for title in titles)


def _rank(title: str, parts: list[str]) -> tuple[int, int, int]:
    """Sort key: whole words, then beginnings of words, then the rest; late matches and short titles first."""
    loose = 0
    for part in parts:
        at = title.rfind(part)
        before = at == 0 or title[at - 1] in _EDGES
        after = at + len(part) == len(title) or title[at + len(part)] in _EDGES
        loose += 2 - before - (before and after)
    last = title.rfind(parts[0]) if parts else 0
    return loose, len(title) - last, len(title)
