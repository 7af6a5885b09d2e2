"""Explaining, ranking and rebuilding on 100,000 cases and 1,000 runs.

The peer of every question is one look at the newest run's arrays; that of the rebuild is reading the same runs.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bot.analysis.model import CaseId, RepositoryId, Status
from bot.jobs import rescore
from bot.queries import case_item, explanation, impact
from bot.services import automation, cluster, rebuild
from bot.store import embedded
from bot.store.database import Database
from bot.store.runs import execution as execution_store
from bot.store.runs import history as history_store
from bot.store.scores import evidence as evidence_store
from bot.store.scores import rescore as rescore_store
from bot.store.scores import score as score_store
from bot.store.workspaces import repository as repository_store

REPOSITORY = RepositoryId(1)
CASES = 100_000
RUNS = 1_000
FLAKY = 500
BROKEN_FROM = 980

_FILL = (
    """insert into cases (repository_id, key, uid, file, class_name, name, suite, title, first_seen_at)
       select 1, decode(md5(n::text), 'hex'), substr(md5('u' || n), 1, 12), 'tests/m_' || n % 997 || '.py', '',
              'case_' || n, 'pytest', 'tests/m_' || n % 997 || '.py::case_' || n, now()
       from generate_series(1, :cases) n""",
    """insert into runs (repository_id, github_run_id, attempt, number, workflow, workflow_path, event, head_sha,
                         head_branch, conclusion, url, started_at, completed_at, ingested_at, complete, files,
                         ordinal, judged, on_default_branch)
       select 1, n, 1, n, 'CI', 'ci.yml', case when n % 3 = 0 then 'pull_request' else 'push' end, md5('c' || n),
              case when n % 3 = 0 then 'pull-' || n / 9 else 'main' end, 'failure', '',
              now() - make_interval(mins => 10 * (:runs - n) + 300),
              now() - make_interval(mins => 10 * (:runs - n) + 295), now(), true, 1, n, false, n % 3 <> 0
       from generate_series(1, :runs) n""",
    """insert into failures
         (repository_id, case_id, run_id, variant, retry, outcome, duration, fingerprint_id, occurred_at)
       select 1, c.id, r.id, 'linux', t.n - 1, case when t.n = 1 then 1 else 0 end, 0.1, null, r.started_at
       from generate_series(1, :flaky) c(id), runs r, generate_series(1, 2) t(n)
       where (c.id * 7919 + r.number * 104729) % 101 = 0 and (t.n = 1 or r.number % 2 = 0)""",
    """insert into failures
         (repository_id, case_id, run_id, variant, retry, outcome, duration, fingerprint_id, occurred_at)
       select 1, :flaky + 1, r.id, 'linux', 0, 1, 0.1, null, r.started_at from runs r
       where r.number >= :broken and r.on_default_branch""",
    """insert into run_results
         (repository_id, run_id, variant, case_ids, outcomes, durations, shards, complete, cases_hash)
       select 1, r.id, 'linux', c.ids, (
                select string_agg(decode(case when f.case_id is null then '00' else '01' end, 'hex'), '' order by n)
                from generate_series(1, :flaky + 1) n
                left join failures f on f.case_id = n and f.run_id = r.id and f.retry = 0
              ) || decode(repeat('00', c.n - :flaky - 1), 'hex'), '{}', '{}', true, decode(md5('bench'), 'hex')
       from runs r, (select array_agg(id order by id) ids, count(*)::int n from cases) c""",
    "analyze",
)


def main() -> None:
    """Measure on a PostgreSQL of its own."""
    folder = Path(tempfile.mkdtemp(prefix="flakeguard-bench-"))
    folder.chmod(0o755)
    try:
        with embedded.running(folder) as server:
            database = Database(server.url, pool_size=2)
            database.migrate()
            _fill(database)
            judging(database)
            database.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def judging(database: Database) -> None:
    """Rebuild, then ask."""
    now = datetime.now(UTC)
    week = now - timedelta(days=7)
    reading = _once(lambda: _read(database))
    rebuilding = _once(lambda: _rebuild(database, now))
    results = CASES * RUNS
    print(  # noqa: T201
        f"rebuild of {RUNS:,} runs: {results / rebuilding / 1e6:.1f} M results/s,"
        f" {rebuilding / reading:.1f} x reading them"
    )
    with database.begin() as session:
        flaky = next(
            case for case, status in score_store.list_statuses(session, REPOSITORY).items() if status is Status.FLAKY
        )
    broken = CaseId(FLAKY + 1)
    newest = _best(database, _newest)
    for name, question in {
        "history of a case": lambda session: history_store.list_results(
            session, REPOSITORY, [flaky], history_store.list_runs(session, REPOSITORY)
        ),
        "explain a flaky case": lambda session: explanation.of_case(session, flaky, now),
        "explain a flaky case, not ahead": lambda session: explanation.of_case(session, flaky, now, ahead=False),
        "explain a broken case": lambda session: explanation.of_case(session, broken, now),
        "explain a healthy case": lambda session: explanation.of_case(session, CaseId(CASES), now),
        "rank by cost, a week": lambda session: impact.rank(session, REPOSITORY, week, now, 10),
        "cost of a week": lambda session: impact.total(session, [REPOSITORY], week, now),
        "release of what is well again": lambda session: automation.release_recovered(session, REPOSITORY, now),
        "recompute the clusters": lambda session: cluster.refresh(session, REPOSITORY, now),
        "what to fix, as items": lambda session: case_item.list_of(session, REPOSITORY, now),
        "features of a case": lambda session: evidence_store.gather(session, REPOSITORY, [flaky], now),
    }.items():
        took = _best(database, question)
        print(f"{name}: {1000 * took:.0f} ms, {took / newest:.1f} x a look at the newest run")  # noqa: T201


def _fill(database: Database) -> None:
    values = {"cases": CASES, "runs": RUNS, "flaky": FLAKY, "broken": BROKEN_FROM}
    with database.begin() as session:
        repository_store.put(
            session, REPOSITORY, installation_id=None, full_name="acme/shop", default_branch="main", private=False
        )
        for statement in _FILL:
            session.execute(sa.text(statement), values)


def _read(database: Database) -> None:
    reader = execution_store.ExecutionReader(REPOSITORY)
    read = True
    while read:
        with database.begin() as session:
            read = bool(reader.read(session, rebuild.BATCH))


def _rebuild(database: Database, now: datetime) -> None:
    with database.begin() as session:
        rescore_store.request(session, [REPOSITORY], "bench", now)
        replay = rebuild.begin(session, REPOSITORY)
    read = True
    while read:
        with database.begin() as session:
            read = rebuild.advance(session, replay) > 0
    with database.begin() as session:
        rescore.finish(session, replay, None, now)


def _newest(session: sa.Connection) -> None:
    session.execute(
        sa.text("select case_ids, outcomes from run_results where run_id = (select max(id) from runs)")
    ).one()


def _best(database: Database, question: Callable[[sa.Connection], object]) -> float:
    def ask() -> None:
        with database.begin() as session:
            question(session)

    return min(_once(ask) for _ in range(3))


def _once(action: Callable[[], None]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
