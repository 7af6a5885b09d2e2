"""Failures of one kind: the message and top frame without what changes, hashed; and a hint at the cause."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from bot.analysis.model import FailureText

_TITLE_LENGTH = 500
_SEARCHED = 2000


class Category(StrEnum):
    """The likely cause of a failure, by its text; a hint for people, never an input to the score."""

    INFRASTRUCTURE = "infrastructure"
    PORT = "port clash"
    NETWORK = "network"
    RESOURCE = "resource"
    CONCURRENCY = "concurrency"
    ASYNC_WAIT = "async wait"
    ORDER = "order dependency"
    TIME = "time"
    RANDOMNESS = "randomness"
    FLOATING_POINT = "floating point"
    UNORDERED = "unordered collection"
    IO = "I/O"
    CRASH = "crash"
    CODE_ERROR = "code error"
    ASSERTION = "assertion"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One kind of failure: `key` is 16 bytes, `title` the first line of its message, shortened."""

    key: bytes
    title: str
    category: Category


# In order, first match. Words have boundaries: "race" is in every "Traceback", "runner" in every path of GitHub's.
_RULES = (
    (
        Category.INFRASTRUCTURE,
        (
            r"no space left on device|docker daemon|\bimage ?pull|\b50[234] (?:bad gateway|service unavailable|gateway)"
            r"|lost communication with the server|\brunner (?:has )?(?:lost|received|shut)"
        ),
    ),
    (Category.PORT, r"\baddress already in use|\beaddrinuse|\bport \d+ (?:is )?(?:already|in use)"),
    (
        Category.NETWORK,
        (
            r"\bconnection (?:was )?(?:refused|reset|closed|aborted)|\bECONN|\bENOTFOUND|\bEAI_AGAIN"
            r"|connection(?:refused|reset)|name resolution|unknownhost|\bunreachable\b"
            r"|\bssl\w*error|\bssl handshake|socket hang up|broken ?pipe"
        ),
    ),
    (Category.RESOURCE, r"out ?of ?memory|\bmemoryerror|too many open files|cannot allocate memory|\bemfile\b"),
    (
        Category.CONCURRENCY,
        (
            r"\bdeadlock|\b(?:data )?race(?: condition)?\b|\block (?:wait )?timeout|\bconcurrent|could not serialize"
            r"|database is locked|ConcurrentModification"
        ),
    ),
    (
        Category.ASYNC_WAIT,
        (
            r"timed? ?out|did(?: not|n't) (?:appear|become)|deadline exceeded|\bwaiting for\b"
            r"|stale ?element|not (?:yet )?ready\b"
        ),
    ),
    (Category.ORDER, r"\balready exists|\bduplicate key|\bunique constraint|\bnot clean\b|\bleft ?over\b"),
    (Category.TIME, r"\btime ?zone|\bdaylight|\bmidnight|\bdatetime|\bleap (?:year|second|day)|\bfebruary\b|\bclock\b"),
    (Category.RANDOMNESS, r"\brandom|\bseed\b|\bshuffl|\buuid"),
    (Category.FLOATING_POINT, r"\bapprox|almost ?equal|\bepsilon\b|\btolerance\b|\b\d+\.\d{10,}"),
    (
        Category.UNORDERED,
        r"\bunordered\b|different order|\border of (?:keys|elements|items)|\b(?:set|frozenset)\(\[?\{",
    ),
    (
        Category.IO,
        r"filenotfound|no such file|permission ?(?:denied|error)|\bi/o error|\bioerror|\bioexception|\benoent\b",
    ),
    (
        Category.CRASH,
        r"segmentation fault|\bsigsegv|\bsigabrt|\bsigkill|core dumped|\bpanic(?:ked)?\b|worker .{0,40}crashed",
    ),
    (
        Category.CODE_ERROR,
        (
            r"\b(?:type|attribute|name|key|index|import|modulenotfound|reference|syntax|zerodivision|recursion)error"
            r"|nullpointer|classcast|noclassdef|nosuchmethod|is not a function|undefined method|\bnil pointer"
        ),
    ),
    (Category.ASSERTION, r"\bassert|\bexpected\b|\bexpect\(|\bto equal\b|\bshould\b|comparisonfailure"),
)
_CATEGORIES = [(category, re.compile(pattern, re.IGNORECASE)) for category, pattern in _RULES]
# No pattern here can backtrack over more than one run of characters: the texts come from untrusted hands.
_CHANGING = (
    (re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"), "<uuid>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<address>"),
    (re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"(?<![\w.@+~:/\\-])(?:[A-Za-z]:)?[\w.@+~-]*[/\\](?:[\w.@+~-]+[/\\])*([\w.@+~-]+)"), r"\1"),
    (re.compile(r"\b(?=[a-fA-F]*\d)[0-9a-fA-F]{12,}\b"), "<hash>"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "<n>"),
    (re.compile(r"\s+"), " "),
)
_PYTHON_FRAME = re.compile(r'^[ \t]*File "([^"\n]+)", line \d+, in (\S+)', re.MULTILINE)
_LOCATION = re.compile(r"^[ \t]*([\w./\\-]+\.\w+):\d+:", re.MULTILINE)
_CALL = re.compile(r"^[ \t]*at (?:async |new )?([\w.$<>/]+) ?\(", re.MULTILINE)
_PANIC = re.compile(r"panicked at (?:'[^'\n]*', )?([\w./\\-]+):\d+")


def fingerprint(failure: FailureText) -> Fingerprint:
    """The kind of a failure: two with one cause have one key, over runs, machines and cases."""
    lines = (failure.message.strip() or failure.text.strip()).splitlines() or [failure.type]
    first = lines[0][:_TITLE_LENGTH].strip()
    normal = "|".join(normalise(part) for part in (failure.type, first, _top_frame(failure.text)[:_TITLE_LENGTH]))
    key = hashlib.blake2b(normal.encode("utf-8", "replace"), digest_size=16).digest()
    return Fingerprint(key, first, _category(failure))


def normalise(text: str) -> str:
    """A text without numbers, paths, addresses, times and ids."""
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return text.strip().lower()


def _top_frame(text: str) -> str:
    """Where it was raised: Python's and pytest's texts say it last, the others first."""
    for pattern in (_PYTHON_FRAME, _LOCATION):
        if found := pattern.findall(text):
            last = found[-1]
            return last if isinstance(last, str) else " ".join(last)
    found_first = _CALL.search(text) or _PANIC.search(text)
    return found_first[1] if found_first else ""


def _category(failure: FailureText) -> Category:
    """By type and message; by the text, whose frames name much that is not the cause, only where these say nothing."""
    for text in (f"{failure.type} {failure.message[:_SEARCHED]}", failure.text[:_SEARCHED], failure.text[-_SEARCHED:]):
        for category, pattern in _CATEGORIES:
            if pattern.search(text):
                return category
    return Category.UNKNOWN
