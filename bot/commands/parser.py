"""What a person typed behind `/flakeguard`: the word, and the rest of it."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

_LINK = re.compile(r"<(?:https?://[^|>\s]*?/)?([\w.-]+/[\w.-]+)(?:\|[^>]*)?>")
_QUOTES = "\"'`\u201c\u201d\u2018\u2019"


@dataclass(frozen=True, slots=True)
class Typed:
    """A command: `word` in lower case (empty for none), `rest` as typed, quotes and Slack's links undone."""

    word: str
    rest: str


def parse(text: str) -> Typed:
    """Take a command apart."""
    word, _, rest = _LINK.sub(r"\1", text.strip()).partition(" ")
    return Typed(word.lower(), _unquote(rest.strip()))


def closest(word: str, known: list[str]) -> str | None:
    """The known word that was probably meant."""
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return found[0] if found else None


def _unquote(text: str) -> str:
    if len(text) >= 2 and text[0] in _QUOTES and text[-1] in _QUOTES:  # noqa: PLR2004  # a pair
        text = text[1:-1]
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()
