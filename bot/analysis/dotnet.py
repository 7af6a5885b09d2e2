"""The reports of .NET's runners in their own formats: NUnit 2 and 3, xUnit.net v1 to v3, Visual Studio's TRX."""

from __future__ import annotations

from typing import Final

from bot.analysis.document import Document
from bot.analysis.durations import clock_seconds, seconds
from bot.analysis.limits import Limits
from bot.analysis.model import FailureText, Outcome
from bot.analysis.reported import ReportedCase, Tally

# What says neither pass nor failure (inconclusive, not run) is no evidence: skipped. TRX: outcomes of vstst.xsd.
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


class _Open:
    """An open case: its attributes, and the texts of its failure as they come."""

    __slots__ = ("attributes", "message", "stack", "type")

    def __init__(self, attributes: dict[str, str]) -> None:
        self.attributes = attributes
        self.type = ""
        self.message: list[str] = []
        self.stack: list[str] = []


class _Dotnet:
    """What the formats have in common: a case element, with a message and a stack somewhere inside."""

    case_tag = ""
    suite_tags: frozenset[str] = frozenset()
    message_tags: frozenset[str] = frozenset()
    stack_tags: frozenset[str] = frozenset()

    def __init__(self, document: Document, tally: Tally, limits: Limits) -> None:
        self._document = document
        self._tally = tally
        self._limits = limits
        self._suites: list[str] = []
        self._open: list[_Open] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""
        path = self._document.path
        parent = path[-1] if path else ""
        tag = self._document.enter(name)
        if tag == self.case_tag:
            self._open.append(_Open(attributes))
        elif tag in self.suite_tags:
            self._suites.append(attributes.get("name", "")[: self._limits.name_length])
        elif self._open:
            case = self._open[-1]
            if tag in self.message_tags and parent != "reason":
                self._listen(case.message, self._limits.message_length)
            elif tag in self.stack_tags:
                self._listen(case.stack, self._limits.text_length)
            elif tag == "failure":
                case.type = attributes.get("exception-type", "")[: self._limits.name_length]
        self._other(tag, attributes)

    def end(self, _name: str) -> None:
        """Take the end of an element."""
        tag = self._document.path.pop()
        if tag == self.case_tag:
            self._close(self._open.pop())
        elif tag in self.suite_tags:
            self._suites.pop()
        elif tag in self.message_tags or tag in self.stack_tags:
            self._document.silence()

    def finish(self) -> None:
        """Deliver what had to wait for the end."""

    def _other(self, tag: str, attributes: dict[str, str]) -> None:
        """Take what only this format says."""

    def _close(self, case: _Open) -> None:
        raise NotImplementedError

    def _listen(self, into: list[str], length: int) -> None:
        room = length - sum(map(len, into))

        def take(text: str) -> None:
            nonlocal room
            if room > 0:
                into.append(text[:room])
                room -= len(text)

        self._document.listen(take)

    def _deliver(
        self, case: _Open, outcome: Outcome, class_name: str, name: str, duration: float, file: str = ""
    ) -> None:
        message, stack = "".join(case.message).strip(), "".join(case.stack).strip()
        told = FailureText(case.type, message, stack) if outcome.is_failure else None
        reported = ReportedCase(
            suites=tuple(suite for suite in self._suites if suite),
            file=file,
            class_name=class_name,
            name=name,
            duration=duration,
            outcome=outcome,
            failure=told,
        )
        self._tally.add(reported, element=outcome)


class NUnit(_Dotnet):
    """NUnit's own XML (docs.nunit.org, Test Result XML Format); 2 differs in the names of the attributes."""

    case_tag = "test-case"
    suite_tags = frozenset({"test-suite"})
    message_tags = frozenset({"message"})
    stack_tags = frozenset({"stack-trace"})

    def _other(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "test-suite" and "Invalid" in {attributes.get("label"), attributes.get("runstate")}:
            self._tally.suite_errors += 1  # an assembly that could not be loaded

    def _close(self, case: _Open) -> None:
        said = case.attributes
        if "result" in said:
            outcome = _outcome(said["result"])
        elif "executed" in said:
            ran = said["executed"].lower() == "true"
            passed = said.get("success", "").lower() == "true"
            outcome = (Outcome.PASSED if passed else Outcome.FAILED) if ran else Outcome.SKIPPED
        else:
            outcome = Outcome.SKIPPED  # a list of what there is to run
        whole = said.get("fullname") or said.get("name", "")
        class_name = said.get("classname", "") or _class(whole)
        name = said.get("name", "") or whole
        duration = seconds(said.get("duration") or said.get("time", ""))
        self._deliver(case, outcome, class_name, name.removeprefix(f"{class_name}."), duration)


class XUnit(_Dotnet):
    """xUnit.net's own XML (xunit.net/docs/format-xml-v2); v1 has `class` where v2 has `collection`."""

    case_tag = "test"
    suite_tags = frozenset({"assembly", "collection", "class"})
    message_tags = frozenset({"message"})
    stack_tags = frozenset({"stack-trace"})

    def _other(self, tag: str, _attributes: dict[str, str]) -> None:
        if tag == "error" and "test" not in self._document.path:
            self._tally.suite_errors += 1

    def _close(self, case: _Open) -> None:
        said = case.attributes
        class_name, name = said.get("type", ""), said.get("name", "")
        self._deliver(
            case,
            _outcome(said.get("result", "")),
            class_name,
            name.removeprefix(f"{class_name}."),
            seconds(said.get("time", "")),
            said.get("source-file", ""),
        )


class Trx(_Dotnet):
    """Visual Studio's TRX: results first, and what class a test is of only after them, so they wait for the end."""

    case_tag = "UnitTestResult"
    message_tags = frozenset({"Message"})
    stack_tags = frozenset({"StackTrace"})

    def __init__(self, document: Document, tally: Tally, limits: Limits) -> None:
        super().__init__(document, tally, limits)
        self._waiting: list[_Open] = []
        self._unit_test = ""
        self._classes: dict[str, str] = {}

    def _other(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "UnitTest":
            self._unit_test = attributes.get("id", "")
        elif tag == "TestMethod":
            self._classes[self._unit_test] = attributes.get("className", "").partition(",")[0]
        elif tag == "RunInfo" and attributes.get("outcome") in {"Error", "Failed", "Timeout", "Aborted"}:
            self._tally.suite_errors += 1

    def _close(self, case: _Open) -> None:
        self._waiting.append(case)
        self._tally.check_room(len(self._waiting))

    def finish(self) -> None:
        """Deliver the results, each with the class of its test."""
        for case in self._waiting:
            said = case.attributes
            name = said.get("testName", "")
            class_name = self._classes.get(said.get("testId", ""), "")
            self._deliver(
                case,
                _outcome(said.get("outcome", "")),
                class_name,
                name.removeprefix(f"{class_name}."),
                clock_seconds(said.get("duration", "")),
            )


def _outcome(said: str) -> Outcome:
    return _OUTCOMES.get(said.strip().lower(), Outcome.SKIPPED)


def _class(name: str) -> str:
    """The class of a full name such as `Shop.CartTest.Adds(1, "a.b")`."""
    return name.partition("(")[0].rpartition(".")[0]
