"""Scoring every case, and after one run, beside window functions in SQL over a narrow table of the same results."""

from __future__ import annotations

import io
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray

from bot.analysis import scoring
from bot.analysis.run import StoredRun
from bot.analysis.scoring.variant_results import VariantResults
from bot.services import judge
from bot.store import embedded
from bot.store.database import Database
from tests.unit import made_history

CASES = 100_000
RUNS = 200
RUN_SIZE = 10_000
FLAKY = 0.01
RATE = 0.1
START = datetime(2026, 1, 5, tzinfo=UTC)

_NARROW = "create table narrow (case_id integer not null, run_id integer not null, failed boolean not null)"
_FILL = """
    insert into narrow
    select c, r, f.case_id is not null
    from generate_series(0, {cases} - 1) c cross join generate_series(0, {runs} - 1) r
    left join failing f on f.case_id = c and f.run_id = r
"""
_WINDOW = """
    select count(*), sum(failures), sum(flips), sum(decayed) from (
        select case_id, count(*) n, sum(failed::int) failures,
            sum((failed is distinct from before and before is not null)::int) flips,
            sum(failed::int * power(0.97, {runs} - 1 - run_id)) decayed
        from (
            select case_id, run_id, failed, lag(failed) over (partition by case_id order by run_id) before
            from narrow where case_id < {cases}
        ) ordered group by case_id
    ) statistics
"""


def main() -> None:
    """Measure both."""
    runs = list(_failures(CASES, RUNS))
    started = time.perf_counter()
    scorer = scoring.Scorer(scoring.RepositoryMemory(CASES))
    ids = np.arange(CASES, dtype=np.int32)
    for number, failed in enumerate(runs):
        scorer.observe(_execution(number, ids, failed))
    scores = scoring.readout.everything(scorer, "default", START)
    whole = time.perf_counter() - started
    flaky = int((scores.statuses == scoring.status.FLAKY).sum())
    folder = Path(tempfile.mkdtemp(prefix="flakeguard-bench-"))
    folder.chmod(0o755)
    try:
        with embedded.running(folder) as server:
            after_run = [_after_runs(server.url, name, length) for name, length in (("short", 20), ("long", 400))]
            whole_sql, run_sql = _in_sql(server.url, runs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(  # noqa: T201
        f"score {CASES:,} cases x {RUNS} runs: {whole:.2f} s ({flaky} flaky), SQL {whole_sql:.1f} s, "
        f"{whole_sql / whole:.0f} x"
    )
    short, long = (1000 * seconds for seconds in after_run)
    print(  # noqa: T201
        f"score after one run of {RUN_SIZE:,} results, read to commit: {short:.0f} ms after 20 runs, {long:.0f} ms "
        f"after 400; SQL over {RUNS} runs {1000 * run_sql:.0f} ms"
    )


def _failures(cases: int, runs: int) -> Iterator[NDArray[np.bool_]]:
    draw = np.random.default_rng(1)
    flaky = draw.random(cases) < FLAKY
    for _ in range(runs):
        yield flaky & (draw.random(cases) < RATE) | (draw.random(cases) < 1e-5)


def _execution(number: int, ids: NDArray[np.int32], failed: NDArray[np.bool_]) -> scoring.Execution:
    return _judged(ids, failed).execution(_run(number))


def _run(number: int) -> StoredRun:
    return made_history.run(number, sha=f"commit {number // 2}")


def _judged(ids: NDArray[np.int32], failed: NDArray[np.bool_]) -> VariantResults:
    suites = ids // 100
    names = tuple(f"suite {number}" for number in range(suites[-1] + 1))
    return VariantResults("default", ids, suites, failed, retries={}, suite_names=names)


def _after_runs(url: str, name: str, length: int) -> float:
    """The median of judging one more run, the transaction's commit included, after so many."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"create database {name}")
    database = Database(url.replace("@/flakeguard?", f"@/{name}?"))
    database.migrate()
    ids = np.arange(RUN_SIZE, dtype=np.int32)
    times = []
    try:
        for number, failed in enumerate(_failures(RUN_SIZE, length + 15)):
            started = time.perf_counter()
            with database.begin() as session:
                judge.judge(session, _run(number), (_judged(ids, failed),), START)
            if number >= length:
                times.append(time.perf_counter() - started)
    finally:
        database.close()
    return float(np.median(times))


def _in_sql(url: str, runs: list[NDArray[np.bool_]]) -> tuple[float, float]:
    """Seconds of the window functions over all cases, and over those of one run."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("create table failing (case_id integer, run_id integer)")
        rows = io.StringIO()
        for number, failed in enumerate(runs):
            rows.writelines(f"{case}\t{number}\n" for case in np.flatnonzero(failed).tolist())
        with cursor.copy("copy failing from stdin") as copy:
            copy.write(rows.getvalue())
        cursor.execute(_NARROW)
        cursor.execute(_FILL.format(cases=CASES, runs=len(runs)).encode())
        cursor.execute("create index on narrow (case_id, run_id) include (failed)")
        cursor.execute("vacuum analyze narrow")
        times = []
        for cases in (CASES, RUN_SIZE):
            started = time.perf_counter()
            cursor.execute(_WINDOW.format(cases=cases, runs=len(runs)).encode())
            cursor.fetchone()
            times.append(time.perf_counter() - started)
    return times[0], times[1]
