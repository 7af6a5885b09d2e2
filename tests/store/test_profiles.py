from __future__ import annotations

from bot.analysis.model import CaseId, RepositoryId, Status
from bot.queries import case, repository
from bot.store.cases import case as case_store
from bot.store.database import Database
from bot.store.workspaces import repository as repository_store
from tests.sql_count import counting
from tests.store.past import Past


def record(db: Database, repository_id: RepositoryId, number: int) -> Past:
    """A repository in which one of so many tests is flaky."""
    past = Past(db, repository_id)
    calm = {f"t{index}": "." for index in range(number)}
    for run in range(12):
        past.run(calm | {"t0": "F." if run % 3 == 2 else "."})
    return past


def ids_of(past: Past) -> list[CaseId]:
    with past.db.begin() as session:
        ids, _ = case_store.list_titles(session, past.repository_id)
    return [CaseId(number) for number in ids]


def test_profiles_take_the_same_number_of_statements_for_5_and_for_500_cases_of_two_repositories(db: Database) -> None:
    first, second = record(db, RepositoryId(1), 5), record(db, RepositoryId(2), 495)
    few, many = ids_of(first), [*ids_of(first), *ids_of(second)]
    counts = []
    for case_ids in (few, many):
        with counting() as count, db.begin() as session:
            profiles = case.list_profiles(session, case_ids, first.now)
        assert list(profiles) == case_ids
        assert sum(profile.status is Status.FLAKY for profile in profiles.values()) == len(case_ids) // 250 or 1
        counts.append(len(count.statements))
    assert counts[0] == counts[1] <= 12


def test_summaries_take_the_same_number_of_statements_for_1_and_for_20_repositories(db: Database) -> None:
    pasts = [record(db, RepositoryId(number), 4) for number in range(1, 21)]
    with db.begin() as session:
        repositories = repository_store.list_by_id(session, [past.repository_id for past in pasts])
    counts = []
    for wanted in (repositories[:1], repositories):
        with counting() as count, db.begin() as session:
            summaries = repository.summarize(session, wanted, pasts[0].now)
        assert [summary.cases for summary in summaries] == [4] * len(wanted)
        counts.append(len(count.statements))
    assert counts[0] == counts[1] <= 10
