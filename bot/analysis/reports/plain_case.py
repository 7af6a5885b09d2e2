"""Runs of plain cases, read by a pattern instead of the XML parser.

Most of any report is `<testcase classname="…" name="…" time="…"/>`, and much of the rest holds one failure with
text inside. Where the parser has come to rest inside a suite, a pattern splits what follows into the values of
such elements and the gaps between them. Nothing is delivered before it is sure to be what XML calls well-formed:

- the gaps are white space, so nothing stands between the elements;
- no value has a `<` or a control character, no text a `<`, a `]]>` or a control character XML forbids;
- every `&` begins one of the five references that need no declaration, or the number of a character;
- the attributes are distinct, because the parser has seen the same row of them before.

Whatever is anything else is left to the parser. So the guarantees of `document` hold for the text it never sees:
that text can neither declare nor refer to anything, and it closes what it opens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Final

from bot.analysis.model import FailureText, Outcome
from bot.analysis.reports import character
from bot.analysis.reports.duration import seconds
from bot.analysis.reports.limits import Limits
from bot.analysis.reports.reported_case import ReportedCase, Tally

OPENING: Final = "<testcase"
NOT_RUN: Final = frozenset({"notrun", "disabled"})
_VALUE: Final = '[^"]*+'
_PLAIN: Final = r'[^"<&\x00-\x1f]*+'  # of what is not looked at again
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
    """What was matched is not well-formed, or only the parser can say what it means."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """The pattern of one row of attributes, and which of them are file, class, name and time: -1 for none."""

    pattern: re.Pattern[str]
    kept: int
    wanted: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """What a case takes from the suites around it."""

    names: tuple[str, ...] = ()
    file: str = ""
    host: str = ""


class PlainRuns:
    """The layouts of plain cases that one report has shown so far."""

    __slots__ = ("_layout", "_layouts", "_limits", "_reach", "_tally", "wants_layout")

    def __init__(self, tally: Tally, limits: Limits) -> None:
        self._tally = tally
        self._limits = limits
        self._layouts: dict[tuple[str, ...], _Layout] = {}
        self._layout: _Layout | None = None
        self._reach = _NEAR
        self.wants_layout = True

    def learn(self, attributes: dict[str, str]) -> None:
        """Look for cases with the attributes of this one, which the parser has read, from here on."""
        self.wants_layout = False
        names = tuple(attributes)
        if names not in self._layouts:
            if len(self._layouts) == _LAYOUTS or not _is_fixed(names):
                return
            self._layouts[names] = _lay_out(names, self._limits.case_length)
        self._layout = self._layouts[names]

    def take(self, text: str, at: int, suite: Suite) -> int:
        """Deliver the plain cases of a suite that stand at `at`; where the last of them ends.

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
            # What is looked at in vain is never much more than what was found.
            if 2 * size > len(region):
                self._reach = min(2 * self._reach, _FAR)
            elif len(region) > _NEAR:
                self._reach = _NEAR
            at += size
            last = last or size == 0
        self.wants_layout = at == began
        return at

    def _run(self, layout: _Layout, text: str, suite: Suite) -> int:
        """Deliver the run of plain cases at the beginning of a text; how long it is.

        Raises:
            _NotPlainError: it is not well-formed, or not sure to be.
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
        *told, times = (columns[index] for index in layout.wanted)
        files, classes, names = map(_values, told)
        if suite.file:
            files = [file or suite.file for file in files]
        outcomes: list[Outcome] = [Outcome.PASSED] * number
        failures: list[FailureText | None] = [None] * number
        not_passed = self._inside(parts[layout.kept + 1 :], width, outcomes, failures)
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

    def _inside(
        self, parts: list[str], width: int, outcomes: list[Outcome], failures: list[FailureText | None]
    ) -> list[Outcome]:
        """Put down what the cases with an element inside say; the outcomes of those.

        `parts` begins with the tag inside the first case, its attributes and its text, each None for the most.
        """
        told: list[Outcome] = []
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
                told.append(outcomes[index])
        return told


def is_fit(text: str) -> bool:
    """Whether a run may be looked for in a piece of text: it leaves out U+FFFE and U+FFFF, which XML forbids."""
    return text.isascii() or _NONCHARACTERS.search(text) is None


def _is_fixed(names: tuple[str, ...]) -> bool:
    """Whether a row of attributes says by itself which of them holds the file and which the class."""
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
        "time": f"({_PLAIN})",
    }  # short, so checked as it is matched
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
    """What values mean that are written like this, all at once.

    Raises:
        _NotPlainError: one is not well-formed.
    """
    joined = "\0".join(written)  # which XML has no way to write
    _check(joined, _NOT_IN_VALUES, allowed=max(len(written) - 1, 0))
    return _resolve(joined).split("\0") if "&" in joined else written


def _check(text: str, excluded: bytes, *, allowed: int = 0) -> None:
    data = text.encode()
    if len(data) - len(data.translate(None, excluded)) != allowed:
        raise _NotPlainError


def _resolve(text: str) -> str:
    """A text with its references resolved.

    Raises:
        _NotPlainError: an ampersand begins no reference that XML knows by itself, or one to no character.
    """
    if "&" in text:  # the frequent ones first, and what they mean completes no other
        text = text.replace("&lt;", "<").replace("&gt;", ">")
        if "&" in text:
            text = _REFERENCE.sub(_meaning, text)
    return text


def _meaning(reference: re.Match[str]) -> str:
    named = _MEANINGS.get(reference[0])
    if named is not None:
        return named
    number = character.REFERENCE.fullmatch(reference[0])
    code = character.code(number) if number else None
    if code is None:
        raise _NotPlainError
    return chr(code)


def _durations(written: list[str]) -> list[float]:
    """Durations in seconds; all at once where all are plain numbers, and none so large that `seconds` would ask."""
    if not any(written):
        return [0.0] * len(written)
    try:
        durations = list(map(float, written))
    except ValueError:
        return list(map(seconds, written))
    if min(durations) >= 0 and sum(durations) < 1e9:  # noqa: PLR2004  # no sum with a NaN is
        return durations
    return list(map(seconds, written))
