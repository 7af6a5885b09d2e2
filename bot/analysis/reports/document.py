"""An XML document from untrusted hands: pieces of text in, elements out, in constant memory.

The parser is defusedxml's with `forbid_dtd`: its handlers for DOCTYPE, entities and external references are
installed by its own `reset()`, before ours are bound to the same expat parser, and ours replace none of them.
So a document type declaration is refused before any entity can exist, and nothing outside is ever opened.
Expat itself bounds nothing else, hence the bounds on depth, tokens and names here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from xml.parsers import expat
from xml.sax.handler import feature_string_interning

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from bot.analysis.reports.limits import Limits
from bot.analysis.reports.reported_case import refuse

_TEXT_BUFFER: Final = 64 * 1024


class BrokenError(Exception):
    """The document is not well-formed from here on."""


class _LocalNames(dict[str, str]):
    """Names without their namespace prefix, found once."""

    def __missing__(self, name: str) -> str:
        local = self[name] = name.rpartition(":")[2]
        return local


class Document:
    """The document so far: `path` holds the local names of the open elements, the root first."""

    __slots__ = ("_expat", "_fed", "_in_cdata", "_limits", "_local", "_read", "path")

    def __init__(self, limits: Limits) -> None:
        source = DefusedExpatParser(namespaceHandling=0, forbid_dtd=True)
        source.setFeature(feature_string_interning, True)  # so that the distinct names can be counted
        source._source.setEncoding("utf-8")  # noqa: SLF001  # what is fed is UTF-8, whatever the file declares
        source.reset()
        self._expat = source._parser  # noqa: SLF001  # handlers bound before reset() would be dropped silently
        self._expat.buffer_text = True
        self._expat.buffer_size = _TEXT_BUFFER
        self._expat.CharacterDataHandler = None
        self._expat.ProcessingInstructionHandler = None
        self._expat.StartCdataSectionHandler = self._start_cdata
        self._expat.EndCdataSectionHandler = self._end_cdata
        if hasattr(self._expat, "SetReparseDeferralEnabled"):
            # It waits with a token that a piece cuts off until twice as much is there; `reader` bounds that itself.
            self._expat.SetReparseDeferralEnabled(False)
        self._limits = limits
        self._local = _LocalNames()
        self._fed = self._read = 0
        self._in_cdata = False
        self.path: list[str] = []

    def on_elements(self, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None]) -> None:
        """Call `start` with every name as written and its attributes, `end` with every name as written."""
        self._expat.StartElementHandler = start
        self._expat.EndElementHandler = end

    def listen(self, take: Callable[[str], object]) -> None:
        """Hand the text from here on to `take`; what nobody listens to is not even decoded."""
        self._expat.CharacterDataHandler = take

    def silence(self) -> None:
        """Stop handing text on."""
        self._expat.CharacterDataHandler = None

    def enter(self, name: str) -> str:
        """Put an element on the path; its local name.

        Raises:
            InvalidReportError: elements are nested deeper than allowed.
        """
        tag = self._local[name]
        self.path.append(tag)
        if len(self.path) > self._limits.depth:
            refuse(f"its elements are nested deeper than {self._limits.depth}")
        return tag

    @property
    def at_rest(self) -> bool:
        """Whether expat has read all it was fed and stands between two pieces of markup, in no CDATA section."""
        return self._expat.CurrentByteIndex == self._fed and not self._in_cdata

    def feed(self, data: bytes) -> None:
        """Parse a piece; the handlers are called before this returns.

        Raises:
            BrokenError: it is not well-formed.
            InvalidReportError: it is hostile or beyond a bound.
        """
        self._parse(data, last=False)
        self._fed += len(data)
        self._read = max(self._read, self._expat.CurrentByteIndex)  # which is -1 where expat cannot say
        if self._fed - self._read > self._limits.token_bytes:
            refuse(f"one tag, attribute or comment is longer than {self._limits.token_bytes:,} bytes")
        if len(self._expat.intern) > self._limits.names:
            refuse(f"it has more than {self._limits.names:,} different element and attribute names")

    def close(self) -> None:
        """Say that nothing follows.

        Raises:
            BrokenError: elements are still open.
        """
        self._parse(b"", last=True)

    def _parse(self, data: bytes, *, last: bool) -> None:
        try:
            self._expat.Parse(data, last)
        except DefusedXmlException:
            refuse("it declares a document type or entities, which no test report needs")
        except expat.ExpatError as error:
            raise BrokenError(expat.ErrorString(error.code)) from error

    def _start_cdata(self) -> None:
        self._in_cdata = True

    def _end_cdata(self) -> None:
        self._in_cdata = False
