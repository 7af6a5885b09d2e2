"""A recorded history as a CSV file, one row per result of a case.

Rows may come in any order; executions are put in order of their start, equal ones by run, attempt, job and variant.
A file that has neither times nor runs is taken to be in order of its commits.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NoReturn

from bot.analysis.runs.recorded_history import EPOCH, RUN_KEY, History, OpenExecution, assemble, suite_of
from bot.errors import InvalidInputError

COLUMNS = (
    "repo", "case", "suite", "sha", "base_sha", "branch", "default_branch", "event", "run_id", "run_attempt", "job",
    "variant", "try", "started_at", "outcome", "duration_ms", "message",
)  # fmt: skip
"""The columns of a history in their usual order; only case, outcome, and run_id or sha are required."""
RUNNER = "runner"
"""One more column, which is optional: the machine that ran the case. Others are ignored."""
NAME_LENGTH = 4000
MAX_TRY = 1000
_CONSTANT = ("sha", "base_sha", "branch", "default_branch", "event", "run_id", "run_attempt", "job", "variant")
_OUTCOMES = {"passed": False, "failed": True, "errored": True}
_FIELD = re.compile(r'(?:^|,)((?:"(?:[^"]|"")*")|[^,]*)')
_CASE, _OUTCOME, _TRY, _STARTED_AT = "case", "outcome", "try", "started_at"
_PROGRESS = 50_000  # rows between two reports of progress, and times that are cached


class _FastPath:
    """Recognises rows that differ from an earlier one of their execution in the case and the duration only.

    Such a row is the text of the earlier one except in two places, so it need not be parsed. This works only in files
    with the usual columns in their usual order.
    """

    __slots__ = ("cases", "current", "middle", "prefix", "start", "suffix")

    def __init__(self) -> None:
        self.cases: dict[str, int] = {}
        self.current: OpenExecution | None = None
        self.middle = self.prefix = self.suffix = "\0"
        self.start = 0

    def learn(self, line: str, case: int, execution: OpenExecution, values: Sequence[str]) -> None:
        """Learn from a parsed row of one line."""
        text = line.rstrip("\r\n")
        raw = [field.group(1) for field in _FIELD.finditer(text)]
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
        self._open: dict[tuple[str, ...], OpenExecution] = {}
        self._times: dict[str, datetime] = {}
        self._repo: str | None = None
        self.results = 0

    def read(self, lines: Iterable[str], progress: Callable[[int], None] = lambda _rows: None) -> History:
        """The history in the lines of a CSV file, the header first; `progress` takes the number of rows so far.

        Raises:
            InvalidInputError: a value is not allowed; the message names the row and what is allowed.
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
            self._read(source, names, progress)
        except csv.Error as error:
            message = f"Row {self.results + 1} is not CSV: {error}."
            raise InvalidInputError(message) from None
        suites = [self._suites[case] for case in range(len(self._cases))]
        has_order = "run_id" in names or _STARTED_AT in names
        return assemble(list(self._cases), suites, list(self._open.values()), self.results, has_order=has_order)

    def _read(self, source: Iterator[str], names: list[str], progress: Callable[[int], None]) -> None:
        fast = _FastPath() if tuple(names) == COLUMNS else None
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

    def _take(self, row: dict[str, str]) -> tuple[int, OpenExecution]:
        name = row["case"]
        if not 0 < len(name) <= NAME_LENGTH:
            self._refuse(_CASE, name, f"a name of 1 to {NAME_LENGTH} characters")
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
        key = tuple(row.get(column, "") for column in RUN_KEY)
        execution = self._open.get(key)
        if execution is None:
            execution = self._open[key] = OpenExecution({column: row.get(column, "") for column in _CONSTANT})
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
            self._refuse(_OUTCOME, outcome, "passed, failed, errored or skipped")
        retry = self._retry(row.get("try", "") or "1")
        if retry == 0 and not failed:
            execution.passed.append(case)
        else:
            execution.others.append((case, retry, failed))
        return case, execution

    def _retry(self, text: str) -> int:
        """The retry, from 0, of a value of the column `try`, which counts from 1."""
        if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MAX_TRY):
            self._refuse(_TRY, text, f"a whole number from 1 to {MAX_TRY}")
        return int(text) - 1

    def _time(self, text: str) -> datetime:
        known = self._times.get(text)
        if known is None:
            try:
                known = datetime.fromisoformat(text) if text else EPOCH
                known = known.replace(tzinfo=UTC) if known.tzinfo is None else known.astimezone(UTC)
            except (ValueError, OverflowError):
                self._refuse(_STARTED_AT, text, "a time such as 2026-01-05T06:01:24Z")
            if len(self._times) > _PROGRESS:
                self._times.clear()
            self._times[text] = known
        return known

    def _refuse(self, column: str, value: str, expected: str) -> NoReturn:
        message = f"Row {self.results}: {column} must be {expected}, not {value[:60]!r}."
        raise InvalidInputError(message) from None


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
