"""The fingerprint of a failure: what it says and where it was raised, without what changes from run to run, hashed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from bot.analysis.failures import cause, normalization, stack_trace
from bot.analysis.failures.cause import Cause
from bot.analysis.model import FailureText

_KEY_BYTES: Final = 16
_EXCERPT_LINES: Final = 3
_EXCERPT_LENGTH: Final = 150
_FRAME_LENGTH: Final = 100


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One kind of failure: `key` is 16 bytes, `title` the first line of its message, shortened."""

    key: bytes
    title: str
    cause: Cause


def of_failure(failure: FailureText) -> Fingerprint:
    """The kind of a failure: failures with one cause have one key over runs, machines and cases."""
    title = normalization.title(failure)
    parts = (failure.type, title, *map(str, stack_trace.top(failure.text)))
    normal = "\n".join(map(normalization.normalise, parts))
    key = hashlib.blake2b(normal.encode("utf-8", "replace"), digest_size=_KEY_BYTES).digest()
    return Fingerprint(key, title, cause.find(failure))


def excerpt(message: str, text: str) -> str:
    """A few lines of the message, then the line of the project that raised it; for people, not for comparison."""
    lines = (message.strip() or normalization.statements(text).strip() or text.strip()).splitlines()
    short = "\n".join(line.rstrip() for line in lines[:_EXCERPT_LINES])[:_EXCERPT_LENGTH].rstrip()
    frame = stack_trace.line(text)
    return short if not frame or frame in short else f"{short}\n  {frame[:_FRAME_LENGTH]}"
