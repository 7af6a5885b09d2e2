"""Reading JUnit XML: a stream in, one call per case out, in constant memory.

The parser is defusedxml's with `forbid_dtd`: its handlers for DOCTYPE, entities and external references are
installed by its own `reset()`, before ours are bound to the same expat parser, and ours replace none of them.
So a document type declaration is refused before any entity can exist, and nothing outside is ever opened.
Expat itself bounds nothing else, hence the bounds on bytes, depth, tokens, names and cases here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final
from xml.parsers.expat import ExpatError, XMLParserType
from xml.sax.handler import feature_string_interning

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from bot.analysis.limits import DEFAULT, Limits
from bot.analysis.model import FailureText, Outcome, TryResult
from bot.errors import InvalidReportError

ROOTS: Final = frozenset({"testsuites", "testsuite", "testcase"})
_SUITES: Final = frozenset({"testsuites", "testsuite"})
_RESULTS: Final = {"failure": Outcome.FAILED, "error": Outcome.ERRORED, "skipped": Outcome.SKIPPED}
_EARLIER: Final = {"flakyFailure": Outcome.FAILED, "flakyError": Outcome.ERRORED}
_LATER: Final = {"rerunFailure": Outcome.FAILED, "rerunError": Outcome.ERRORED}
_RETRIES: Final = {**_EARLIER, **_LATER}
_CHUNK: Final = 64 * 1024


class NotAReportError(InvalidReportError):
    """Well-formed XML that is no test report, such as a coverage file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedCase:
    """One testcase element as written; `suites` from the outermost in, `duration` in seconds.

    `host` is the host its suite names, where Playwright writes the project (the browser).
    `tries` are its executions in order: what failed before, and the outcome that stands.
    """

    suites: tuple[str, ...]
    file: str
    class_name: str
    name: str
    duration: float
    outcome: Outcome
    tries: tuple[TryResult, ...]
    host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a report holds: elements counted, never the totals it declares; `flaky` ones are among the passed."""

    cases: int
    passed: int
    failed: int
    errored: int
    skipped: int
    flaky: int
    complete: bool
    warnings: tuple[str, ...]


def read(stream: BinaryIO, on_case: Callable[[ReportedCase], None] | None = None, limits: Limits = DEFAULT) -> Summary:
    """Read a report; a file that breaks off after its first case is read up to there and marked incomplete.

    Raises:
        NotAReportError: XML of another kind.
        InvalidReportError: hostile, beyond a bound, or not readable at all; the text names the fault.
    """
    return _Reader(on_case, limits).read(stream)


class _Reader:
    """The handlers of one read, and what they have gathered so far."""

    def __init__(self, on_case: Callable[[ReportedCase], None] | None, limits: Limits) -> None:
        self._on_case = on_case
        self._limits = limits
        self._depth = 0
        self._event_at = 0
        self._suites: list[str] = []
        self._hosts: list[str] = []
        self._cases = 0
        self._opened: list[str] = []
        self._case: dict[str, str] | None = None
        self._case_depth = 0
        self._found: list[tuple[str, dict[str, str], list[str]]] = []
        self._text: list[str] | None = None
        self._text_length = 0
        self._counts = dict.fromkeys(Outcome, 0)
        self._flaky = 0
        self._suite_errors = 0
        self._warnings: list[str] = []

    def read(self, stream: BinaryIO) -> Summary:
        source = DefusedExpatParser(namespaceHandling=0, forbid_dtd=True)
        source.setFeature(feature_string_interning, True)  # so that the distinct names can be counted
        source.reset()
        expat = source._parser  # noqa: SLF001  # handlers bound before reset() would be dropped silently
        expat.buffer_text = True
        expat.StartElementHandler = self._start
        expat.EndElementHandler = self._end
        expat.CharacterDataHandler = self._characters
        whole = self._parse(stream, expat)
        if self._suite_errors:
            self._warnings.append(f"{self._suite_errors} errors outside any case")
        if self._cases == 0:
            self._warnings.append("no test case")
        return Summary(
            cases=self._cases,
            passed=self._counts[Outcome.PASSED],
            failed=self._counts[Outcome.FAILED],
            errored=self._counts[Outcome.ERRORED],
            skipped=self._counts[Outcome.SKIPPED],
            flaky=self._flaky,
            complete=whole and self._suite_errors == 0 and self._cases > 0,
            warnings=tuple(self._warnings),
        )

    def _parse(self, stream: BinaryIO, expat: XMLParserType) -> bool:
        """Feed the parser to the end; False where the document breaks off after its first case."""
        total = 0
        try:
            while chunk := stream.read(_CHUNK):
                total += len(chunk)
                if total > self._limits.report_bytes:
                    _refuse(f"it is larger than {self._limits.report_bytes:,} bytes")
                expat.Parse(chunk, False)  # expat takes no keyword
                self._check_memory(expat, total)
            expat.Parse(b"", True)
        except DefusedXmlException:
            _refuse("it declares a document type or entities, which no test report needs")
        except ExpatError as error:
            if self._cases == 0:
                _refuse("it is empty" if total == 0 else f"it is not well-formed XML ({error})")
            self._warnings.append(f"not well-formed XML ({error}); what stands before was read")
            return False
        except (ValueError, LookupError) as error:
            _refuse(f"its encoding cannot be read ({error})")
        return True

    def _check_memory(self, expat: XMLParserType, total: int) -> None:
        """Refuse what expat would have to keep: a token without an end, names without number."""
        self._event_at = max(self._event_at, expat.CurrentByteIndex)
        if total - self._event_at > self._limits.token_bytes:
            _refuse(f"one tag, attribute or comment is longer than {self._limits.token_bytes:,} bytes")
        if len(expat.intern) > self._limits.names:
            _refuse(f"it has more than {self._limits.names:,} different element and attribute names")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > self._limits.depth:
            _refuse(f"its elements are nested deeper than {self._limits.depth}")
        tag = name.rpartition(":")[2]
        if self._depth == 1 and tag not in ROOTS:
            message = f"This is XML, but not a JUnit report: its root is <{tag[:60]}>."
            raise NotAReportError(message)
        if self._case is not None:
            if self._depth == self._case_depth + 1 and (tag in _RESULTS or tag in _RETRIES):
                self._text, self._text_length = [], 0
                self._found.append((tag, attributes, self._text))
            return
        if tag == "testcase":
            self._case, self._case_depth, self._found = attributes, self._depth, []
        elif tag in _SUITES:
            self._opened.append(name)
            self._suites.append(attributes.get("name", "")[: self._limits.name_length])
            self._hosts.append(attributes.get("hostname", "")[: self._limits.name_length])
        elif tag in {"failure", "error"}:
            self._suite_errors += 1

    def _end(self, name: str) -> None:
        if self._case is not None:
            if self._depth == self._case_depth:
                self._close_case(self._case)
                self._case = None
            elif self._depth == self._case_depth + 1:
                self._text = None
        elif self._opened and self._opened[-1] == name:
            self._opened.pop()
            self._suites.pop()
            self._hosts.pop()
        self._depth -= 1

    def _characters(self, data: str) -> None:
        if self._text is not None and self._text_length < self._limits.text_length:
            self._text.append(data[: self._limits.text_length - self._text_length])
            self._text_length += len(data)

    def _close_case(self, attributes: dict[str, str]) -> None:
        tags = {tag for tag, _, _ in self._found}
        if "failure" in tags:
            outcome = Outcome.FAILED
        elif "error" in tags:
            outcome = Outcome.ERRORED
        elif "skipped" in tags:
            outcome = Outcome.SKIPPED
        else:
            outcome = Outcome.PASSED
            self._flaky += any(tag in _EARLIER for tag in tags)
        self._counts[outcome] += 1
        self._cases += 1
        if self._cases > self._limits.cases:
            _refuse(f"it has more than {self._limits.cases:,} cases")
        if self._on_case is None:
            return
        duration = seconds(attributes.get("time", ""))
        self._on_case(
            ReportedCase(
                suites=tuple(name for name in self._suites if name),
                file=attributes.get("file", "") or attributes.get("filepath", ""),
                class_name=attributes.get("classname", "") or attributes.get("class", ""),
                name=attributes.get("name", ""),
                duration=duration,
                outcome=outcome,
                tries=self._tries(outcome, duration),
                host=self._hosts[-1] if self._hosts else "",
            )
        )

    def _tries(self, outcome: Outcome, duration: float) -> tuple[TryResult, ...]:
        """The executions in order: flaky ones came before the outcome, reruns after it."""
        own = None
        if outcome is not Outcome.PASSED:
            own = next(self._failure(*one) for one in self._found if _RESULTS.get(one[0]) is outcome)
        runs: list[tuple[Outcome, float, FailureText | None]] = [
            (_EARLIER[one[0]], seconds(one[1].get("time", "")), self._failure(*one))
            for one in self._found
            if one[0] in _EARLIER
        ]
        runs.append((outcome, duration, own))
        runs += [
            (_LATER[one[0]], seconds(one[1].get("time", "")), self._failure(*one))
            for one in self._found
            if one[0] in _LATER
        ]
        return tuple(TryResult(number, *run) for number, run in enumerate(runs, start=1))

    def _failure(self, _tag: str, attributes: dict[str, str], text: list[str]) -> FailureText:
        return FailureText(
            type=attributes.get("type", "")[: self._limits.name_length],
            message=attributes.get("message", "")[: self._limits.message_length],
            text="".join(text).strip(),
        )


def seconds(written: str) -> float:
    """A duration as reports write it: decimal comma or point, thousands separated, or nonsense, which is 0."""
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


def _refuse(fault: str) -> None:
    message = f"This report was refused: {fault}."
    raise InvalidReportError(message)
