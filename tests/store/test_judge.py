"""Judging on a real PostgreSQL: live ingestion, a rebuild and a replay agree to the last bit."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa

from bot.analysis import scoring
from bot.analysis.case_state import StatusChange
from bot.analysis.model import CaseId, RepositoryId, Status
from bot.analysis.run import StoredRun
from bot.analysis.scoring.variant_results import VariantResults
from bot.services import judge, rebuild
from bot.store.database import Database, Session
from bot.store.scores import score as score_store
from bot.store.scores import scorer as scorer_store
from bot.store.tables.judging import branch_beliefs, pass_counts
from bot.store.tables.judging import scorers as scorers_table
from bot.store.tables.judging import scores as scores_table
from tests.presence import present
from tests.unit import made_history

REPOSITORY = RepositoryId(7)
START = made_history.START
Step = tuple[StoredRun, tuple[VariantResults, ...]]


def judged(variant: str, ids: list[int], failing: list[int], retried: list[int]) -> VariantResults:
    numbers = np.array(ids, dtype=np.int32)
    return VariantResults(
        variant=variant,
        case_ids=numbers,
        suites=numbers % 4,
        failed=np.isin(numbers, failing),
        retries=dict.fromkeys(retried, (False,)),
        suite_names=("a", "b", "c", "d"),
    )


def commit(number: int, sha: str, branch: str = "main") -> StoredRun:
    return made_history.run(number, sha=sha, branch=branch, repository_id=REPOSITORY)


def history(seed: int, length: int = 60) -> list[Step]:
    """Two variants a run over case numbers that lie in several blocks, with flakes, an outage, branches and re-runs."""
    draw = random.Random(seed)  # noqa: S311  # a seeded history, no secret
    numbers = [*range(1, 41), *range(4090, 4110), *range(20_000, 20_020)]
    steps: list[Step] = []
    for number in range(length):
        branch = draw.choice(["main", "main", "topic", f"pr-{number % 5}"])
        sha = f"{branch}-{number // 2}"
        variants = []
        for variant in ("linux", "mac"):
            ids = sorted(draw.sample(numbers, 60))
            rate = 0.5 if number % 17 == 11 else 0.03
            failing = [case for case in ids if draw.random() < rate]
            variants.append(judged(variant, ids, failing, failing[:1]))
        steps.append((commit(number, sha, branch), tuple(variants)))
    return steps


def stored(session: Session) -> list[object]:
    """Everything that is stored of the scores, but when it was; to the last bit, so read from the tables."""
    everything: list[object] = []
    for table, order in (
        (scorers_table, ("repository_id",)),
        (pass_counts, ("variant", "block")),
        (branch_beliefs, ("variant", "branch")),
        (scores_table, ("case_id", "variant")),
    ):
        columns = [column for column in table.c if column.name != "updated_at"]
        rows = session.execute(sa.select(*columns).order_by(*(table.c[name] for name in order)))
        everything += [tuple(row) for row in rows]
    return everything


def failures_only(steps: list[Step]) -> list[Step]:
    """The same history where reports list the cases that failed."""
    return [
        (
            one,
            tuple(
                judged(part.variant, part.case_ids[part.failed].tolist(), part.case_ids.tolist(), [])
                for part in variants
            ),
        )
        for one, variants in steps
    ]


@pytest.mark.parametrize("listing", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_live_rebuild_and_replay_agree_to_the_last_bit(db: Database, seed: int, listing: bool) -> None:
    steps = failures_only(history(seed)) if listing else history(seed)
    with db.begin() as session:
        for one, variants in steps:
            judge.judge(session, one, variants, one.started_at)
        live = stored(session)
    assert live
    keys = sum(len(one.case_ids) for one in steps[0][1])
    replayed = scoring.Scorer(scoring.RepositoryMemory(keys))
    for one, variants in steps:
        for part in sorted(variants, key=lambda part: part.variant):
            replayed.observe(part.execution(one))
    with db.begin() as session:
        rebuild.replace_scores(session, REPOSITORY, replayed, START)
        assert stored(session) == live


def test_a_run_touches_the_blocks_of_its_own_cases_only(db: Database) -> None:
    with db.begin() as session:
        judge.judge(session, commit(1, "a"), (judged("linux", [1, 5000], [], []),), START)
        counts = scorer_store.get_counts(session, REPOSITORY, {"linux": np.array([1], dtype=np.int32)})["linux"]
        assert [number for number, _ in counts.rows()] == [0]
        assert counts.get(np.array([1, 2], dtype=np.int32))[0].tolist() == [1, 0]
        ((_, variant, cases, listed),) = scorer_store.list_counts(session, {REPOSITORY: [CaseId(5000)]})
    assert (variant, cases, listed[:, 0].tolist()) == ("linux", [5000], [1, 0, 0, 0, 1])


def test_scores_of_another_model_are_left_alone_until_they_are_made_anew(db: Database) -> None:
    with db.begin() as session:
        judge.judge(session, commit(1, "a"), (judged("linux", [1, 2], [1], []),), START)
        scorer = present(scorer_store.find(session, REPOSITORY))
        scorer_store.put(session, REPOSITORY, replace(scorer, model=1), START)
        before = stored(session)
        judgement = judge.judge(session, commit(2, "b"), (judged("linux", [1, 2], [1], []),), START)
        assert not judgement.is_settled
        assert stored(session) == before
        assert scorer_store.list_outdated(session, scoring.MODEL.version) == [REPOSITORY]


def test_a_repository_that_outgrew_its_number_of_cases_is_to_be_scored_anew(db: Database) -> None:
    with db.begin() as session:
        judge.judge(session, commit(1, "a"), (judged("linux", list(range(300)), [], []),), START)
        assert scorer_store.list_outdated(session, scoring.MODEL.version) == []
        judge.judge(session, commit(2, "b"), (judged("linux", list(range(2000)), [], []),), START)
        assert scorer_store.list_outdated(session, scoring.MODEL.version) == [REPOSITORY]
        assert scorer_store.get_keys(session, REPOSITORY) == 300


def test_changes_are_of_the_worst_variant(db: Database) -> None:
    with db.begin() as session:
        ids = list(range(50))
        for number in range(10):
            judge.judge(session, commit(number, f"c{number}"), (judged("linux", ids, [], []),), START)
        changes = [
            change
            for number in range(3)
            for change in judge.judge(
                session,
                commit(20 + number, f"f{number}"),
                (judged("linux", ids, [3], []), judged("mac", ids, [], [])),
                START,
            ).changes
        ]
        assert (changes[-1].case_id, changes[-1].after) == (3, Status.BROKEN)
        rows = score_store.list_of_cases(session, [REPOSITORY], [CaseId(3)])
    assert [(row.variant, row.status) for row in rows] == [("linux", Status.BROKEN)]


def test_what_a_listing_of_failures_leaves_out_changes_no_status_that_another_variant_gives(db: Database) -> None:
    with db.begin() as session:

        def run(number: int, *variants: VariantResults) -> tuple[StatusChange, ...]:
            return judge.judge(session, commit(number, f"c{number}"), variants, START).changes

        for number in range(8):
            run(number, judged("linux", [3, 4], [3, 4], []), judged("mac", [3, 4], [3, 4], []))
        before = {row.variant: row.status for row in score_store.list_of_cases(session, [REPOSITORY], [CaseId(3)])}
        changes = [change for number in range(60) for change in run(8 + number, judged("linux", [4], [4], []))]
        after = {row.variant: row.status for row in score_store.list_of_cases(session, [REPOSITORY], [CaseId(3)])}
    assert before == {"linux": Status.BROKEN, "mac": Status.BROKEN}
    assert (after["linux"], after["mac"]) == (Status.HEALTHY, Status.BROKEN)
    assert changes == []
