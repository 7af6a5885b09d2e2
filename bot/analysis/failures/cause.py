"""The likely cause of a failure, and the words that indicate it: a hint for people, never part of a score (ADR 7)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from bot.analysis.failures import normalization
from bot.analysis.model import FailureText

_SEARCHED: Final = 2000  # characters of the message, and of the beginning and end of the text
_EVIDENCE_LENGTH: Final = 80


class Category(StrEnum):
    """The likely cause of a failure, in the words of the field."""

    INFRASTRUCTURE = "infrastructure"
    ENVIRONMENT = "environment"
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


BROAD: Final = frozenset({Category.ASSERTION, Category.CODE_ERROR, Category.CRASH, Category.UNKNOWN})
"""Causes that say that something was wrong but not what; frameworks wrap any failure in one."""


@dataclass(frozen=True, slots=True)
class Cause:
    """The likely cause, and the words that indicate it; empty for an unknown one."""

    category: Category
    evidence: str


# The first match wins. Words have boundaries: "race" is in every "Traceback", "runner" in every path of GitHub's,
# "concurrent" in the package of Java's futures.
_RULES: Final = (
    (Category.INFRASTRUCTURE, (
        "docker daemon", r"\bimage ?pull\w*", "lost communication with the server",
        r"\brunner (?:has )?(?:lost|received|shut)", r"toomanyrequests: \w+", "API rate limit exceeded",
    )),
    (Category.PORT, (
        r"\baddress (?:is )?already in use", r"\beaddrinuse", r"\bport \d+ (?:is )?(?:already|in use)",
        r"\bBindException",
    )),
    (Category.RESOURCE, (  # before the network: a pool has connections, too
        r"(?:connection|queue|hikari) ?pool[-\w]*[^\n]{0,80}(?:exhausted|limit|timed out|not available)",
    )),
    (Category.NETWORK, (
        r"\b50[234] (?:bad gateway|service unavailable|gateway)", "max retries exceeded", "actively refused",
        r"\bconnection (?:was )?(?:refused|reset|closed|aborted|timed out)",
        r"\bE(?:CONN\w+|NOTFOUND|AI_AGAIN|HOSTUNREACH)", r"connection(?:refused|reset|aborted)\w*",
        "name resolution", "getaddrinfo", r"unknownhost\w*", "(?:network|host) is unreachable", "no route to host",
        "could not resolve host", "connect timeout", r"connecttimeout\w*", r"readtimeout\w*",
        r"\bsocket(?:timeout)?exception", r"\bETIMEDOUT", r"\bdial tcp", r"\bi/o timeout", "no such host",
        r"\bssl\w*error", r"\b(?:ssl|tls) (?:handshake|connection)", "certificate verify failed", "socket hang up",
        "broken ?pipe", r"\bEPIPE", "failed to fetch", "fetch failed", r"\bnet::ERR_\w+", r"HttpHostConnect\w+",
    )),
    (Category.RESOURCE, (
        r"\bout ?of ?memory\w*", r"\bmemoryerror", "too many open files", "cannot allocate memory",
        r"\bE(?:MFILE|NOMEM)\b", "java heap space", "gc overhead limit", "unable to create (?:new )?native thread",
        "no space left on device", "disk quota exceeded", "memory leak", "too many (?:connections|clients)",
        "heap out of memory", "resource temporarily unavailable", r"\bresourcewarning\b",
        r"exit(?:ed with)?(?: (?:code|status))? 137\b",
    )),
    (Category.CONCURRENCY, (
        r"\bdead ?lock\w*", r"\bdata race\b", r"\brace condition\b", r"\block (?:wait )?timeout",
        r"\bconcurrent(?:ly|cy)?\b(?!\.)", "could not serialize", "database is locked", r"ConcurrentModification\w*",
        r"\brace detected\b", "collection was modified", r"concurrent map (?:read|write|iteration)\w*",
        "modified during iteration", "changed size during iteration",
        r"StaleObjectState\w*", r"optimistic lock\w*",
    )),
    (Category.ASYNC_WAIT, (
        r"\btimed? ?out\b", r"timeout(?:error|exception)?\b", "did(?: not|n't) (?:appear|become|finish|complete)",
        "deadline exceeded", r"\bwaiting (?:for|until)\b", r"stale ?element\w*", r"not (?:yet )?ready\b",
        r"no ?such ?element\w*", "unable to (?:find|locate) element",
        "element (?:is )?not (?:found|visible|interactable|attached|clickable)", "not fulfilled within",
        r"\beventually\b", "callback was not invoked", "never (?:called|resolved|settled)", r"overlapping act\(\)",
        "not wrapped in act", r"condition (?:never|not) (?:satisfied|met)\b",
    )),
    (Category.ORDER, (
        r"\balready (?:exists|registered|initiali[sz]ed|configured)", r"\bduplicate (?:key|entry)\w*",
        r"\bunique constraint", r"\bnot clean\b", r"\bleft ?over\w*",
        r"\bstate (?:leak\w*|from (?:a|the|another) previous)", r"\bdepends on [^\n]{0,40}\brun first",
    )),
    (Category.TIME, (
        r"\btime ?zone\w*", r"\bdaylight", r"\bmidnight", r"\bdatetime", r"\bleap (?:year|second|day)",
        r"\bfebruary\b", r"\bclock\b", "certificate has expired", r"\boff by one (?:day|hour|month)", r"\bDST\b",
        r"\b\d{4}-\d\d-\d\d.{0,60}(?:\n.{0,20})?(?:\b(?:but|got|was|received)\b|[!=]=).{0,20}\b\d{4}-\d\d-\d\d",
    )),
    (Category.RANDOMNESS, (
        r"\brandom\w*", r"\bseed(?:ed)?\b(?! data)", r"\bshuffl\w+", "falsifying example", "counter-?example",
        "property failed after", r"\bmath\.rand", r"\bfalsifi(?:able|ed)\b", "hypothesis produces unreliable",
    )),
    (Category.FLOATING_POINT, (
        r"\bapprox\w*", r"almost ?equal\w*", r"\bepsilon\b", r"\btolerance\b", r"\btobecloseto", r"\bulps?\b",
        r"\bwithin (?:\d+(?:\.\d+)?e-\d+|\d+ places)", r"\b\d+\.\d{10,}", r"\d ± \d",
        r"\bdifference between [^\n]{0,60}\de-\d+",
    )),
    (Category.UNORDERED, (
        r"\bunordered\b", "different order", r"\border of (?:keys|elements|items)", r"\b(?:set|frozenset)\(\[?\{",
        "same elements",
    )),
    (Category.ENVIRONMENT, (
        "command not found", "executable file not found", "is not recognized as an internal",
        "cannot open shared object",
        r"unsupportedclassversion\w*", r"\bGLIBC\w*", "environment variable", r"\bcannot open display",
        "missing X server", "executable doesn't exist", "exec format error", "unsupported locale",
        "chromedriver only supports", "session not created", "no usable sandbox", r"modulenotfound\w*",
        "no module named", "cannot find module", r"classnotfound\w*", r"noclassdef\w*",
        "could not load file or assembly", "unable to load library",
    )),
    (Category.IO, (
        r"(?:file|directory)notfound\w*", r"no ?such ?file\w*", "permission ?(?:denied|error)", r"\bi/o error",
        r"\bioerror", r"\bioexception", r"\bE(?:NOENT|ACCES|PERM|ISDIR|NOTDIR|ROFS|BUSY|NOTEMPTY|EXIST)\b",
        "read-only file ?system",
        "being used by another process", "could not find (?:a part of the path|file)", "failed to open stream",
        "unexpected end of (?:file|stream)", r"\beoferror\b", r"\bfile ?exists(?:error)?\b",
    )),
    (Category.CRASH, (
        "segmentation fault", r"\bsig(?:segv|abrt|kill|bus|ill|fpe)\b", "core dumped", "worker .{0,40}crashed",
        r"\bJVM crash\w*", r"exit(?:ed with)?(?: (?:code|status))? 1(?:34|39)\b", "access violation",
        r"stack ?overflow\w*", "maximum call stack", "^panic: ", r"\bfatal error:",
    )),
    (Category.ASSERTION, (
        r"\b(?:xct)?assert\w*", r"\bexpected\b", r"\bexpectation\w*", r"\bexpect\(",
        r"\bto equal\b", r"\bshould\b", "comparisonfailure",
        r"\bmust (?:be|equal|match|not)\b", r"\b(?:check|require)(?:_\w+)?\s?\(", r"\bdiffers? from\b",
        "does not match", "doesn't match", r"\bmismatch\w*", "value of:", r"\bunexpectederror\b", r"\bnot equal\b",
        r"\berwartet", r"\battendu", r"\besperad", r"\bse esperaba",
    )),
    (Category.CODE_ERROR, (
        r"\b(?:type|attribute|name|key|index|import|reference|syntax)error", "is not iterable",
        r"\b(?:zerodivision|recursion|range|unboundlocal|nomethod|argument)error",
        r"null(?:pointer|reference)\w*", r"classcast\w*", r"invalidcast\w*", r"nosuch(?:method|field)\w*",
        r"missingmethod\w*", r"(?:index|argument)outof(?:bounds|range)\w*", r"dividebyzero\w*", r"keynotfound\w*",
        r"illegal(?:argument|state)\w*", r"unsupportedoperation\w*", r"notimplemented\w*", "is not a function",
        "is not defined", "undefined (?:method|local variable|symbol)", "call to undefined",
        r"cannot read propert\w+", r"\bnil pointer", "index out of (?:range|bounds)", r"called `\w+::unwrap\(\)`",
    )),
    (Category.CRASH, (r"\bpanic(?:ked)?\b",)),
)  # fmt: skip
_CATEGORIES: Final = [
    (category, re.compile("|".join(phrases), re.IGNORECASE | re.MULTILINE)) for category, phrases in _RULES
]
_UNKNOWN: Final = Cause(Category.UNKNOWN, "")


def find(failure: FailureText) -> Cause:
    """The likely cause by type and message; if these indicate none, by the text without its frames.

    An assertion in the message yields to a narrower cause in the text: most frameworks wrap any failure in one.
    """
    by_message = _search(f"{failure.type}\n{failure.message[:_SEARCHED]}")
    if by_message.category not in {Category.UNKNOWN, Category.ASSERTION}:
        return by_message
    text = normalization.statements(failure.text)
    for part in (text[:_SEARCHED], text[-_SEARCHED:]):
        by_text = _search(part)
        if by_text.category is not Category.UNKNOWN and (by_message is _UNKNOWN or by_text.category not in BROAD):
            return by_text
    return by_message


@lru_cache(2048)
def _search(text: str) -> Cause:
    for category, pattern in _CATEGORIES:
        if match := pattern.search(text):
            return Cause(category, " ".join(match[0].split())[:_EVIDENCE_LENGTH])
    return _UNKNOWN
