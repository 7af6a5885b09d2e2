"""Runs of plain cases, read by a pattern instead of the XML parser (ADR 5).

Most of any report is `<testcase classname="…" name="…" time="…"/>`, and much of the rest holds one failure with
text inside. Where the parser stands inside a suite, a pattern splits the text that follows into the values of such
elements and the gaps between them. Nothing is delivered unless it is certainly well-formed XML:

- the gaps are white space, so there is nothing between the elements;
- no value has a `<` or a control character, no text a `<`, a `]]>` or a control character that XML forbids;
- every `&` begins one of the five references that need no declaration, or a character reference;
- the attributes are distinct, because the parser has seen the same row of them before.

Everything else is left to the parser. So the guarantees of `document` also hold for the text it never sees: that
text neither declares nor refers to anything, and closes every element it opens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Final

from bot.analysis.model import FailureText, Outcome
from bot.analysis.reports import document
from bot.analysis.reports.limits import Limits
from bot.analysis.reports.reported_case import ReportedCase, Tally, seconds

OPENING: Final = "<testcase"
NOT_RUN: Final = frozenset({"notrun", "disabled"})
_VALUE: Final = '[^"]*+'
_PLAIN: Final = r'[^"<&\x00-\x1f]*+'  # of values that are not kept
_OTHER: Final = {"status": f'(?!(?:{"|".join(sorted(NOT_RUN))})"){_PLAIN}'}
_NAME: Final = "[A-Za-z_][A-Za-z0-9_.-]*+"
_SPACE: Final = " \t\r\n"
_ROW: Final = re.compile(_NAME)
_ATTRIBUTE: Final = re.compile(f' ({_NAME})="({_VALUE})"')
_REFERENCE: Final = re.compile("&[#A-Za-z0-9]*+;?")
_MEANINGS: Final = {"&amp;": "&", "&quot;": '"', "&apos;": "'"}
_NOT_IN_VALUES: Final = bytes(range(32)) + b"<"
_NOT_IN_TEXTS: Final = bytes(code for code in range(32) if code not in b"\t\n\r")
_NONCHARACTERS: Final = re.compile("[\ufffe\uffff]")
_OUTCOMES: Final = {"failure": Outcome.FAILED, "error": Outcome.ERRORED, "skipped": Outcome.SKIPPED}
_EITHER: Final = (("file", "filepath"), ("classname", "class"))
_LAYOUTS: Final = 64
_NEAR: Final = 4096
_FAR: Final = 1024 * 1024
_make: Final = partial(tuple.__new__, ReportedCase)


class _NotPlainError(Exception):
    """The match is not well-formed, or only the parser can tell."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """The pattern of one row of attributes; `wanted` are the groups of file, class, name and time, -1 for none."""

    pattern: re.Pattern[str]
    kept: int
    wanted: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """What a case inherits from the suites around it."""

    names: tuple[str, ...] = ()
    file: str = ""
    host: str = ""


class PlainRuns:
    """The layouts of plain cases in one report so far."""

    __slots__ = ("_layout", "_layouts", "_limits", "_reach", "_tally", "wants_layout")

    def __init__(self, tally: Tally, limits: Limits) -> None:
        self._tally = tally
        self._limits = limits
        self._layouts: dict[tuple[str, ...], _Layout] = {}
        self._layout: _Layout | None = None
        self._reach = _NEAR
        self.wants_layout = True

    def learn(self, attributes: dict[str, str]) -> None:
        """From here on look for cases with the same attributes as this one, which the parser has read."""
        self.wants_layout = False
        names = tuple(attributes)
        if names not in self._layouts:
            if len(self._layouts) == _LAYOUTS or not _is_fixed(names):
                return
            self._layouts[names] = _lay_out(names, self._limits.case_length)
        self._layout = self._layouts[names]

    def take(self, text: str, at: int, suite: Suite) -> int:
        """Deliver the plain cases of a suite that begin at `at`; returns where the last of them ends.

        Raises:
            InvalidReportError: there are more cases than allowed.
        """
        began, layout, last = at, self._layout, False
        while layout is not None and not last:
            region = text[at : at + self._reach]
            last = at + self._reach >= len(text)
            try:
                size = self._run(layout, region, suite)
            except _NotPlainError:
                size = 0
            # So that the text scanned in vain is never much longer than the runs found.
            if 2 * size > len(region):
                self._reach = min(2 * self._reach, _FAR)
            elif len(region) > _NEAR:
                self._reach = _NEAR
            at += size
            last = last or size == 0
        self.wants_layout = at == began
        return at

    def _run(self, layout: _Layout, text: str, suite: Suite) -> int:
        """Deliver the run of plain cases at the beginning of a text; returns its length.

        Raises:
            _NotPlainError: it is not certainly well-formed.
        """
        parts, width = layout.pattern.split(text), layout.kept + 4
        if "".join(parts[:-1:width]).strip(_SPACE):
            run = next(number for number, gap in enumerate(parts[::width]) if gap.strip(_SPACE))
            parts = layout.pattern.split(text, run) if run else [text]
        number = len(parts) // width
        if number == 0:
            return 0
        columns = [parts[index::width] for index in range(1, layout.kept + 1)]
        columns.append([""] * number)
        *texts, times = (columns[index] for index in layout.wanted)
        files, classes, names = map(_values, texts)
        if suite.file:
            files = [file or suite.file for file in files]
        outcomes: list[Outcome] = [Outcome.PASSED] * number
        failures: list[FailureText | None] = [None] * number
        not_passed = self._children(parts[layout.kept + 1 :], width, outcomes, failures)
        rows = zip(
            repeat(suite.names),
            files,
            classes,
            names,
            _durations(times),
            outcomes,
            repeat(suite.host),
            failures,
            repeat(()),
            strict=False,  # the repeated ones have no end
        )
        self._tally.add_all(map(_make, rows), number, not_passed)
        return len(text) - len(parts[-1])

    def _children(
        self, parts: list[str], width: int, outcomes: list[Outcome], failures: list[FailureText | None]
    ) -> list[Outcome]:
        """Set outcome and failure of the cases with a child element; returns their outcomes.

        `parts` begins with the child's tag in the first case, its attributes and its text, each None for most cases.
        """
        not_passed: list[Outcome] = []
        tags, rows, texts = parts[::width], parts[1::width], parts[2::width]
        _values(list(filter(None, rows)))
        _check("".join(filter(None, texts)), _NOT_IN_TEXTS)
        for index, tag in enumerate(tags):
            if tag:
                pairs = _ATTRIBUTE.findall(rows[index])
                attributes = dict(pairs)
                text = texts[index] or ""
                if len(attributes) != len(pairs) or (">" in text and "]]>" in text):
                    raise _NotPlainError
                if "\r" in text:
                    text = text.replace("\r\n", "\n").replace("\r", "\n")
                outcomes[index] = _OUTCOMES[tag]
                failures[index] = FailureText(
                    type=_resolve(attributes.get("type", ""))[: self._limits.name_length],
                    message=_resolve(attributes.get("message", ""))[: self._limits.message_length],
                    text=_resolve(text)[: self._limits.text_length].strip(),
                )
                not_passed.append(outcomes[index])
        return not_passed


def is_fit(text: str) -> bool:
    """Whether a text may be searched for runs: it has no U+FFFE or U+FFFF, which XML forbids."""
    return text.isascii() or _NONCHARACTERS.search(text) is None


def _is_fixed(names: tuple[str, ...]) -> bool:
    """Whether it is clear which attribute of a row holds the file and which the class."""
    return bool(names) and all(map(_ROW.fullmatch, names)) and not any({*pair} <= {*names} for pair in _EITHER)


def _lay_out(names: tuple[str, ...], longest: int) -> _Layout:
    wanted = (
        "file" if "file" in names else "filepath",
        "classname" if "classname" in names else "class",
        "name",
        "time",
    )
    kept = [name for name in names if name in wanted]
    value = {
        **_OTHER,
        **dict.fromkeys(kept, f'([^"]{{0,{longest}}}+)'),
        "time": f"({_PLAIN})",  # short, so it is checked while it is matched
    }
    row = "".join(f' {re.escape(name)}="{value.get(name, _PLAIN)}"' for name in names)
    inside = (
        rf'[ \t\r\n]*+<(failure|error|skipped)((?: {_NAME}="{_VALUE}")*+) ?'
        rf"(?:/>|>([^<]*+)</\{len(kept) + 1}>)[ \t\r\n]*+</testcase>"
    )
    return _Layout(
        pattern=re.compile(rf"{OPENING}{row}(?: ?/>|></testcase>|>{inside})[ \t\r\n]*+"),
        kept=len(kept),
        wanted=tuple(kept.index(name) if name in kept else -1 for name in wanted),
    )


def _values(written: list[str]) -> list[str]:
    """Resolve the references in values, all at once.

    Raises:
        _NotPlainError: one is not well-formed.
    """
    joined = "\0".join(written)  # XML cannot write U+0000
    _check(joined, _NOT_IN_VALUES, allowed=max(len(written) - 1, 0))
    return _resolve(joined).split("\0") if "&" in joined else written


def _check(text: str, excluded: bytes, *, allowed: int = 0) -> None:
    data = text.encode()
    if len(data) - len(data.translate(None, excluded)) != allowed:
        raise _NotPlainError


def _resolve(text: str) -> str:
    """A text with its references resolved.

    Raises:
        _NotPlainError: an ampersand begins no predefined reference, or one to no character.
    """
    if "&" in text:  # the frequent ones first; their characters complete no other reference
        text = text.replace("&lt;", "<").replace("&gt;", ">")
        if "&" in text:
            text = _REFERENCE.sub(_meaning, text)
    return text


def _meaning(reference: re.Match[str]) -> str:
    character = _MEANINGS.get(reference[0])
    if character is not None:
        return character
    number = document.CHARACTER_REFERENCE.fullmatch(reference[0])
    code = document.character_code(number) if number else None
    if code is None:
        raise _NotPlainError
    return chr(code)


def _durations(written: list[str]) -> list[float]:
    """Durations in seconds; converted at once if all are plain numbers that `seconds` would accept."""
    if not any(written):
        return [0.0] * len(written)
    try:
        durations = list(map(float, written))
    except ValueError:
        return list(map(seconds, written))
    if min(durations) >= 0 and sum(durations) < 1e9:  # noqa: PLR2004  # no sum with a NaN is
        return durations
    return list(map(seconds, written))
