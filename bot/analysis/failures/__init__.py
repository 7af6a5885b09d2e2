"""Failures of one kind: what was said and where it was raised, without what changes, hashed; and a hint at the cause.

`wording` takes out what changes, `frames` finds the project's own frames, `causes` names the likely cause and the
words that told it, `likeness` finds the kinds that are nearly the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from bot.analysis.failures import cause as causes
from bot.analysis.failures import frame as frames
from bot.analysis.failures import normalization
from bot.analysis.failures.cause import Category, Cause
from bot.analysis.model import FailureText

__all__ = ["Category", "Cause", "Fingerprint", "excerpt", "fingerprint"]

_KEY_BYTES = 16
_SAID_LINES = 3
_SAID_LENGTH = 150
_PLACE_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One kind of failure: `key` is 16 bytes, `title` the first line of its message, shortened."""

    key: bytes
    title: str
    cause: Cause

    @property
    def category(self) -> Category:
        """The likely cause."""
        return self.cause.category


def fingerprint(failure: FailureText) -> Fingerprint:
    """The kind of a failure: two with one cause have one key, over runs, machines and cases."""
    title = normalization.title(failure)
    normal = "\n".join(
        (
            normalization.normalise(failure.type),
            normalization.normalise(title),
            *(normalization.normalise(str(frame)) for frame in frames.top(failure.text)),
        )
    )
    key = hashlib.blake2b(normal.encode("utf-8", "replace"), digest_size=_KEY_BYTES).digest()
    return Fingerprint(key, title, causes.find(failure))


def excerpt(message: str, text: str) -> str:
    """What was said, then where in the project it was raised, each in a line or few; for people, not to compare."""
    said = (message.strip() or normalization.said_in(text).strip() or text.strip()).splitlines()
    position = frames.line(text)
    told = "\n".join(one.rstrip() for one in said[:_SAID_LINES])[:_SAID_LENGTH].rstrip()
    return told if not position or position in told else f"{told}\n  {position[:_PLACE_LENGTH]}"
