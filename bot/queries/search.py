"""Which cases a person means: found by a part of the name over everything they may see, fast enough to type along."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.analysis.identity.title_index import TitleIndex
from bot.analysis.model import CaseId, RepositoryId
from bot.store.cases import case as case_store
from bot.store.database import Session

MAX_AGE = timedelta(minutes=10)
"""How long a renamed case may still be found by its former name only; a new case is found at once."""
MAX_CHARACTERS = 60_000_000
"""What all indexes of a process hold together, in characters; the one not used for longest goes first."""


@dataclass(frozen=True, slots=True)
class _Entry:
    index: TitleIndex
    read_at: datetime


class CaseSearch:
    """The titles of recently searched repositories, in memory. Safe to share between threads."""

    def __init__(self) -> None:
        self._entries: OrderedDict[RepositoryId, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    def find(
        self, session: Session, repository_ids: Sequence[RepositoryId], words: str, limit: int, now: datetime
    ) -> list[case_store.Case]:
        """The cases of these repositories whose title holds every word, or whose id it is, the likeliest first."""
        if named := case_store.list_by_uid(session, repository_ids, words.strip()):
            return named[:limit]
        case_ids: list[CaseId] = []
        newest_ids = case_store.newest_ids(session, repository_ids)
        for repository_id in repository_ids:
            index = self._index(session, repository_id, newest_ids.get(repository_id, 0), now)
            case_ids += index.find(words, limit)
        known = {case.id: case for case in case_store.list_by_id(session, repository_ids, case_ids)}
        hits = [known[case_id] for case_id in case_ids if case_id in known]
        title = " ".join(words.lower().split())
        if exact := [case for case in hits if case.title.lower() == title]:
            return exact[:limit]
        if len(repository_ids) > 1:
            hits.sort(key=lambda case: len(case.title))
        return hits[:limit]

    def _index(self, session: Session, repository_id: RepositoryId, newest_id: int, now: datetime) -> TitleIndex:
        with self._lock:
            entry = self._entries.get(repository_id)
        if entry is None or now - entry.read_at > MAX_AGE:
            entry = _Entry(TitleIndex.of(*case_store.list_titles(session, repository_id)), now)
        elif newest_id > entry.index.newest:
            ids, titles = case_store.list_titles(session, repository_id, after=entry.index.newest)
            entry = _Entry(entry.index.extended(ids, titles), entry.read_at)
        with self._lock:
            self._entries[repository_id] = entry
            self._entries.move_to_end(repository_id)
            while len(self._entries) > 1 and sum(kept.index.size for kept in self._entries.values()) > MAX_CHARACTERS:
                self._entries.popitem(last=False)
        return entry.index
