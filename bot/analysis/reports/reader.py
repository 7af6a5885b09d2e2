"""Read a report of any format: a stream in, its cases out, in constant memory.

The work is linear: every character is decoded once and then either matched by one pattern of `plain_case` or parsed
once by expat (a token that a chunk cuts off is scanned again, at most `token_bytes / chunk_bytes` times). `Limits`
bound the number of characters, `Limits.within` also the time.
"""

from __future__ import annotations

from contextlib import suppress
from typing import BinaryIO, Final, Protocol

from bot.analysis.reports.archive import DamagedError
from bot.analysis.reports.decoding import Text
from bot.analysis.reports.document import BrokenError, Document
from bot.analysis.reports.dotnet import NUnit, Trx, XUnit
from bot.analysis.reports.junit import ROOTS, JUnit
from bot.analysis.reports.limits import DEFAULT, Limits
from bot.analysis.reports.plain_case import OPENING, is_fit
from bot.analysis.reports.reported_case import Format, NotAReportError, OnCases, Summary, Tally, refuse

_FARTHEST: Final = 64 * 1024
_CARRIED: Final = 8 * 1024


class _Dialect(Protocol):
    def start(self, name: str, attributes: dict[str, str], /) -> None: ...
    def end(self, name: str, /) -> None: ...
    def finish(self) -> None: ...


def read(stream: BinaryIO, on_cases: OnCases | None = None, limits: Limits = DEFAULT) -> Summary:
    """Read a report and deliver its cases in the order of the file.

    A file that breaks off after its first case, or cannot be inflated further, is read up to there and incomplete.

    Raises:
        NotAReportError: XML of another kind.
        InvalidReportError: hostile, beyond a limit, or unreadable; the message names the fault.
    """
    return _Reader(on_cases, limits).read(Text(stream, limits))


class _Reader:
    """One report; its root element decides the format."""

    def __init__(self, on_cases: OnCases | None, limits: Limits) -> None:
        self._limits = limits
        self._tally = Tally(on_cases, limits)
        self._document = Document(limits)
        self._document.on_elements(self._root, lambda _name: None)
        self._format = Format.JUNIT
        self._dialect: _Dialect | None = None
        self._skip = 0
        self._carried = ""

    def read(self, text: Text) -> Summary:
        """Read to the end, or to where the document breaks off."""
        try:
            for piece in text.pieces():
                self._take(text, piece)
            self._feed(text, self._carried)
            self._document.close()
        except BrokenError as error:
            if self._cases_so_far() == 0:
                refuse(f"it is not well-formed XML ({error})")
            return self._incomplete(text, f"not well-formed XML ({error})")
        except DamagedError:
            with suppress(BrokenError):
                self._feed(text, self._carried)
            if self._cases_so_far() == 0:
                raise
            return self._incomplete(text, "it is damaged and cannot be inflated")
        if self._dialect is not None:
            self._dialect.finish()
        self._tally.warnings += text.repairs
        return self._tally.summary(self._format, whole=not text.repairs)

    def _cases_so_far(self) -> int:
        if self._dialect is not None:
            self._dialect.finish()
        return self._tally.cases

    def _incomplete(self, text: Text, fault: str) -> Summary:
        self._tally.warnings += [*text.assumed, f"{fault} after {self._tally.cases:,} cases"]
        return self._tally.summary(self._format, whole=False)

    def _take(self, text: Text, piece: str) -> None:
        """Parse a piece of text except for its runs of plain cases; a rest that may begin one waits."""
        piece, self._carried = self._carried + piece, ""
        at, end = 0, len(piece)
        while at < end:
            stop = end
            if isinstance(self._dialect, JUnit) and is_fit(piece):
                after = self._dialect.take_plain(piece, at)
                if after > at and end - after < _CARRIED:
                    self._carried = piece[after:]
                    return
                # Skip farther after each miss, so that text without such runs costs the parser's time and no more.
                self._skip = 0 if after > at else min(2 * self._skip + 1, _FARTHEST)
                at = after
                stop = piece.find(OPENING, at + 1 + self._skip)
                stop = end if stop < 0 else stop
            self._feed(text, piece[at:stop])
            at = stop

    def _feed(self, text: Text, piece: str) -> None:
        if piece:
            self._document.feed(text.repair(piece))

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        """Recognise the format by the root element, and install its handlers."""
        document, tally, limits = self._document, self._tally, self._limits
        tag = name.rpartition(":")[2]
        dialect: _Dialect
        match tag:
            case _ if tag in ROOTS:
                self._format, dialect = Format.JUNIT, JUnit(document, tally, limits)
            case "test-run":
                self._format, dialect = Format.NUNIT3, NUnit(document, tally, limits)
            case "test-results":
                self._format, dialect = Format.NUNIT2, NUnit(document, tally, limits)
            case "assemblies" | "assembly":
                self._format, dialect = Format.XUNIT, XUnit(document, tally, limits)
            case "TestRun":
                self._format, dialect = Format.TRX, Trx(document, tally, limits)
            case _:
                message = f"This is XML, but not a test report: its root is <{tag[:60]}>."
                raise NotAReportError(message)
        self._dialect = dialect
        document.on_elements(dialect.start, dialect.end)
        dialect.start(name, attributes)
