"""A recorded history: the executions of a repository in order, assembled from rows that came in any order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.analysis.identity import outage_group
from bot.analysis.run import PULL_REQUEST, kind_of
from bot.analysis.scoring import Execution

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
RUN_KEY: Final = ("run_id", "run_attempt", "job", "variant", "sha")
"""The columns that tell one execution from another, in their order."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One execution of a history, with the run it belongs to."""

    run_id: str
    attempt: str
    job: str
    execution: Execution


@dataclass(frozen=True, slots=True)
class History:
    """Executions in order; a case's number is its place in `cases`. `keys` counts (case, variant), `results` rows."""

    cases: Sequence[str]
    entries: Sequence[Entry]
    keys: int
    results: int


@dataclass(slots=True)
class OpenExecution:
    """The rows of one execution so far: cases whose first result passed; (case, retry, failed) of all other results."""

    fields: dict[str, str]
    passed: list[int] = field(default_factory=list)
    others: list[tuple[int, int, bool]] = field(default_factory=list)
    runners: dict[int, str] = field(default_factory=dict)
    started_at: datetime | None = None


def assemble(
    cases: Sequence[str], suites: Sequence[str], executions: Sequence[OpenExecution], results: int, *, has_order: bool
) -> History:
    """The history of cases with their suites; executions are in order of start, equal ones by run.

    Without `has_order` the rows name neither times nor runs, and the executions stay in the order given.
    """
    numbers = {name: number for number, name in enumerate(sorted(set(suites)))}
    suite_of_case = np.array([numbers[suite] for suite in suites], dtype=np.int32)
    branches = {execution.fields["branch"] for execution in executions}
    default = "main" if "main" in branches or "master" not in branches else "master"
    columns = RUN_KEY if has_order else ()  # a commit's name says nothing of when it was made
    ordered = sorted(
        executions,
        key=lambda execution: (execution.started_at, *(_natural(execution.fields[name]) for name in columns)),
    )
    arrays: dict[bytes, NDArray[np.int32]] = {}
    entries = []
    keys: dict[str, NDArray[np.int32]] = {}
    for rows in ordered:
        execution = _execution(rows, default, suite_of_case, arrays)
        if not len(execution.case_ids):
            continue
        known = keys.get(execution.variant)
        if known is not execution.case_ids:
            joined = execution.case_ids if known is None else np.union1d(known, execution.case_ids)
            keys[execution.variant] = known if known is not None and len(joined) == len(known) else joined
        entries.append(Entry(rows.fields["run_id"], rows.fields["run_attempt"], rows.fields["job"], execution))
    return History(cases, entries, sum(len(ids) for ids in keys.values()), results)


def suite_of(case: str) -> str:
    """The suite by a case's name: the folder of its file, else all but the last part."""
    file, separator, _ = case.partition("::")
    if separator:
        return file.rpartition("/")[0] or file
    parts = re.split(r"[.#/ ]", case)
    return case[: -len(parts[-1]) - 1] if len(parts) > 1 else ""


def _execution(
    rows: OpenExecution, default_branch: str, suites: NDArray[np.int32], arrays: dict[bytes, NDArray[np.int32]]
) -> Execution:
    results: dict[int, list[tuple[int, bool]]] = {}
    for case, retry, failed in rows.others:
        results.setdefault(case, []).append((retry, failed))
    passed = np.array(rows.passed, dtype=np.int32)
    others = np.array(list(results), dtype=np.int32)
    case_ids, times = np.unique(np.concatenate([passed, others]), return_counts=True)
    for case in case_ids[times > 1].tolist():
        results.setdefault(case, [])
    if (times > 1).any():
        for case, count in zip(*np.unique(passed, return_counts=True), strict=True):
            if int(case) in results:
                results[int(case)] += [(0, False)] * int(count)
    failed_ids = []
    retries = {}
    for case, of_case in results.items():
        first, *again = [failed for _, failed in sorted(of_case)]
        if first:
            failed_ids.append(case)
        if again:
            retries[case] = tuple(again)
    # Most executions run the same cases: one array for all of them.
    case_ids = arrays.setdefault(case_ids.tobytes(), case_ids)
    fields = rows.fields
    branch, event_kind = fields["branch"] or default_branch, kind_of(fields["event"])
    return Execution(
        variant=fields["variant"],
        branch=branch,
        on_default_branch=branch == (fields["default_branch"] or default_branch) and event_kind != PULL_REQUEST,
        sha=fields["sha"] or f"{fields['run_id']}/{fields['run_attempt']}",
        base_sha=fields["base_sha"] or None,
        event_kind=event_kind,
        started_at=rows.started_at or EPOCH,
        case_ids=case_ids,
        suites=suites[case_ids],
        failed=np.isin(case_ids, np.array(failed_ids, dtype=np.int32)),
        retries=retries,
        runners=_runners(rows, case_ids),
    )


def _runners(rows: OpenExecution, case_ids: NDArray[np.int32]) -> NDArray[np.int32] | None:
    if not rows.runners:
        return None
    runners = outage_group.number_runners([rows.runners.get(case, "") for case in case_ids.tolist()])
    return None if runners is None else runners.numbers


def _natural(text: str) -> tuple[int, int, str]:
    """Orders numbers by value, before other texts."""
    if text.isascii() and text.isdecimal():
        digits = text.lstrip("0")
        return (0, len(digits), digits)
    return (1, 0, text)
