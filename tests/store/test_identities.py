from __future__ import annotations

from datetime import UTC, datetime

from bot.analysis.model import Identity, RepositoryId
from bot.store.cases import case as case_store
from bot.store.cases import identity as identity_store
from bot.store.database import Database
from bot.store.workspaces import repository as repository_store

SHOP = RepositoryId(7)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def identity(name: str, key: bytes) -> Identity:
    return Identity("tests/test_a.py", "tests.test_a", name, "pytest", "", key)


def begin(db: Database) -> None:
    with db.begin() as session:
        repository_store.put(
            session, SHOP, installation_id=None, full_name="acme/shop", default_branch="main", private=False
        )


def test_an_identity_has_one_number_however_often_it_is_seen(db: Database) -> None:
    begin(db)
    one, other = identity("a", b"a" * 16), identity("b", b"b" * 16)
    with db.begin() as session:
        first = identity_store.put(session, SHOP, [one, other, one], NOW)
    with db.begin() as session:
        assert identity_store.put(session, SHOP, [other], NOW) == {other.key: first[other.key]}
        assert case_store.count(session, [SHOP]) == {SHOP: 2}


def test_two_cases_whose_short_ids_are_the_same_are_published_under_different_ones(db: Database) -> None:
    begin(db)
    alike = [identity(name, b"the same 60 bits"[:8] + name.encode() * 8) for name in "abc"]
    assert len({one.uid for one in alike}) == 1
    with db.begin() as session:
        identity_store.put(session, SHOP, alike[:2], NOW)
        identity_store.put(session, SHOP, alike[2:], NOW)
        found = {
            case.title: case.uid
            for uid in (alike[0].uid, *(one.long_uid for one in alike))
            for case in case_store.list_by_uid(session, [SHOP], uid)
        }
    assert len(set(found.values())) == 3
    assert sum(uid == alike[0].uid for uid in found.values()) == 1
