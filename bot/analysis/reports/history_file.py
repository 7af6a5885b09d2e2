"""A recorded history, one row per try of a case, as the executions the filter takes in.

Rows may come in any order; executions are put in order of their start, equal ones by run, attempt, job and variant.
A file that has neither times nor runs is taken to be in order of its commits.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from bot.analysis.identity import runner
from bot.analysis.scoring import Execution
from bot.errors import InvalidInputError

COLUMNS = (
    "repo", "case", "suite", "sha", "base_sha", "branch", "default_branch", "event", "run_id", "run_attempt", "job",
    "variant", "try", "started_at", "outcome", "duration_ms", "message",
)  # fmt: skip
"""The columns of a history in their usual order; all but case, outcome and one of run_id and sha may be missing."""
RUNNER = "runner"
"""One more that is read where it is: the machine that ran the case. Others are ignored."""
_CONSTANT = ("sha", "base_sha", "branch", "default_branch", "event", "run_id", "run_attempt", "job", "variant")
_ORDER = ("run_id", "run_attempt", "job", "variant", "sha")
_OUTCOMES = {"passed": False, "failed": True, "errored": True}
_FIELD = re.compile(r'(?:^|,)((?:"(?:[^"]|"")*")|[^,]*)')
NAME_LENGTH = 4000
TRIES = 1000
_CASE, _OUTCOME, _TRY, _STARTED_AT = "case", "outcome", "try", "started_at"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PROGRESS = 50_000


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
class _Open:
    """An execution whose rows are still coming in: cases that passed at their first try, and all other tries."""

    fields: dict[str, str]
    passed: list[int] = field(default_factory=list)
    others: list[tuple[int, int, bool]] = field(default_factory=list)
    runners: dict[int, str] = field(default_factory=dict)
    started_at: datetime | None = None


class _Fast:
    """Recognises rows that differ from an earlier one of their execution in the case and the duration only.

    Such a row is the earlier one's text but for two places, so it need not be parsed. Only for files with the usual
    columns in their usual order.
    """

    __slots__ = ("cases", "current", "middle", "prefix", "start", "suffix")

    def __init__(self) -> None:
        self.cases: dict[str, int] = {}
        self.current: _Open | None = None
        self.middle = self.prefix = self.suffix = "\0"
        self.start = 0

    def learn(self, line: str, case: int, execution: _Open, values: Sequence[str]) -> None:
        """Take over what a parsed one-line row looks like."""
        text = line.rstrip("\r\n")
        raw = [found.group(1) for found in _FIELD.finditer(text)]
        if len(raw) != len(COLUMNS) or ",".join(raw) != text:
            return
        self.cases[",".join(raw[:3]) + ","] = case
        if values[14] == "passed" and values[12] in {"", "1"} and not values[16]:
            self.current = execution
            self.middle = ",".join(raw[3:12]) + ","
            self.prefix = ",".join(raw[12:15]) + ","
            self.suffix = f",{raw[16]}{line[len(text) :]}"
            self.start = len(self.prefix)


class Reader:
    """Collects the rows of one history."""

    def __init__(self) -> None:
        self._cases: dict[str, int] = {}
        self._suites: dict[int, str] = {}
        self._open: dict[tuple[str, ...], _Open] = {}
        self._times: dict[str, datetime] = {}
        self._repo: str | None = None
        self._branches: set[str] = set()
        self._has_order = False
        self.results = 0

    def read(self, lines: Iterable[str], progress: Callable[[int], None] = lambda _rows: None) -> History:
        """The history in the lines of a CSV file, the header first; `progress` is told the number of rows so far.

        Raises:
            InvalidInputError: a value is not allowed; the text says in which row, and what is.
        """
        source = iter(lines)
        rows = csv.reader(source)
        try:
            header = next(rows, None)
            if header is None:
                message = "The history is empty: the first line must name the columns."
                raise InvalidInputError(message)
            names = [name.strip().lstrip("\ufeff").lower() for name in header]
            _check_header(names)
            self._has_order = "run_id" in names or _STARTED_AT in names
            self._read(source, names, progress)
        except csv.Error as error:
            message = f"Row {self.results + 1} is not CSV: {error}."
            raise InvalidInputError(message) from None
        return self._finish()

    def _read(self, source: Iterator[str], names: list[str], progress: Callable[[int], None]) -> None:
        fast = _Fast() if tuple(names) == COLUMNS else None
        positions = {name: names.index(name) for name in (*COLUMNS, RUNNER) if name in names}
        for line in source:
            if fast is not None:
                head, _, tail = line.partition(fast.middle)
                case = fast.cases.get(head)
                if (
                    case is not None
                    and fast.current is not None
                    and tail.startswith(fast.prefix)
                    and tail.endswith(fast.suffix)
                    and tail[fast.start : -len(fast.suffix)].isdecimal()
                ):
                    fast.current.passed.append(case)
                    self.results += 1
                    continue
            values = next(csv.reader(_again(line, source)), None)
            if not values:
                continue
            self.results += 1
            if self.results % _PROGRESS == 0:
                progress(self.results)
            if len(values) != len(names):
                message = f"Row {self.results} has {len(values)} values, the header {len(names)} columns."
                raise InvalidInputError(message)
            case, execution = self._take({name: values[position] for name, position in positions.items()})
            if fast is not None:
                fast.learn(line, case, execution, values)

    def _take(self, row: dict[str, str]) -> tuple[int, _Open]:
        name = row["case"]
        if not 0 < len(name) <= NAME_LENGTH:
            raise self._wrong(_CASE, name, f"a name of 1 to {NAME_LENGTH} characters")
        repo = row.get("repo", "")
        if self._repo is None:
            self._repo = repo
        elif repo != self._repo:
            message = f"Row {self.results}: a second repository ({repo[:100]!r}); give one history per repository."
            raise InvalidInputError(message)
        case = self._cases.setdefault(name, len(self._cases))
        suite = row.get("suite") or suite_of(name)
        # A case that moves between suites has the same one whatever the order of the rows.
        self._suites[case] = min(self._suites.get(case, suite), suite)
        key = tuple(row.get(column, "") for column in _ORDER)
        execution = self._open.get(key)
        if execution is None:
            execution = self._open[key] = _Open({column: row.get(column, "") for column in _CONSTANT})
            self._branches.add(execution.fields["branch"])
        started = self._time(row.get("started_at", ""))
        if execution.started_at is None or started < execution.started_at:
            execution.started_at = started
        if row.get(RUNNER):
            execution.runners[case] = row[RUNNER]
        outcome = row["outcome"].strip().lower()
        if outcome == "skipped":
            return case, execution
        failed = _OUTCOMES.get(outcome)
        if failed is None:
            raise self._wrong(_OUTCOME, outcome, "passed, failed, errored or skipped")
        number = self._number(row.get("try", "") or "1")
        if number == 1 and not failed:
            execution.passed.append(case)
        else:
            execution.others.append((case, number, failed))
        return case, execution

    def _number(self, text: str) -> int:
        if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= TRIES):
            raise self._wrong(_TRY, text, f"a whole number from 1 to {TRIES}")
        return int(text)

    def _time(self, text: str) -> datetime:
        known = self._times.get(text)
        if known is None:
            try:
                known = datetime.fromisoformat(text) if text else _EPOCH
                known = known.replace(tzinfo=UTC) if known.tzinfo is None else known.astimezone(UTC)
            except (ValueError, OverflowError):
                raise self._wrong(_STARTED_AT, text, "a time such as 2026-01-05T06:01:24Z") from None
            if len(self._times) > _PROGRESS:
                self._times.clear()
            self._times[text] = known
        return known

    def _wrong(self, column: str, value: str, expected: str) -> InvalidInputError:
        return InvalidInputError(f"Row {self.results}: {column} must be {expected}, not {value[:60]!r}.")

    def _finish(self) -> History:
        suites = {name: number for number, name in enumerate(sorted(set(self._suites.values())))}
        suite_of_case = np.array([suites[self._suites[case]] for case in range(len(self._cases))], dtype=np.int32)
        default = "main" if "main" in self._branches or "master" not in self._branches else "master"
        # The name of a commit tells nothing of when it was made.
        told = ("run_id", "run_attempt", "job", "variant", "sha") if self._has_order else ()
        ordered = sorted(
            self._open.values(),
            key=lambda one: (
                one.started_at,
                *(_natural(one.fields[name]) for name in told),
            ),
        )
        arrays: dict[bytes, NDArray[np.int32]] = {}
        entries = []
        keys: dict[str, NDArray[np.int32]] = {}
        for one in ordered:
            execution = _execution(one, default, suite_of_case, arrays)
            if not len(execution.case_ids):
                continue
            known = keys.get(execution.variant)
            if known is not execution.case_ids:
                joined = execution.case_ids if known is None else np.union1d(known, execution.case_ids)
                keys[execution.variant] = known if known is not None and len(joined) == len(known) else joined
            entries.append(Entry(one.fields["run_id"], one.fields["run_attempt"], one.fields["job"], execution))
        return History(list(self._cases), entries, sum(len(ids) for ids in keys.values()), self.results)


def _execution(
    one: _Open, default: str, suites: NDArray[np.int32], arrays: dict[bytes, NDArray[np.int32]]
) -> Execution:
    tries: dict[int, list[tuple[int, bool]]] = {}
    for case, number, failed in one.others:
        tries.setdefault(case, []).append((number, failed))
    passed = np.array(one.passed, dtype=np.int32)
    more = np.array(list(tries), dtype=np.int32)
    case_ids, times = np.unique(np.concatenate([passed, more]), return_counts=True)
    for case in case_ids[times > 1].tolist():
        tries.setdefault(case, [])
    if (times > 1).any():
        for case, count in zip(*np.unique(passed, return_counts=True), strict=True):
            if int(case) in tries:
                tries[int(case)] += [(1, False)] * int(count)
    failed_ids = []
    retries = {}
    for case, seen in tries.items():
        ran = [failed for _, failed in sorted(seen)]
        if ran[0]:
            failed_ids.append(case)
        if len(ran) > 1:
            retries[case] = tuple(ran[1:])
    # Most executions run the same cases: one array for all of them.
    case_ids = arrays.setdefault(case_ids.tobytes(), case_ids)
    fields = one.fields
    return Execution(
        variant=fields["variant"],
        branch=fields["branch"] or default,
        on_default_branch=(fields["branch"] or default) == (fields["default_branch"] or default)
        and not fields["event"].startswith("pull_request"),
        sha=fields["sha"] or f"{fields['run_id']}/{fields['run_attempt']}",
        base_sha=fields["base_sha"] or None,
        event_kind="pull_request" if fields["event"].startswith("pull_request") else "push",
        started_at=one.started_at or _EPOCH,
        case_ids=case_ids,
        suites=suites[case_ids],
        failed=np.isin(case_ids, np.array(failed_ids, dtype=np.int32)),
        retries=retries,
        runners=_runners(one, case_ids),
    )


def _runners(one: _Open, case_ids: NDArray[np.int32]) -> NDArray[np.int32] | None:
    if not one.runners:
        return None
    told = runner.number([one.runners.get(case, "") for case in case_ids.tolist()])
    return None if told is None else told.numbers


def suite_of(case: str) -> str:
    """The suite a case's name tells: the folder of its file, else all but the last part."""
    file, separator, _ = case.partition("::")
    if separator:
        return file.rpartition("/")[0] or file
    parts = re.split(r"[.#/ ]", case)
    return case[: -len(parts[-1]) - 1] if len(parts) > 1 else ""


def _natural(text: str) -> tuple[int, int, str]:
    """Orders numbers by value, in front of other texts."""
    if text.isascii() and text.isdecimal():
        digits = text.lstrip("0")
        return (0, len(digits), digits)
    return (1, 0, text)


def _again(line: str, source: Iterator[str]) -> Iterator[str]:
    yield line
    for more in source:  # noqa: UP028  # `yield from` would close the source with the generator
        yield more


def _check_header(names: list[str]) -> None:
    for name in ("case", "outcome"):
        if name not in names:
            message = f"The history has no column {name!r}; its first line names {', '.join(names)[:200]!r}."
            raise InvalidInputError(message)
    twice = sorted({name for name in names if name in COLUMNS and names.count(name) > 1})
    if twice:
        message = f"The history has the column {twice[0]!r} twice."
        raise InvalidInputError(message)
    if "run_id" not in names and "sha" not in names:
        message = "The history needs a column 'run_id' or 'sha', to tell one run from another."
        raise InvalidInputError(message)
