"""Failures of one kind: the message and top frame without what changes, hashed; and a hint at the cause."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from bot.analysis.model import FailureText


class Category(StrEnum):
    """The likely cause of a failure, by its text; a hint for people, never an input to the score."""

    INFRASTRUCTURE = "infrastructure"
    NETWORK = "network"
    RESOURCE = "resource"
    CONCURRENCY = "concurrency"
    ASYNC_WAIT = "async wait"
    ORDER = "order dependency"
    TIME = "time"
    RANDOMNESS = "randomness"
    FLOATING_POINT = "floating point"
    IO = "I/O"
    CRASH = "crash"
    CODE_ERROR = "code error"
    ASSERTION = "assertion"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One kind of failure: `key` is 16 bytes, `title` the first line of its message, cleaned."""

    key: bytes
    title: str
    category: Category


_RULES = (
    (Category.INFRASTRUCTURE, r"runner|no space left on device|docker daemon|image pull|502 bad gateway"),
    (
        Category.NETWORK,
        r"connection (?:refused|reset)|econn|name resolution|unreachable|address already in use|ssl|socket|broken pipe",
    ),
    (Category.RESOURCE, r"out of memory|outofmemory|memoryerror|too many open files|cannot allocate"),
    (Category.CONCURRENCY, r"deadlock|race|lock (?:timeout|wait)|concurrent|could not serialize|data race"),
    (
        Category.ASYNC_WAIT,
        r"timed? ?out|did not (?:appear|become)|deadline exceeded|waiting for|stale element|not (?:yet )?ready",
    ),
    (Category.ORDER, r"already exists|duplicate key|unique constraint|not clean|left over|leftover"),
    (Category.TIME, r"timezone|daylight|midnight|date(?:time)?|clock|february|leap"),
    (Category.RANDOMNESS, r"random|seed|shuffle|uuid"),
    (Category.FLOATING_POINT, r"approx|almost equal|epsilon|tolerance|\d\.\d{10,}"),
    (Category.IO, r"filenotfound|no such file|permission denied|i/o error|ioerror"),
    (Category.CRASH, r"segmentation fault|sigsegv|sigabrt|core dumped|panic:"),
    (
        Category.CODE_ERROR,
        r"typeerror|attributeerror|nameerror|nullpointer|keyerror|importerror|is not a function|zerodivision",
    ),
    (Category.ASSERTION, r"assert|expected|to equal|should"),
)
_CATEGORIES = [(category, re.compile(pattern, re.IGNORECASE)) for category, pattern in _RULES]
_CHANGING = (
    (re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"), "<uuid>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<address>"),
    (re.compile(r"(?:[A-Za-z]:)?(?:[/\\][\w.@+-]+)+[/\\]([\w.@+-]+)"), r"\1"),
    (re.compile(r"\b[0-9a-fA-F]{12,}\b"), "<hash>"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "<n>"),
    (re.compile(r"\s+"), " "),
)
_FRAME = re.compile(
    r'(?:File "([^"]+)", line \d+, in (\w+)|^\s*at ([\w.$<>]+)\(|^([\w./\\-]+\.\w+):\d+:)', re.MULTILINE
)


def fingerprint(failure: FailureText) -> Fingerprint:
    """The kind of a failure: two with one cause have one key, over runs, machines and cases."""
    lines = (failure.message or failure.text).strip().splitlines() or [failure.type]
    first = lines[0][:500]
    frame = _FRAME.search(failure.text)
    where = "|".join(group for group in frame.groups() if group) if frame else ""
    normal = f"{normalise(failure.type)}|{normalise(first)}|{normalise(where)}"
    key = hashlib.blake2b(normal.encode("utf-8", "replace"), digest_size=16).digest()
    return Fingerprint(key, first, _category(failure))


def normalise(text: str) -> str:
    """A text without numbers, paths, addresses and ids."""
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return text.strip().lower()


def _category(failure: FailureText) -> Category:
    text = f"{failure.type} {failure.message} {failure.text[:2000]}"
    return next((category for category, pattern in _CATEGORIES if pattern.search(text)), Category.UNKNOWN)
