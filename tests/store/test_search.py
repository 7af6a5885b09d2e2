"""Finding cases by a part of their name, on the real database."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.analysis.model import Actor, ActorKind, CaseId, Channel, Identity, RepositoryId, WorkspaceId
from bot.queries.search import MAX_AGE, CaseSearch
from bot.store.cases import case as case_store
from bot.store.cases import identity as identity_store
from bot.store.conversation import home as home_store
from bot.store.database import Database, Session
from bot.store.decisions import mute as mute_store
from bot.store.tables.results import cases as table
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces import workspace as workspace_store
from tests.sql_count import counting

SHOP, WEB = RepositoryId(1), RepositoryId(2)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def store(session: Session, repository_id: RepositoryId, *names: str) -> None:
    repository_store.put(
        session,
        repository_id,
        installation_id=None,
        full_name=f"acme/{repository_id}",
        default_branch=None,
        private=False,
    )
    identities = []
    for name in names:
        key = hashlib.sha256(f"{repository_id}:{name}".encode()).digest()[:16]
        identities.append(Identity("tests/test_a.py", "tests.test_a", name, "pytest", "", key))
    identity_store.put(session, repository_id, identities, NOW)


def titles(search: CaseSearch, session: Session, *ids: RepositoryId, words: str, at: datetime = NOW) -> list[str]:
    return [one.title for one in search.find(session, ids, words, 10, at)]


def test_only_what_may_be_seen_is_found(db: Database) -> None:
    search = CaseSearch()
    with db.begin() as session:
        store(session, SHOP, "test_total", "test_tax")
        store(session, WEB, "test_total")
        assert titles(search, session, SHOP, words="total") == ["tests/test_a.py::test_total"]
        assert len(titles(search, session, SHOP, WEB, words="total")) == 2
        assert titles(search, session, words="total") == []


def case_id(session: Session, name: str) -> CaseId:
    case_ids, titles = case_store.list_titles(session, SHOP)
    return CaseId(case_ids[titles.index(f"tests/test_a.py::{name}")])


def test_typing_along_takes_the_same_number_of_statements_for_one_repository_and_for_many(db: Database) -> None:
    search = CaseSearch()
    with db.begin() as session:
        store(session, SHOP, "test_total")
        store(session, WEB, "test_total")
        titles(search, session, SHOP, WEB, words="tot")
        with counting() as one:
            titles(search, session, SHOP, words="tota")
        with counting() as many:
            titles(search, session, SHOP, WEB, words="tota")
    assert len(one.statements) == len(many.statements)


def test_a_case_is_found_by_its_published_id(db: Database) -> None:
    with db.begin() as session:
        store(session, SHOP, "test_total", "test_tax")
        uid = case_store.get(session, SHOP, case_id(session, "test_tax")).uid
        assert titles(CaseSearch(), session, SHOP, words=uid) == ["tests/test_a.py::test_tax"]
        assert titles(CaseSearch(), session, WEB, words=uid) == []


def test_a_new_case_is_found_at_once_and_a_renamed_one_after_a_while(db: Database) -> None:
    search = CaseSearch()
    with db.begin() as session:
        store(session, SHOP, "test_total")
        assert titles(search, session, SHOP, words="refund") == []
        store(session, SHOP, "test_refund")
        assert titles(search, session, SHOP, words="refund") == ["tests/test_a.py::test_refund"]
        # A rename that was found would also be another new case.
        session.execute(sa.update(table).where(table.c.name == "test_refund").values(title="tests/b.py::test_payback"))
        assert titles(search, session, SHOP, words="payback") == []
        later = NOW + MAX_AGE + timedelta(seconds=1)
        assert titles(search, session, SHOP, words="payback", at=later) == ["tests/b.py::test_payback"]


def test_a_muted_case_is_quiet_until_its_time_is_over(db: Database) -> None:
    ana = Actor(ActorKind.SLACK, "U0ANA", "ana")
    with db.begin() as session:
        store(session, SHOP, "test_total", "test_tax")
        first, second = case_id(session, "test_total"), case_id(session, "test_tax")
        mute_store.put(session, SHOP, first, NOW + timedelta(days=7), ana)
        mute_store.put(session, SHOP, first, NOW + timedelta(days=3), ana)
        until = NOW + timedelta(days=3)
        assert mute_store.list_until(session, [SHOP], [first, second], NOW) == {first: until}
        assert mute_store.list_until(session, [SHOP], [first, second], until) == {}
        mute_store.forget_over(session, NOW + timedelta(days=3))
        assert not mute_store.delete(session, SHOP, first)


def test_the_home_of_who_opened_it_lately_is_kept_up_to_date(db: Database) -> None:
    with db.begin() as session:
        store(session, SHOP, "test_total")
        sees = workspace_store.put_by_token(session, sees_all=True, now=NOW).id
        home_store.put(session, sees, "U0ANA", NOW)
        home_store.put(session, sees, "U0BEN", NOW - timedelta(days=9))
        home_store.put(session, WorkspaceId(999), "U0EVE", NOW)
        assert home_store.list_viewers(session, SHOP, NOW - timedelta(days=1), 9) == [Channel(sees, "U0ANA")]
        home_store.forget(session, NOW - timedelta(days=1))
        assert home_store.list_viewers(session, SHOP, NOW - timedelta(days=30), 9) == [Channel(sees, "U0ANA")]
