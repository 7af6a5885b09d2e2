"""The bytes of a report decoded to text, in any encoding.

The byte order mark counts first, then the XML declaration (XML 1.0, appendix F). The parser sees text only, so an
encoding cannot hide a document type, and the limits mean the same in every encoding.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from bot.analysis.reports import document
from bot.analysis.reports.archive import DamagedError
from bot.analysis.reports.limits import Limits
from bot.analysis.reports.reported_case import refuse

_HEAD: Final = 4096
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED: Final = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_EBCDIC: Final = "<?xml".encode("cp037")
_DECLARED: Final = re.compile(r"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][\w.:-]*)["']""")
_START: Final = re.compile(r"<\?xml\s|<(?:[\w-]+:)?testsuites?[\s/>]")
_WIDE: Final = ("utf-16", "utf-32")
_FORBIDDEN: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML 1.0, production 2
_LITERAL: Final = re.compile(r"<!(?:\[CDATA\[|--)")
_ENDS: Final = {"<![CDATA[": "]]>", "<!--": "-->"}
"""Sections without references, and what ends them."""
_UNFINISHED: Final = re.compile(r"(?:&#?[0-9A-Za-z]{0,8}|<(?:!(?:-|\[C?D?A?T?A?)?)?|\]\]?|--?)\Z")
_CONTROLS: Final = bytes(code for code in range(32) if code not in b"\t\n\r")
_KNOWN: Final = frozenset(
    {"utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "mac-roman"}
    | {f"iso8859-{part}" for part in range(1, 17)}
    | {f"cp{page}" for page in range(1250, 1259)}
    | {"cp037", "cp437", "cp500", "cp850", "cp852", "cp866", "cp874", "cp932", "cp949", "cp950", "cp1140"}
    | {"big5", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "koi8-r", "koi8-u", "shift_jis"}
)


class Text:
    """A report as pieces of text, and what had to be repaired: any repair makes the report incomplete.

    `assumed` are the repairs that its beginning shows; `repairs` are all, known after the last piece.
    """

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._read = 0
        self._forbidden = 0
        self._replaced = 0  # U+FFFD in the text that the bytes did not hold
        self._tail = b""
        self._until = ""  # the end of the open CDATA section or comment
        self.assumed: list[str] = []

    @property
    def repairs(self) -> list[str]:
        """What had to be repaired, each a sentence without its full stop."""
        repairs = list(self.assumed)
        if self._replaced > 0:
            repairs.append(f"{self._replaced} times its bytes are not of its encoding; they were replaced")
        if self._forbidden:
            repairs.append(f"{self._forbidden} characters that XML forbids were read as “?”")
        return repairs

    def pieces(self) -> Iterator[str]:
        """The text from the declaration or root on; no piece ends inside a reference or a delimiter.

        Raises:
            DamagedError: the rest cannot be inflated.
            InvalidReportError: empty, too large, out of time, or in an unsupported encoding.
        """
        rest = ""
        for decoded in self._decoded():
            text = rest + decoded
            unfinished = _UNFINISHED.search(text, max(0, len(text) - document.LONGEST_REFERENCE))
            cut = unfinished.start() if unfinished else len(text)
            rest = text[cut:]
            yield text[:cut]
        yield rest

    def _decoded(self) -> Iterator[str]:
        head, fault = b"", None
        try:
            while len(head) < _HEAD and (chunk := self._chunk(_HEAD - len(head))):
                head += chunk
        except DamagedError as error:
            fault = error
            if not head:
                raise
        if not head.strip():
            refuse("it is empty")
        mark, encoding = self._encoding(head)
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        replacement = "\ufffd".encode(encoding, "ignore")
        yield self._begin(self._decode(decoder, replacement, head[mark:]))
        if fault is not None:
            raise fault
        while chunk := self._chunk(self._limits.chunk_bytes):
            yield self._decode(decoder, replacement, chunk)
        yield self._decode(decoder, replacement, b"", final=True)

    def _chunk(self, size: int) -> bytes:
        if self._limits.expired is not None and self._limits.expired():
            refuse(f"reading it took longer than {self._limits.seconds:g} seconds")
        chunk = self._stream.read(size)
        self._read += len(chunk)
        if self._read > self._limits.report_bytes:
            refuse(f"it is larger than {self._limits.report_bytes:,} bytes")
        return chunk

    def _encoding(self, head: bytes) -> tuple[int, str]:
        """The length of the byte order mark, and the codec."""
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                self._check_declared(head[len(mark) :].decode(encoding, "replace"), encoding)
                return len(mark), encoding
        for start, encoding in _UNMARKED:
            if head.startswith(start):
                self._check_declared(head.decode(encoding, "replace"), encoding)
                return 0, encoding
        declared = _DECLARED.match(head.decode("cp037" if head.startswith(_EBCDIC) else "latin-1"))
        if declared is None:
            return 0, "utf-8"
        encoding = _codec(declared[1])
        if encoding.startswith(_WIDE):
            self.assumed.append(f"its encoding is not {declared[1]} as it declares; it was read as UTF-8")
            return 0, "utf-8"
        return 0, encoding

    def _check_declared(self, text: str, encoding: str) -> None:
        declared = _DECLARED.match(text)
        if declared and encoding.removesuffix("-le").removesuffix("-be") not in _codec(declared[1]):
            self.assumed.append(f"its encoding is not {declared[1]} as it declares; it was read as {encoding.upper()}")

    def _begin(self, text: str) -> str:
        """Drop text before the report: a blank line, a line of a log."""
        start = _START.search(text)
        if start is None or not text[: start.start()] or (text[: start.start()].isspace() and start[0][1] != "?"):
            return text
        if "<" in text[: start.start()]:
            return text
        self.assumed.append("text before its beginning was dropped")
        return text[start.start() :]

    def _decode(
        self, decoder: codecs.IncrementalDecoder, replacement: bytes, chunk: bytes, *, final: bool = False
    ) -> str:
        text = decoder.decode(chunk, final)
        if not text.isascii() or not chunk.isascii():
            self._replaced += text.count("\ufffd")
            if replacement:
                self._replaced -= (self._tail + chunk).count(replacement)
                self._tail = chunk[1 - len(replacement) :]
        return text

    def repair(self, text: str) -> bytes:
        """The text as UTF-8, with a question mark for every forbidden character and every reference to one.

        Runs of plain cases do not pass through this: their pattern allows neither these nor CDATA and comments.
        """
        if self._until or "&#" in text or "<!" in text:
            text = "".join(self._with_references(text))
        data = text.encode()
        if text.isascii() and len(data.translate(None, _CONTROLS)) == len(data):
            return data
        repaired, number = _FORBIDDEN.subn("?", text)
        self._forbidden += number
        return repaired.encode() if number else data

    def _with_references(self, text: str) -> Iterator[str]:
        """The text with its references repaired; CDATA sections and comments, also over several pieces, unchanged."""
        at = 0
        while at < len(text):
            if self._until:
                end = text.find(self._until, at)
                stop = len(text) if end < 0 else end + len(self._until)
                yield text[at:stop]
                self._until = self._until if end < 0 else ""
            else:
                literal = _LITERAL.search(text, at)
                stop = literal.end() if literal else len(text)
                yield document.CHARACTER_REFERENCE.sub(self._repair_reference, text[at:stop])
                self._until = _ENDS[literal[0]] if literal else ""
            at = stop

    def _repair_reference(self, reference: re.Match[str]) -> str:
        if document.character_code(reference) is not None:
            return reference[0]
        self._forbidden += 1
        return "?"


def _codec(declared: str) -> str:
    try:
        name = codecs.lookup(declared).name
    except LookupError:
        name = ""
    if name not in _KNOWN:
        refuse(f"its encoding {declared[:40]} is not one that is read")
    return name
