"""A command to its first content, and a suggestion while somebody types, on 100,000 cases and 1,000 runs.

The peer of every figure is the plainest command of the same run, which asks the database for next to nothing.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from bot.queries.search import CaseSearch
from bot.sandbox.slack.model import Message
from bot.slack.ids import Action
from bot.store import embedded
from bot.store.database import Database
from tests.scenario.running_app import ANA, CHANNEL, RunningApp, wait

CASES = 100_000
RUNS = 1_000
FLAKY = 500
FAILURES = 10_000
REPEATS = 7
NOW = datetime.now(UTC)
PLAIN = "help test"
COMMANDS = (
    PLAIN,
    "help",
    "status acme/shop",
    "top acme/shop",
    "test test_total",
    "test bench module_77",
    "explain test_total",
    "list broken",
    "list quarantined",
    "settings",
    "health",
    "unquarantine test_total",
)
TYPED = ("t", "test", "bench test_99", "module_12 case_7", "zzz", "bench module case")

_FILL = (
    """insert into cases (repository_id, key, uid, file, class_name, name, suite, title, first_seen_at)
       select :repository, decode(md5(n::text), 'hex'), substr(md5('u' || n), 1, 12),
              'tests/bench/module_' || n % 997 || '/test_' || n % 89 || '.py', '', 'case_' || n, 'pytest',
              'tests/bench/module_' || n % 997 || '/test_' || n % 89 || '.py::case_' || n, now()
       from generate_series(1, :cases) n""",
    """insert into runs (repository_id, github_run_id, attempt, number, workflow, workflow_path, event, head_sha,
                         head_branch, conclusion, url, started_at, completed_at, ingested_at, complete, files,
                         ordinal, judged, on_default_branch)
       select :repository, 900000 + n, 1, n, 'CI', '.github/workflows/ci.yml', 'push', md5('c' || n), 'main',
              case when n % 5 = 0 then 'failure' else 'success' end, 'https://example.test/' || n,
              now() - make_interval(mins => 10 * (:runs - n) + 300),
              now() - make_interval(mins => 10 * (:runs - n) + 295), now(), true, 1, 1000 + n, true, true
       from generate_series(1, :runs) n""",
    """insert into run_results
         (repository_id, run_id, variant, case_ids, outcomes, durations, shards, complete, cases_hash)
       select :repository, r.id, 'ci.yml linux', c.ids, decode(repeat('00', c.n), 'hex'),
              array_fill(0.01::real, array[c.n]), '{}', true, decode(md5('bench'), 'hex')
       from runs r,
            (select array_agg(id order by id) ids, count(*)::int n from cases where repository_id = :repository) c
       where r.repository_id = :repository and r.url like 'https://example.test/%'""",
    """insert into failures
         (repository_id, case_id, run_id, variant, retry, outcome, duration, fingerprint_id, occurred_at)
       select :repository, c.id, r.id, 'ci.yml linux', 0, 1, 0.1, (select min(id) from fingerprints), r.started_at
       from (select id, row_number() over () n from cases where repository_id = :repository limit :flaky) c,
            (select id, started_at, row_number() over () n from runs where repository_id = :repository) r
       where (c.n * 31 + r.n * 17) % (cast(:flaky as bigint) * :runs / :failures) = 0""",
    "analyze",
)


def main() -> None:
    """Measure against a bot and a PostgreSQL of its own."""
    folder = Path(tempfile.mkdtemp(prefix="flakeguard-bench-"))
    folder.chmod(0o755)
    try:
        with embedded.running(folder) as server:
            conversation(server.url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def conversation(url: str) -> None:
    """Ask everything, several times each."""
    app = RunningApp(url)
    try:
        app.start_bot()
        app.make_flaky("test_total")
        assert wait(app.cards, 60), "no card"
        _fill(url)
        slack = app.slack
        medians = []
        plain = _median(lambda: _ask(app, PLAIN))
        for line in COMMANDS:
            median = plain if line == PLAIN else _median(lambda line=line: _ask(app, line))  # type: ignore[misc]
            medians.append(median)
            print(f"/flakeguard {line}: {median:.0f} ms to its content, {median / plain:.1f} x “{PLAIN}”")  # noqa: T201
        print(f"all commands: median {statistics.median(medians):.0f} ms, slowest {max(medians):.0f} ms")  # noqa: T201
        menu = _ask(app, "test bench")
        for typed in TYPED:
            median = _median(lambda typed=typed: slack.suggestions_of(ANA, CHANNEL, menu.ts, Action.PICK, typed))  # type: ignore[misc]
            print(f"typing “{typed}”: {median:.0f} ms to the suggestions")  # noqa: T201
    finally:
        app.close()
    _search(url)


def _search(url: str) -> None:
    """Search alone, without Slack and the bot around it."""
    database = Database(url, pool_size=1)
    search = CaseSearch()
    with database.begin() as session:
        repository_id = session.execute(sa.text("select id from repositories")).scalar_one()
        first = True
        for typed in ("", *TYPED):
            repeats = 1 if first else REPEATS
            median = _median(lambda typed=typed: search.find(session, [repository_id], typed, 50, NOW), repeats)  # type: ignore[misc]
            how = "reading every title first" if first else f"for “{typed}”"
            print(f"searching {CASES:,} titles, {how}: {median:.0f} ms")  # noqa: T201
            first = False
    database.close()


def _fill(url: str) -> None:
    database = Database(url, pool_size=1)
    with database.begin() as session:
        repository = session.execute(sa.text("select id from repositories")).scalar_one()
        values = {"repository": repository, "cases": CASES, "runs": RUNS, "flaky": FLAKY, "failures": FAILURES}
        for statement in _FILL:
            session.execute(sa.text(statement), values)
        columns = [
            row[0]
            for row in session.execute(
                sa.text("select column_name from information_schema.columns where table_name = 'scores'")
            )
            if row[0] != "case_id"
        ]
        names = ", ".join(columns)
        session.execute(
            sa.text(
                f"insert into scores (case_id, {names}) select c.id, {', '.join(f's.{one}' for one in columns)}"  # noqa: S608  # names of our own columns
                " from (select * from scores order by p_flaky desc limit 1) s,"
                " (select id from cases where repository_id = :repository order by id desc limit :flaky) c"
            ),
            values,
        )
    database.close()


def _ask(app: RunningApp, line: str) -> Message:
    before = len(app.slack.ephemerals(ANA))
    app.slack.command(ANA, CHANNEL, f"/flakeguard {line}")
    assert app.slack.wait_for(lambda: len(app.slack.ephemerals(ANA)) > before, 30), f"no answer to {line}"
    return app.slack.ephemerals(ANA)[-1]


def _median(action: Callable[[], object], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)
