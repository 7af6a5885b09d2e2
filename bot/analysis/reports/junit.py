"""JUnit XML in all its dialects: the elements of a document in, one call per case out.

There is no standard. What is relied on is what every writer agrees on: a `testcase` is one case, its children
say how it ended, the suites around it say where it belongs. Totals that are declared are never believed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from bot.analysis.model import FailureText, Outcome, Result
from bot.analysis.reports.document import Document
from bot.analysis.reports.duration import seconds
from bot.analysis.reports.limits import Limits
from bot.analysis.reports.plain_case import NOT_RUN, PlainRuns, Suite
from bot.analysis.reports.reported_case import Repeats, ReportedCase, Tally, refuse, shortened

ROOTS: Final = frozenset({"testsuites", "testsuite", "testcase"})
_SUITES: Final = frozenset({"testsuites", "testsuite"})
_RESULTS: Final = {"failure": Outcome.FAILED, "error": Outcome.ERRORED, "skipped": Outcome.SKIPPED}
_EARLIER: Final = {"flakyFailure": Outcome.FAILED, "flakyError": Outcome.ERRORED}
_RERUNS: Final = {**_EARLIER, "rerunFailure": Outcome.FAILED, "rerunError": Outcome.ERRORED}  # surefire's words
_TOLD: Final = frozenset({*_RESULTS, *_RERUNS})
_OUTPUT: Final = frozenset({"system-out", "system-err"})
# These write the last try alone, and surefire marks the others: a name that is there again is that of another test, in
# another file of the same titles or with other parameters.
_LAST_TRY_ONLY: Final = frozenset({"jest tests", "vitest tests", "Mocha Tests", "Cucumber"})
_SCHEMA, _SUREFIRE = "xsi:noNamespaceSchemaLocation", "surefire-test-report"
_PYTEST: Final = frozenset({"pytest", "pytest tests"})


@dataclass(slots=True)
class _Suite:
    """An open suite; `cases` is how many the report had when it began, `file` and `host` are inherited."""

    name: str
    host: str
    file: str
    declared: str
    by_pytest: bool
    cases: int


@dataclass(slots=True)
class _Told:
    """What one child of a case says: how it ended, or an earlier result."""

    tag: str
    type: str
    message: str
    time: str
    text: list[str] = field(default_factory=list)

    @property
    def failure(self) -> FailureText:
        return FailureText(self.type, self.message, "".join(self.text).strip())

    @property
    def rerun(self) -> tuple[Outcome, float, FailureText]:
        return _RERUNS[self.tag], seconds(self.time), self.failure


class JUnit:
    """The handlers of one report, and where in it they are."""

    __slots__ = ("_cases", "_document", "_limits", "_names", "_suites", "_tally", "plain")

    def __init__(self, document: Document, tally: Tally, limits: Limits) -> None:
        self._document = document
        self._tally = tally
        self._limits = limits
        self._suites: list[_Suite] = []
        self._names: tuple[str, ...] = ()
        self._cases: list[tuple[dict[str, str], list[_Told]]] = []
        self.plain = PlainRuns(tally, limits)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""
        path = self._document.path
        parent = path[-1] if path else ""
        tag = self._document.enter(name)
        if tag == "testcase":
            self._cases.append((attributes, []))
        elif tag in _SUITES:
            self._open_suite(attributes)
        elif parent == "testcase":
            if tag in _TOLD:
                self._begin_told(tag, attributes)
        elif tag in _OUTPUT and parent in _RERUNS:
            self._document.silence()
        elif parent in _SUITES and tag in {"failure", "error"}:
            self._tally.suite_errors += 1

    def end(self, _name: str) -> None:
        """Take the end of an element."""
        path = self._document.path
        tag = path.pop()
        if tag == "testcase":
            self._close_case(*self._cases.pop())
        elif tag in _TOLD:
            self._document.silence()
        elif tag in _SUITES:
            self._close_suite()

    def take_plain(self, text: str, at: int) -> int:
        """Deliver the run of plain cases that stands at `at`, if one can; where the text goes on."""
        path = self._document.path
        if self._cases or not path or path[-1] not in _SUITES or not self._document.at_rest:
            return at  # white space between cases is text where a suite stands inside a case
        suite = self._suites[-1]
        return self.plain.take(text, at, Suite(self._names, suite.file, suite.host))

    def finish(self) -> None:
        """Nothing is left to be said at the end."""

    def _open_suite(self, attributes: dict[str, str]) -> None:
        outer = self._suites[-1] if self._suites else None
        name = attributes.get("name", "")[: self._limits.name_length]
        if name in _LAST_TRY_ONLY or _SUREFIRE in attributes.get(_SCHEMA, ""):
            self._tally.repeats = Repeats.TESTS
        file = attributes.get("file", "") or attributes.get("filepath", "")
        self._suites.append(
            _Suite(
                name=name,
                host=attributes.get("hostname", "")[: self._limits.name_length],
                file=shortened(file, self._limits.case_length) or (outer.file if outer else ""),
                declared=attributes.get("tests", ""),
                by_pytest=name in _PYTEST or (outer is not None and outer.by_pytest),
                cases=self._tally.cases,
            )
        )
        self._names = tuple(suite.name for suite in self._suites if suite.name)

    def _close_suite(self) -> None:
        suite = self._suites.pop()
        self._names = tuple(suite.name for suite in self._suites if suite.name)
        counted = suite.declared.isdecimal() and len(suite.declared) < len("1000000000")
        if suite.by_pytest and counted and int(suite.declared) < self._tally.cases - suite.cases:
            # pytest-rerunfailures and flaky write each try as a case of its own, and count the last ones only
            self._tally.repeats = Repeats.BARE_TRIES

    def _begin_told(self, tag: str, attributes: dict[str, str]) -> None:
        told = self._cases[-1][1]
        if len(told) == self._limits.results:
            refuse(f"one case has more than {self._limits.results:,} results")
        one = _Told(
            tag=tag,
            type=attributes.get("type", "")[: self._limits.name_length],
            message=attributes.get("message", "")[: self._limits.message_length],
            time=attributes.get("time", ""),
        )
        told.append(one)
        self._document.listen(_kept(one.text, self._limits.text_length))

    def _close_case(self, attributes: dict[str, str], told: list[_Told]) -> None:
        path = self._document.path
        suite = self._suites[-1] if self._suites else None
        if self.plain.wants_layout and path and path[-1] in _SUITES:
            self.plain.learn(attributes)
        element, flaky = _ended(told)
        outcome = element
        if element is Outcome.PASSED and attributes.get("status") in NOT_RUN:
            outcome = Outcome.SKIPPED  # GoogleTest's disabled tests have no other mark
        elif any(one.tag == "skipped" and one.type == "todo" for one in told):
            outcome = Outcome.SKIPPED  # to node:test a todo may fail
        duration = seconds(attributes.get("time", ""))
        longest = self._limits.case_length
        file = attributes.get("file", "") or attributes.get("filepath", "")
        own = next((one for one in told if _RESULTS.get(one.tag) is element), None)
        failure = own.failure if own else None
        self._tally.add(
            ReportedCase(
                suites=self._names,
                file=shortened(file, longest) or (suite.file if suite else ""),
                class_name=shortened(attributes.get("classname", "") or attributes.get("class", ""), longest),
                name=shortened(attributes.get("name", ""), longest),
                duration=duration,
                outcome=outcome,
                host=suite.host if suite else "",
                failure=failure,
                reruns=_reruns(told, Result(0, outcome, duration, failure)),
            ),
            element=element,
            flaky=flaky,
        )


def _reruns(told: list[_Told], stands: Result) -> tuple[Result, ...]:
    """The executions in order: after a failure that stands came the reruns, before a pass all others."""
    reruns = [one for one in told if one.tag in _RERUNS]
    if not reruns:
        return ()
    failed = stands.outcome.is_failure
    before = [one.rerun for one in reruns if one.tag in _EARLIER or not failed]
    after = [one.rerun for one in reruns if one.tag not in _EARLIER and failed]
    results = [*before, (stands.outcome, stands.duration, stands.failure), *after]
    return tuple(Result(retry, *result) for retry, result in enumerate(results))


def _ended(told: list[_Told]) -> tuple[Outcome, bool]:
    """How a case ended by its children, the worst counting, and whether it passed only after a failure."""
    if not told:
        return Outcome.PASSED, False
    tags = {one.tag for one in told}
    for tag, outcome in _RESULTS.items():
        if tag in tags:
            return outcome, False
    return Outcome.PASSED, any(tag in _EARLIER for tag in tags)


def _kept(into: list[str], length: int) -> Callable[[str], None]:
    """A taker of text that keeps the first `length` characters."""
    room = length

    def take(text: str) -> None:
        nonlocal room
        if room > 0:
            into.append(text[:room])
            room -= len(text)

    return take
