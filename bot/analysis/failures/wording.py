"""The words of a failure without what changes from run to run.

No pattern here can backtrack over more than one run of characters: the texts come from untrusted hands.
"""

from __future__ import annotations

import re
from typing import Final

from bot.analysis.model import FailureText

TITLE_LENGTH: Final = 500
_CHANGING: Final = (
    (re.compile(r"(?:\x1b|\\x1b|#x1B|\\u001b)?\[\d{1,3}(?:;\d{1,3}){0,4}m"), ""),  # colours; XML cannot hold the escape
    (re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"), "<uuid>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<address>"),
    (re.compile(r"(?<=[\w$;])@[0-9a-f]{5,8}\b"), "@<address>"),  # Java's Object.toString
    (re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"(?<![\w.@+~:/\\-])(?:[A-Za-z]:)?[\w.@+~-]*[/\\](?:[\w.@+~-]+[/\\])*([\w.@+~-]+)"), r"\1"),
    (re.compile(r"\btmp(?=\w*[\d_])\w{5,}"), "<temp>"),
    (re.compile(r"\b(?=[a-fA-F]*\d)(?=\d*[a-fA-F])[0-9a-fA-F]{7,}\b"), "<hash>"),
    (re.compile(r"(?<![A-Za-z])-?\d+(?:[.,:]\d+)*(?:e[+-]?\d+)?|\d+"), "<n>"),
    (re.compile(r"\s+"), " "),
)
# What stands in quotes or brackets is a value; texts that differ in values alone are nearly the same.
_VALUES: Final = (
    (re.compile(r"(?<!\w)'[^'\n]{0,200}'(?!\w)|\"[^\"\n]{0,200}\"|`[^`\n]{0,200}`"), "<text>"),
    (re.compile(r"\[[^][\n]{0,200}\]|\{[^{}\n]{0,200}\}"), "<values>"),
)
# Lines of a text that name places and quote code: they name much that is not the cause.
_MARKED: Final = re.compile(r"^E[ \t]+(.+)$", re.MULTILINE)
_PLACE: Final = re.compile(
    r"^\s*(?:at |#\d+ |File \"|# |from |> |in |>|\^)|^\s*\S+\.\w{1,6}[:(]\d+|^\s*\.\.\. \d+ more|^\s*\d*\s*\|"
)


def said_in(text: str) -> str:
    """What a text says beside its frames and code: what pytest marks as said, else every other line."""
    marked = _MARKED.findall(text)
    return "\n".join(marked or (line for line in text.splitlines() if not _PLACE.match(line)))


def title(failure: FailureText) -> str:
    """The first line of the message, or of the text where there is none; at most 500 characters."""
    lines = (failure.message.strip() or failure.text.strip()).splitlines() or [failure.type]
    return lines[0][:TITLE_LENGTH].strip()


def normalise(text: str) -> str:
    """A text without numbers, paths, addresses, times, ids and colours, in small letters."""
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return text.strip().lower()


def without_values(text: str) -> str:
    """A text normalised, and without what it quotes."""
    for pattern, word in _VALUES:
        text = pattern.sub(word, text)
    return normalise(text)
