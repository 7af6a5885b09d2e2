"""The words of a failure without what changes from run to run.

The texts are untrusted: no pattern here can backtrack over more than one run of characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bot.analysis.model import FailureText

TITLE_LENGTH: Final = 500
_SEARCHED: Final = 4000  # characters
_CHANGING: Final = (
    (re.compile(r"(?:\x1b|\\x1b|#x1B|\\u001b)?\[\d{1,3}(?:;\d{1,3}){0,4}m"), ""),  # colours; XML cannot hold the escape
    (re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"), "<uuid>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<address>"),
    (re.compile(r"(?<=[\w$;])@[0-9a-f]{5,8}\b"), "@<address>"),  # Java's Object.toString
    (re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"\b[A-Z][a-z]{2},? [ \w]{0,12}\d\d:\d\d:\d\d(?: [A-Z]{3,4})?(?: \d{4})?\b"), "<time>"),
    (re.compile(r"(?<![\w.@+~:/\\-])(?:[A-Za-z]:)?[\w.@+~-]*[/\\](?:[\w.@+~-]+[/\\])*([\w.@+~-]+)"), r"\1"),
    (re.compile(r"\btmp(?=\w*[\d_])\w{5,}"), "<temp>"),
    (re.compile(r"\b(?=[a-fA-F]*\d)(?=\d*[a-fA-F])[0-9a-fA-F]{7,}\b"), "<hash>"),
    (re.compile(r"(?<![A-Za-z])-?\d+(?:[.,:]\d+)*(?:e[+-]?\d+)?|\d+"), "<n>"),
    (re.compile(r"\s+"), " "),
)
# Values are in quotes or brackets; texts that differ in values only are nearly the same.
_VALUES: Final = (
    (re.compile(r"(?<!\w)'[^'\n]{0,200}'(?!\w)|\"[^\"\n]{0,200}\"|`[^`\n]{0,200}`"), "<text>"),
    (re.compile(r"\[[^][\n]{0,200}\]|\{[^{}\n]{0,200}\}"), "<values>"),
)
# pytest marks the lines of the failure itself. Lines that show frames and code contain words of no cause.
_MARKED: Final = re.compile(r"^E[ \t]+(.+)$", re.MULTILINE)
_FRAME: Final = re.compile(
    r"^\s*(?:at |#\d+ |File \"|# |from |> |in |>|\^)|^\s*\S+\.\w{1,6}[:(]\d+|^\s*\.\.\. \d+ more|^\s*(?:\d+\s*)?\|"
)
# Go, Swift and C++ write the message behind a position: `cart_test.go:10: expected 1`. pytest has frames in this form:
# `cart.py:10: in add`.
_AFTER_POSITION: Final = re.compile(r"^\s*(?:[A-Za-z]:)?[^\s:()]+\.\w{1,6}(?::\d+){1,2}: +(?!in )(\S.*)$")
# Rust's panic: before 1.73 the message is in quotes, since then in the next line.
_PANIC: Final = re.compile(r"^\s*thread '[^']{0,300}' (?:\(\d+\) )?panicked at (?:'(.*)', )?\S+$")
_PYTHON_FRAME: Final = re.compile(r"\s*File \"[^\"]*\", line \d+")
_EMPTY: Final = re.compile(
    r"(?:(?:the )?(?:test )?(?:case )?(?:failed|failure|error)[.!:]?|=== (?:RUN|PAUSE|CONT|NAME)\b.*"
    r"|--- (?:FAIL|SKIP): .*|Traceback \(most recent call last\):|Error Trace:.*|\S+\.\w{1,6}(?::\d+){1,2}:?"
    r"|[-=*~_#]+)?",
    re.IGNORECASE,
)
"""A line that says only that something failed, and where."""


def message(failure: FailureText) -> str:
    """The message; if it says only that something failed, the statements of the text."""
    lines = failure.message.splitlines()
    return statements(failure.text) if all(_EMPTY.fullmatch(line.strip()) for line in lines) else failure.message


def statements(text: str) -> str:
    """A text without its frames and code: the lines that pytest marks, else all others."""
    return "\n".join(_MARKED.findall(text) or _statements(text))


def title(failure: FailureText) -> str:
    """The first line of the message, or else of the text, that says what happened; at most 500 characters.

    A line that ends with a colon is continued by the next.
    """
    for part in (failure.message, failure.text):
        lines = map(str.strip, _statements(part[:_SEARCHED]))
        informative = (line for line in lines if not _EMPTY.fullmatch(line))
        if first := next(informative, ""):
            line = f"{first} {next(informative, '')}" if first.endswith(":") else first
            return line[:TITLE_LENGTH].strip()
    lines_at_all = (failure.message.strip() or failure.text.strip()).splitlines() or [failure.type]
    return lines_at_all[0][:TITLE_LENGTH].strip()


def _statements(text: str) -> Iterator[str]:
    is_frame = False
    for line in text.splitlines():
        after_frame, is_frame = is_frame, _PYTHON_FRAME.match(line) is not None
        if after_frame and line.startswith("    "):
            continue  # the code of the frame
        if match := _AFTER_POSITION.match(line):
            yield match[1]
        elif panic := _PANIC.match(line):
            if panic[1]:
                yield panic[1]
        elif not _FRAME.match(line):
            yield line


def normalise(text: str) -> str:
    """A text without numbers, paths, addresses, times, ids and colours, in lower case."""
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return text.strip().lower()


def without_values(text: str) -> str:
    """A text normalised, and without quoted values."""
    for pattern, word in _VALUES:
        text = pattern.sub(word, text)
    return normalise(text)
