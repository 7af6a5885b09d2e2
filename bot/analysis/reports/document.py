"""An untrusted XML document: pieces of text in, elements out, in constant memory.

The parser is defusedxml's with `forbid_dtd`. Its own `reset()` installs the handlers for DOCTYPE, entities and
external references before ours are bound to the same expat parser, and ours replace none of them. So a document type
declaration is refused before any entity can exist, and nothing outside is ever opened. Expat limits nothing else,
hence the limits on depth, tokens and names here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from xml.parsers import expat
from xml.sax.handler import feature_string_interning

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from bot.analysis.reports.limits import Limits
from bot.analysis.reports.reported_case import refuse

CHARACTER_REFERENCE: Final = re.compile("&#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));")
LONGEST_REFERENCE: Final = len("&#x10FFFF;")
_CHARACTERS: Final = ((0x9, 0xA), (0xD, 0xD), (0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF))
_TEXT_BUFFER: Final = 64 * 1024


class BrokenError(Exception):
    """The document is not well-formed beyond this point."""


class _LocalNames(dict[str, str]):
    """Names without their namespace prefix, cached."""

    def __missing__(self, name: str) -> str:
        local = self[name] = name.rpartition(":")[2]
        return local


class Document:
    """A document being parsed: `path` holds the local names of the open elements, the root first."""

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
            # It would wait with a token that a piece cuts off until twice as much has come; `reader` limits that.
            self._expat.SetReparseDeferralEnabled(False)
        self._limits = limits
        self._local = _LocalNames()
        self._fed = self._read = 0
        self._in_cdata = False
        self.path: list[str] = []

    def on_elements(self, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None]) -> None:
        """Call `start` with the name as written and the attributes, `end` with the name as written."""
        self._expat.StartElementHandler = start
        self._expat.EndElementHandler = end

    def start_text(self, parts: list[str], length: int) -> None:
        """Append text to `parts` from here on, up to `length` characters; other text is not even decoded."""
        left = length - sum(map(len, parts))

        def append(text: str) -> None:
            nonlocal left
            if left > 0:
                parts.append(text[:left])
                left -= len(text)

        self._expat.CharacterDataHandler = append

    def stop_text(self) -> None:
        """Ignore text from here on."""
        self._expat.CharacterDataHandler = None

    def enter(self, name: str) -> str:
        """Put an element on the path; returns its local name.

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
        """Whether expat has read everything fed to it and is between two pieces of markup, outside CDATA."""
        return self._expat.CurrentByteIndex == self._fed and not self._in_cdata

    def feed(self, data: bytes) -> None:
        """Parse a piece; the handlers are called before this returns.

        Raises:
            BrokenError: it is not well-formed.
            InvalidReportError: it is hostile or beyond a limit.
        """
        self._parse(data, last=False)
        self._fed += len(data)
        self._read = max(self._read, self._expat.CurrentByteIndex)  # which is -1 where expat cannot say
        if self._fed - self._read > self._limits.token_bytes:
            refuse(f"one tag, attribute or comment is longer than {self._limits.token_bytes:,} bytes")
        if len(self._expat.intern) > self._limits.names:
            refuse(f"it has more than {self._limits.names:,} different element and attribute names")

    def close(self) -> None:
        """End the document.

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


def character_code(reference: re.Match[str]) -> int | None:
    """The character that a numeric reference names; None where XML 1.0 (production 2) forbids it."""
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    return number if any(first <= number <= last for first, last in _CHARACTERS) else None
