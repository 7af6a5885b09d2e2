"""Views cost the same number of statements however many tests, cards and repositories they show."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.analysis.connection import Setup
from bot.analysis.home import Pages
from bot.analysis.model import Actor, ActorKind, CaseId, Channel, RepositoryId
from bot.analysis.subscription import Filters
from bot.queries import case, case_item, digest, home, repository
from bot.store.cases import case as case_store
from bot.store.conversation import subscription as subscription_store
from bot.store.database import Database, Session
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces import workspace as workspace_store
from tests.sql_count import counting
from tests.store.run_recorder import RunRecorder

ANA = Actor(ActorKind.SLACK, "U0ANA", "Ana")


def record(db: Database, repository_id: int, cases: int, flaky: int, runs: int = 12) -> RunRecorder:
    """A repository of so many cases, of which some are flaky."""
    recorder = RunRecorder(db, RepositoryId(repository_id))
    passing = {f"t{index}": "." for index in range(cases)}
    for run in range(runs):
        failing = {f"t{index}": "F." for index in range(flaky) if run % 3 == 2}
        recorder.run(passing | failing)
    return recorder


def subscribe(recorder: RunRecorder, channel: Channel) -> None:
    with recorder.db.begin() as session:
        subscription_store.put(session, channel, recorder.repository_id, Filters(), ANA, recorder.now)


def ids_of(recorder: RunRecorder) -> list[CaseId]:
    with recorder.db.begin() as session:
        ids, _ = case_store.list_titles(session, recorder.repository_id)
    return [CaseId(number) for number in ids]


def count(db: Database, read: Callable[[Session], object]) -> int:
    with counting() as statements, db.begin() as session:
        read(session)
    return len(statements.statements)


def test_profiles_of_cases(db: Database) -> None:
    small, large = record(db, 1, 5, 1), record(db, 2, 495, 8)
    few, many = ids_of(small), [*ids_of(small), *ids_of(large)]
    with db.begin() as session:
        assert list(case.list_profiles(session, many, small.now)) == many

    def read(case_ids: Sequence[CaseId]) -> int:
        return count(db, lambda session: case.list_profiles(session, case_ids, small.now))

    assert read(few) == read(many) <= 12


def test_summaries_of_repositories(db: Database) -> None:
    pasts = [record(db, number, 4, 1, runs=3) for number in range(1, 21)]
    with db.begin() as session:
        repositories = repository_store.list_by_id(session, [recorder.repository_id for recorder in pasts])
        summaries = repository.summarize(session, repositories, pasts[0].now)
    assert [summary.cases for summary in summaries] == [4] * 20

    def read(wanted: Sequence[repository_store.Repository]) -> int:
        return count(db, lambda session: repository.summarize(session, wanted, pasts[0].now))

    assert read(repositories[:1]) == read(repositories) <= 10


def test_what_is_broken_in_repositories(db: Database) -> None:
    pasts = [record(db, number, 4, 1) for number in (1, 2, 3)]
    for recorder in pasts:
        for _ in range(8):
            recorder.run({"t0": ".", "t1": "F", "t2": ".", "t3": "."})
    repository_ids = [recorder.repository_id for recorder in pasts]
    with db.begin() as session:
        items = case_item.list_broken(session, repository_ids)
    assert {item.lead for item in items} == {recorder.case_id("t1") for recorder in pasts}

    def read(of: Sequence[RepositoryId]) -> int:
        return count(db, lambda session: case_item.list_broken(session, of))

    assert read(repository_ids[:1]) == read(repository_ids) <= 3


def test_the_home_of_a_person(db: Database) -> None:
    pasts = [record(db, 1, 5, 1), *(record(db, number, 250, 9) for number in (2, 3))]
    with db.begin() as session:
        workspace = workspace_store.put_by_token(session, sees_all=True, now=pasts[0].now)
        repositories = repository_store.list_by_id(session, [recorder.repository_id for recorder in pasts])
    person = Channel(workspace.id, ANA.id)

    def read(wanted: Sequence[repository_store.Repository]) -> int:
        return count(
            db, lambda session: home.of_person(session, person, wanted, Pages(), Setup((), linking=True), pasts[0].now)
        )

    assert read(repositories[:1]) == read(repositories) <= 40


def test_a_digest(db: Database) -> None:
    with db.begin() as session:
        workspace = workspace_store.put_by_token(session, sees_all=True, now=RunRecorder(db).now)
    few, many = Channel(workspace.id, "C0FEW"), Channel(workspace.id, "C0MANY")
    pasts = [record(db, 1, 60, 1), *(record(db, number, 200, 6) for number in (2, 3, 4))]
    subscribe(pasts[0], few)
    for recorder in pasts:
        subscribe(recorder, many)

    def read(channel: Channel) -> int:
        return count(db, lambda session: digest.of_channel(session, channel, None, None, "", pasts[0].now))

    with db.begin() as session:
        shown = digest.of_channel(session, many, None, None, "", pasts[0].now)
    assert shown is not None
    assert len({row.repository for row in shown.rows}) == 4
    assert read(few) == read(many) <= 40
