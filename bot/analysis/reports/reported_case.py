"""What a reader of test reports delivers: each case as its file writes it, and what the file holds in all."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NamedTuple, NoReturn

from bot.analysis.model import FailureText, Outcome, Result
from bot.analysis.reports.limits import Limits
from bot.errors import InvalidReportError


class Format(StrEnum):
    """The formats that are read; every dialect of JUnit XML is `junit`."""

    JUNIT = "junit"
    NUNIT2 = "nunit2"
    NUNIT3 = "nunit3"
    XUNIT = "xunit.net"
    TRX = "trx"


class Repeats(Enum):
    """What a name is that a report holds more than once, as far as its writer is known."""

    TRIES = "tries"
    """Tries, each with its outcome; what is taken where nothing else is known."""
    BARE_TRIES = "bare tries"
    """Tries of which only the last one says how the case ended; see `repetition`."""
    TESTS = "tests"
    """Tests of their own: the writer marks tries otherwise, or writes the last one only."""


class NotAReportError(InvalidReportError):
    """Well-formed XML that is no test report, such as a coverage file."""


class ReportedCase(NamedTuple):
    """One case as written; a tuple, because half a million are made in a second.

    `suites` are named from the outermost in, `duration` is in seconds, `host` is the host its suite names,
    where Playwright writes the project (the browser). `reruns` are all its results where there was more than one.
    """

    suites: tuple[str, ...]
    file: str
    class_name: str
    name: str
    duration: float
    outcome: Outcome
    host: str = ""
    failure: FailureText | None = None
    reruns: tuple[Result, ...] = ()

    @property
    def results(self) -> tuple[Result, ...]:
        """Its results in the order in which they ran."""
        return self.reruns or (Result(0, self.outcome, self.duration, self.failure),)


OnCases = Callable[[Iterable[ReportedCase]], object]
"""Takes the cases of a report as they are read, some at a time and each once, such as a list's `extend`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a report holds: elements counted, never the totals it declares; `flaky` ones are among the passed."""

    format: Format
    cases: int
    passed: int
    failed: int
    errored: int
    skipped: int
    flaky: int
    complete: bool
    repeats: Repeats
    warnings: tuple[str, ...]


class Tally:
    """Counts the cases of one report and hands them on."""

    __slots__ = ("_deliver", "_limit", "cases", "counts", "flaky", "repeats", "suite_errors", "warnings")

    def __init__(self, on_cases: OnCases | None, limits: Limits) -> None:
        self._limit = limits.cases
        self._deliver: OnCases = on_cases or (lambda _cases: None)
        self.cases = 0
        self.counts = dict.fromkeys(Outcome, 0)
        self.flaky = 0
        self.suite_errors = 0
        self.repeats = Repeats.TRIES
        self.warnings: list[str] = []

    def add(self, case: ReportedCase, *, element: Outcome, flaky: bool = False) -> None:
        """Count an element and deliver its case; `element` is the outcome its children say."""
        self.count(element, 1)
        self.flaky += flaky
        self._deliver((case,))

    def add_all(self, cases: Iterable[ReportedCase], number: int, not_passed: list[Outcome]) -> None:
        """Count `number` cases, `not_passed` being the outcomes of those that did not, and hand them on."""
        self.count(Outcome.PASSED, number - len(not_passed))
        for outcome in not_passed:
            self.count(outcome, 1)
        self._deliver(cases)

    def count(self, element: Outcome, number: int) -> None:
        """Count elements whose cases are delivered elsewhere.

        Raises:
            InvalidReportError: there are more cases than allowed.
        """
        self.check_room(number)
        self.cases += number
        self.counts[element] += number

    def check_room(self, number: int) -> None:
        """Refuse the report where so many more cases would be too many."""
        if self.cases + number > self._limit:
            refuse(f"it has more than {self._limit:,} cases")

    def summary(self, written_as: Format, *, whole: bool) -> Summary:
        """The end of the report; `whole` where the file did not break off and nothing in it was mended."""
        warnings = list(self.warnings)
        if self.suite_errors:
            warnings.append(f"{self.suite_errors} errors outside any case")
        if self.cases == 0:
            warnings.append("no test case")
        return Summary(
            format=written_as,
            cases=self.cases,
            passed=self.counts[Outcome.PASSED],
            failed=self.counts[Outcome.FAILED],
            errored=self.counts[Outcome.ERRORED],
            skipped=self.counts[Outcome.SKIPPED],
            flaky=self.flaky,
            complete=whole and self.suite_errors == 0 and self.cases > 0,
            repeats=self.repeats,
            warnings=tuple(warnings),
        )


def shortened(name: str, length: int) -> str:
    """A name of a case that is no longer than `length` and a hash, which tells it from others that begin alike."""
    if len(name) <= length:
        return name
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    # Not in hexadecimal, which would be masked as what changes from run to run.
    return f"{name[:length]}… {base64.b32encode(digest).decode().lower().rstrip('=')}"


def refuse(fault: str) -> NoReturn:
    """Refuse the report as a whole, for a fault that completes the sentence "refused: …"."""
    message = f"This report was refused: {fault}."
    raise InvalidReportError(message)
