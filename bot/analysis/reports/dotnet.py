"""Reports of .NET test runners: NUnit 2 and 3, xUnit.net v1 to v3, Visual Studio's TRX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from bot.analysis.model import FailureText, Outcome
from bot.analysis.reports.document import Document
from bot.analysis.reports.limits import Limits
from bot.analysis.reports.reported_case import DuplicateMeaning, ReportedCase, Tally, clock_seconds, seconds, shortened

# Anything else (inconclusive, not run) is no evidence: skipped. TRX: outcomes of vstst.xsd.
_OUTCOMES: Final = {
    "passed": Outcome.PASSED,
    "pass": Outcome.PASSED,
    "success": Outcome.PASSED,
    "warning": Outcome.PASSED,
    "completed": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "fail": Outcome.FAILED,
    "failure": Outcome.FAILED,
    "error": Outcome.ERRORED,
    "timeout": Outcome.ERRORED,
    "aborted": Outcome.ERRORED,
    "passedbutrunaborted": Outcome.ERRORED,
}


class _Case:
    """An open case: its attributes and the texts of its failure so far."""

    __slots__ = ("attributes", "message", "stack", "type")

    def __init__(self, attributes: dict[str, str]) -> None:
        self.attributes = attributes
        self.type = ""
        self.message: list[str] = []
        self.stack: list[str] = []


@dataclass(frozen=True, slots=True)
class _TagNames:
    """The element names of a format: a case, the message and the stack trace inside it, and the suites around it."""

    case: str
    suites: frozenset[str]
    message: str
    stack: str


class _OpenElements:
    """The open suites and cases."""

    def __init__(self, document: Document, tally: Tally, limits: Limits, tags: _TagNames) -> None:
        self._document = document
        self._tally = tally
        self._limits = limits
        self._tags = tags
        self._suites: list[str] = []
        self._open: list[_Case] = []
        tally.repeats = DuplicateMeaning.TESTS  # rows of one theory; of retries only the last is written

    def start(self, name: str, attributes: dict[str, str]) -> str:
        """Handle the start of an element; returns its local name."""
        path, tags = self._document.path, self._tags
        parent = path[-1] if path else ""
        tag = self._document.enter(name)
        if tag == tags.case:
            self._open.append(_Case(attributes))
        elif tag in tags.suites:
            self._suites.append(attributes.get("name", "")[: self._limits.name_length])
        elif self._open:
            case = self._open[-1]
            if tag == tags.message and parent != "reason":
                self._document.start_text(case.message, self._limits.message_length)
            elif tag == tags.stack:
                self._document.start_text(case.stack, self._limits.text_length)
            elif tag == "failure":
                case.type = attributes.get("exception-type", "")[: self._limits.name_length]
        return tag

    def end(self) -> _Case | None:
        """Handle the end of an element; returns the case that it ends."""
        tag = self._document.path.pop()
        if tag == self._tags.case:
            return self._open.pop()
        if tag in self._tags.suites:
            self._suites.pop()
        elif tag in {self._tags.message, self._tags.stack}:
            self._document.stop_text()
        return None

    def add_case(
        self, case: _Case, outcome: Outcome, class_name: str, name: str, duration: float, file: str = ""
    ) -> None:
        """Count a case that has ended, and add it to the report."""
        message, stack = "".join(case.message).strip(), "".join(case.stack).strip()
        reported = ReportedCase(
            suites=tuple(suite for suite in self._suites if suite),
            file=shortened(file, self._limits.case_length),
            class_name=shortened(class_name, self._limits.case_length),
            name=shortened(name, self._limits.case_length),
            duration=duration,
            outcome=outcome,
            failure=FailureText(case.type, message, stack) if outcome.is_failure else None,
        )
        self._tally.add(reported, element=outcome)


class NUnit:
    """NUnit's own XML (docs.nunit.org, Test Result XML Format); 2 differs in the names of the attributes."""

    _TAGS: ClassVar = _TagNames("test-case", frozenset({"test-suite"}), "message", "stack-trace")

    def __init__(self, document: Document, tally: Tally, limits: Limits) -> None:
        self._tally = tally
        self._elements = _OpenElements(document, tally, limits, self._TAGS)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Handle the start of an element."""
        tag = self._elements.start(name, attributes)
        if tag == "test-suite" and "Invalid" in {attributes.get("label"), attributes.get("runstate")}:
            self._tally.suite_errors += 1  # an assembly that could not be loaded

    def end(self, _name: str) -> None:
        """Handle the end of an element."""
        case = self._elements.end()
        if case is None:
            return
        attributes = case.attributes
        if "result" in attributes:
            outcome = _outcome(attributes["result"])
        elif "executed" in attributes:
            ran = attributes["executed"].lower() == "true"
            passed = attributes.get("success", "").lower() == "true"
            outcome = (Outcome.PASSED if passed else Outcome.FAILED) if ran else Outcome.SKIPPED
        else:
            outcome = Outcome.SKIPPED  # a list of the tests there are
        whole = attributes.get("fullname") or attributes.get("name", "")
        class_name = attributes.get("classname", "") or _class(whole)
        name = attributes.get("name", "") or whole
        duration = seconds(attributes.get("duration") or attributes.get("time", ""))
        self._elements.add_case(case, outcome, class_name, name.removeprefix(f"{class_name}."), duration)

    def finish(self) -> None:
        """Handle the end of the document."""


class XUnit:
    """xUnit.net's own XML (xunit.net/docs/format-xml-v2); v1 has `class` where v2 has `collection`."""

    _TAGS: ClassVar = _TagNames("test", frozenset({"assembly", "collection", "class"}), "message", "stack-trace")

    def __init__(self, document: Document, tally: Tally, limits: Limits) -> None:
        self._document = document
        self._tally = tally
        self._elements = _OpenElements(document, tally, limits, self._TAGS)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Handle the start of an element."""
        if self._elements.start(name, attributes) == "error" and "test" not in self._document.path:
            self._tally.suite_errors += 1

    def end(self, _name: str) -> None:
        """Handle the end of an element."""
        case = self._elements.end()
        if case is None:
            return
        attributes = case.attributes
        class_name, name = attributes.get("type", ""), attributes.get("name", "")
        self._elements.add_case(
            case,
            _outcome(attributes.get("result", "")),
            class_name,
            name.removeprefix(f"{class_name}."),
            seconds(attributes.get("time", "")),
            attributes.get("source-file", ""),
        )

    def finish(self) -> None:
        """Handle the end of the document."""


class Trx:
    """Visual Studio's TRX, which names the classes of tests after their results: all wait for the end."""

    _TAGS: ClassVar = _TagNames("UnitTestResult", frozenset(), "Message", "StackTrace")

    def __init__(self, document: Document, tally: Tally, limits: Limits) -> None:
        self._tally = tally
        self._elements = _OpenElements(document, tally, limits, self._TAGS)
        self._ended: list[_Case] = []
        self._unit_test = ""
        self._classes: dict[str, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Handle the start of an element."""
        tag = self._elements.start(name, attributes)
        if tag == "UnitTest":
            self._unit_test = attributes.get("id", "")
        elif tag == "TestMethod":
            self._classes[self._unit_test] = attributes.get("className", "").partition(",")[0]
        elif tag == "RunInfo" and attributes.get("outcome") in {"Error", "Failed", "Timeout", "Aborted"}:
            self._tally.suite_errors += 1

    def end(self, _name: str) -> None:
        """Handle the end of an element."""
        if (case := self._elements.end()) is not None:
            self._ended.append(case)
            self._tally.check_room(len(self._ended))

    def finish(self) -> None:
        """Deliver the results with the classes of their tests."""
        for case in self._ended:
            attributes = case.attributes
            name = attributes.get("testName", "")
            class_name = self._classes.get(attributes.get("testId", ""), "")
            self._elements.add_case(
                case,
                _outcome(attributes.get("outcome", "")),
                class_name,
                name.removeprefix(f"{class_name}."),
                clock_seconds(attributes.get("duration", "")),
            )


def _outcome(result: str) -> Outcome:
    return _OUTCOMES.get(result.strip().lower(), Outcome.SKIPPED)


def _class(name: str) -> str:
    """The class of a full name such as `Shop.CartTest.Adds(1, "a.b")`."""
    return name.partition("(")[0].rpartition(".")[0]
