"""What reading a report yields: each case as written, and a summary of the file."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NamedTuple, NoReturn

from bot.analysis.model import FailureText, Outcome, Result
from bot.analysis.reports.limits import Limits
from bot.errors import InvalidReportError

_CLOCK = re.compile(r"(?:(\d+)[.:])?(\d+):(\d+):(\d+(?:\.\d+)?)")  # .NET's [d.]hh:mm:ss[.fffffff]


class Format(StrEnum):
    """The formats; every dialect of JUnit XML is `junit`."""

    JUNIT = "junit"
    NUNIT2 = "nunit2"
    NUNIT3 = "nunit3"
    XUNIT = "xunit.net"
    TRX = "trx"


class DuplicateMeaning(Enum):
    """What it means that a report holds a name more than once; it depends on the writer."""

    RETRIES = "retries"
    """Retries, each with its outcome; the default."""
    UNMARKED_RETRIES = "bare retries"
    """Retries of which only the last one says how the case ended; see `duplicate_case`."""
    TESTS = "tests"
    """Different tests: the writer marks retries otherwise, or writes the last one only."""


class NotAReportError(InvalidReportError):
    """Well-formed XML of another kind, such as a coverage file."""


class ReportedCase(NamedTuple):
    """One case as written; a tuple, because half a million are made in a second.

    `suites` are names from the outermost in, `duration` is in seconds, `host` is the suite's host name,
    in which Playwright writes the project (the browser). `reruns` are all its results where there was more than one.
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
"""Takes the cases of a report as they are read, some at a time, such as a list's `extend`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts of the elements of a report, never its declared totals; `flaky` ones are among the passed."""

    format: Format
    cases: int
    passed: int
    failed: int
    errored: int
    skipped: int
    flaky: int
    complete: bool
    repeats: DuplicateMeaning
    warnings: tuple[str, ...]


class Tally:
    """Counts the cases of one report and delivers them."""

    __slots__ = ("_deliver", "_limit", "cases", "counts", "flaky", "repeats", "suite_errors", "warnings")

    def __init__(self, on_cases: OnCases | None, limits: Limits) -> None:
        self._limit = limits.cases
        self._deliver: OnCases = on_cases or (lambda _cases: None)
        self.cases = 0
        self.counts = dict.fromkeys(Outcome, 0)
        self.flaky = 0
        self.suite_errors = 0
        self.repeats = DuplicateMeaning.RETRIES
        self.warnings: list[str] = []

    def add(self, case: ReportedCase, *, element: Outcome, flaky: bool = False) -> None:
        """Count an element and deliver its case; `element` is the outcome by its children."""
        self.count(element, 1)
        self.flaky += flaky
        self._deliver((case,))

    def add_all(self, cases: Iterable[ReportedCase], number: int, not_passed: list[Outcome]) -> None:
        """Count and deliver `number` cases; `not_passed` are the outcomes of those that did not pass."""
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
        """Refuse the report if `number` more cases exceed the limit."""
        if self.cases + number > self._limit:
            refuse(f"it has more than {self._limit:,} cases")

    def summary(self, written_as: Format, *, whole: bool) -> Summary:
        """The summary at the end; `whole` if the file did not break off and needed no repair."""
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
    """A name of at most `length` characters, and of a longer one a hash of the whole."""
    if len(name) <= length:
        return name
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    # Base32, because `case_identity` masks hexadecimal as what changes from run to run.
    return f"{name[:length]}… {base64.b32encode(digest).decode().lower().rstrip('=')}"


def refuse(fault: str) -> NoReturn:
    """Refuse the report; `fault` completes the sentence "This report was refused: …"."""
    message = f"This report was refused: {fault}."
    raise InvalidReportError(message)


def seconds(written: str) -> float:
    """A duration with decimal comma or point, separated thousands and a unit; 0 where it is none."""
    text = written.strip().removesuffix("s").replace(" ", "").replace("\u00a0", "").replace("'", "")
    if "," in text and "." in text:
        thousands = "," if text.rindex(",") < text.rindex(".") else "."
        text = text.replace(thousands, "").replace(",", ".")
    elif text.count(",") == 1:
        text = text.replace(",", ".")
    else:
        text = text.replace(",", "")
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and 0 <= value < 1e9 else 0.0  # noqa: PLR2004  # 30 years


def clock_seconds(written: str) -> float:
    """A duration as a clock shows it, such as `00:01:02.5000000`; 0 for anything else."""
    clock = _CLOCK.fullmatch(written.strip())
    if clock is None:
        return 0.0
    days, hours, minutes, rest = clock.groups()
    return ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + float(rest)
