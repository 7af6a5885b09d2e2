"""JUnit XML in all its dialects: the elements of a document in, cases out.

There is no standard. We rely on what all writers have in common: a `testcase` is one case, its children say how it
ended, the suites around it say where it belongs. Declared totals are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from bot.analysis.model import FailureText, Outcome, Result
from bot.analysis.reports.document import Document
from bot.analysis.reports.limits import Limits
from bot.analysis.reports.plain_case import NOT_RUN, PlainRuns, Suite
from bot.analysis.reports.reported_case import DuplicateMeaning, ReportedCase, Tally, refuse, seconds, shortened

ROOTS: Final = frozenset({"testsuites", "testsuite", "testcase"})
_SUITES: Final = frozenset({"testsuites", "testsuite"})
_RESULTS: Final = {"failure": Outcome.FAILED, "error": Outcome.ERRORED, "skipped": Outcome.SKIPPED}
_EARLIER: Final = {"flakyFailure": Outcome.FAILED, "flakyError": Outcome.ERRORED}
_RERUNS: Final = {**_EARLIER, "rerunFailure": Outcome.FAILED, "rerunError": Outcome.ERRORED}  # surefire's words
_OUTCOME_TAGS: Final = frozenset({*_RESULTS, *_RERUNS})
_OUTPUT: Final = frozenset({"system-out", "system-err"})
# These write the last retry only, and surefire marks the others: a name that repeats is that of another test, in
# another file with the same titles or with other parameters.
_LAST_RETRY_ONLY: Final = frozenset({"jest tests", "vitest tests", "Mocha Tests", "Cucumber"})
_SCHEMA, _SUREFIRE = "xsi:noNamespaceSchemaLocation", "surefire-test-report"
_PYTEST: Final = frozenset({"pytest", "pytest tests"})


@dataclass(slots=True)
class _Suite:
    """An open suite; `cases` is how many the report had when it began, `file` is inherited."""

    name: str
    host: str
    file: str
    declared: str
    by_pytest: bool
    cases: int


@dataclass(slots=True)
class _OutcomeTag:
    """A child element of a case: how it ended, or an earlier result."""

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
    """The handlers of one report."""

    __slots__ = ("_cases", "_document", "_limits", "_names", "_suites", "_tally", "plain")

    def __init__(self, document: Document, tally: Tally, limits: Limits) -> None:
        self._document = document
        self._tally = tally
        self._limits = limits
        self._suites: list[_Suite] = []
        self._names: tuple[str, ...] = ()
        self._cases: list[tuple[dict[str, str], list[_OutcomeTag]]] = []
        self.plain = PlainRuns(tally, limits)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Handle the start of an element."""
        path = self._document.path
        parent = path[-1] if path else ""
        tag = self._document.enter(name)
        if tag == "testcase":
            self._cases.append((attributes, []))
        elif tag in _SUITES:
            self._open_suite(attributes)
        elif parent == "testcase":
            if tag in _OUTCOME_TAGS:
                self._open_outcome(tag, attributes)
        elif tag in _OUTPUT and parent in _RERUNS:
            self._document.stop_text()
        elif parent in _SUITES and tag in {"failure", "error"}:
            self._tally.suite_errors += 1

    def end(self, _name: str) -> None:
        """Handle the end of an element."""
        path = self._document.path
        tag = path.pop()
        if tag == "testcase":
            self._close_case(*self._cases.pop())
        elif tag in _OUTCOME_TAGS:
            self._document.stop_text()
        elif tag in _SUITES:
            self._close_suite()

    def take_plain(self, text: str, at: int) -> int:
        """Deliver the run of plain cases that begins at `at`, if there is one; returns where the text goes on."""
        path = self._document.path
        if self._cases or not path or path[-1] not in _SUITES or not self._document.at_rest:
            return at  # inside a case, white space between the cases of a suite is text
        suite = self._suites[-1]
        return self.plain.take(text, at, Suite(self._names, suite.file, suite.host))

    def finish(self) -> None:
        """Handle the end of the document."""

    def _open_suite(self, attributes: dict[str, str]) -> None:
        outer = self._suites[-1] if self._suites else None
        name = attributes.get("name", "")[: self._limits.name_length]
        if name in _LAST_RETRY_ONLY or _SUREFIRE in attributes.get(_SCHEMA, ""):
            self._tally.repeats = DuplicateMeaning.TESTS
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
            # pytest-rerunfailures and flaky write each retry as a case, and count the last ones only
            self._tally.repeats = DuplicateMeaning.UNMARKED_RETRIES

    def _open_outcome(self, tag: str, attributes: dict[str, str]) -> None:
        outcomes = self._cases[-1][1]
        if len(outcomes) == self._limits.results:
            refuse(f"one case has more than {self._limits.results:,} results")
        outcome = _OutcomeTag(
            tag=tag,
            type=attributes.get("type", "")[: self._limits.name_length],
            message=attributes.get("message", "")[: self._limits.message_length],
            time=attributes.get("time", ""),
        )
        outcomes.append(outcome)
        self._document.start_text(outcome.text, self._limits.text_length)

    def _close_case(self, attributes: dict[str, str], children: list[_OutcomeTag]) -> None:
        path = self._document.path
        suite = self._suites[-1] if self._suites else None
        if self.plain.wants_layout and path and path[-1] in _SUITES:
            self.plain.learn(attributes)
        element, flaky = _ended(children)
        outcome = element
        if element is Outcome.PASSED and attributes.get("status") in NOT_RUN:
            outcome = Outcome.SKIPPED  # GoogleTest marks disabled tests in no other way
        elif any(child.tag == "skipped" and child.type == "todo" for child in children):
            outcome = Outcome.SKIPPED  # in node:test a todo may fail
        duration = seconds(attributes.get("time", ""))
        longest = self._limits.case_length
        file = attributes.get("file", "") or attributes.get("filepath", "")
        own = next((child for child in children if _RESULTS.get(child.tag) is element), None)
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
                reruns=_reruns(children, Result(0, outcome, duration, failure)),
            ),
            element=element,
            flaky=flaky,
        )


def _reruns(children: list[_OutcomeTag], final: Result) -> tuple[Result, ...]:
    """All results in order: the reruns came before a pass, and after a failure."""
    reruns = [child for child in children if child.tag in _RERUNS]
    if not reruns:
        return ()
    failed = final.outcome.is_failure
    before = [child.rerun for child in reruns if child.tag in _EARLIER or not failed]
    after = [child.rerun for child in reruns if child.tag not in _EARLIER and failed]
    results = [*before, (final.outcome, final.duration, final.failure), *after]
    return tuple(Result(retry, *result) for retry, result in enumerate(results))


def _ended(children: list[_OutcomeTag]) -> tuple[Outcome, bool]:
    """The worst outcome of the children, and whether the case passed only after a failure."""
    if not children:
        return Outcome.PASSED, False
    tags = {child.tag for child in children}
    for tag, outcome in _RESULTS.items():
        if tag in tags:
            return outcome, False
    return Outcome.PASSED, any(tag in _EARLIER for tag in tags)
