"""What makes a case the same case over runs and machines.

File, class and name, with what changes from run to run masked: absolute paths become relative, and inside
the parameters of a name temporary folders, addresses, uuids, times, ports, seeds and hashes are replaced by
a word. Outside the parameters a name is the author's own; only uuids, addresses and the place of the checkout
are taken out of it. Two cases of one run that look the same after this are told apart by `numbered`.
"""

from __future__ import annotations

import base64
import hashlib
import posixpath
import re
from dataclasses import replace

from bot.analysis.junit import ReportedCase
from bot.analysis.model import Identity

MAX_LENGTH = 500

# Where the CI systems check a repository out; GitHub's runners name the repository twice (work/shop/shop).
# Every alternative has a fixed number of parts, so that searching a long name stays linear.
_CHECKOUT = (
    r"(?:file://)?(?:[A-Za-z]:)?/(?:"
    r"(?:home|Users)/runner/work/[^/\s]+/[^/\s]+|github/workspace|__w/[^/\s]+/[^/\s]+"
    r"|(?:[^/\s]+/){0,3}_work/[^/\s]+/[^/\s]+|builds/[^/\s]+/[^/\s]+|home/circleci/[^/\s]+"
    r"|home/vsts/work/\d+/s|a/\d+/s|var/lib/jenkins/workspace/[^/\s]+)/|(?:[A-Za-z]:|/[A-Za-z])/a/([^/\s]+)/\1/"
)
_ROOT = re.compile(
    rf"^(?:{_CHECKOUT}|(?:[A-Za-z]:)?/(?:workspace|app|src)/|(?:/private)?/(?:tmp|var/tmp)/[^/]+/"
    r"|(?:/private)?/var/folders/(?:[^/]+/){4}|[A-Za-z]:/Users/[^/]+/AppData/Local/Temp/[^/]+/)"
)
_CHECKOUT_INSIDE = re.compile(rf"(?<![\w./:-])(?:{_CHECKOUT})")
_ALWAYS = (
    (re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"), "<uuid>"),
    (re.compile(r"\b0x[0-9a-fA-F]{4,}\b"), "<address>"),
)
_CHANGING = (
    *_ALWAYS,
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"(?<!\d)1[5-9]\d{8}(?:\d{3})?(?!\d)"), "<time>"),  # seconds or milliseconds since 1970
    (re.compile(r"(?<![\w.])(?:/private)?/(?:tmp|var/folders|var/tmp)/[^\s\],'\")]+"), "<temp>"),
    (re.compile(r"[A-Za-z]:[\\/]Users[\\/][^\\/\s]+[\\/]AppData[\\/]Local[\\/]Temp[\\/][^\s\],'\")]+"), "<temp>"),
    (re.compile(r"(?:(?<=localhost:)|(?<=127\.0\.0\.1:)|(?<=0\.0\.0\.0:)|(?<=\[::1\]:))\d{2,5}\b"), "<port>"),
    (re.compile(r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{16,128}\b"), "<hash>"),
    (re.compile(r"(?<=seed[=:-])\d+", re.IGNORECASE), "<seed>"),
)


def identify(case: ReportedCase) -> Identity:
    """The identity of a reported case, masked."""
    suite = case.suites[-1] if case.suites else ""
    return _make(_path(case.file), _mask(case.class_name), _mask_name(case.name), _substitute(_CHANGING, suite).strip())


def numbered(identity: Identity, number: int) -> Identity:
    """The identity of the second (third, …) test of a run that looks like this one but is another."""
    named = replace(identity, name=_bound(f"{identity.name} #{number}"))
    key = hashlib.blake2b(identity.key + b"\0#%d" % number, digest_size=16).digest()
    return replace(named, key=key, uid=_uid(key))


def _make(file: str, class_name: str, name: str, suite: str) -> Identity:
    parts = [file, class_name, name]
    if not file and not class_name:
        parts.append(suite)
    key = hashlib.blake2b("\0".join(_clean(part) for part in parts).encode(), digest_size=16).digest()
    return Identity(_bound(file), _bound(class_name), _bound(name), _bound(suite), key, _uid(key))


def _uid(key: bytes) -> str:
    return base64.b32encode(key)[:12].decode().lower()


def _path(written: str) -> str:
    """A file as its repository names it, as far as the place of the checkout can be told."""
    unified = written.strip().replace("\\", "/")
    shortened = _ROOT.sub("", unified)
    return posixpath.normpath(shortened) if shortened else ""


def _mask(text: str) -> str:
    return _substitute(_ALWAYS, _CHECKOUT_INSIDE.sub("", text)).strip()


def _mask_name(name: str) -> str:
    name = _mask(name)
    opening = min((at for at in (name.find("["), name.find("(")) if at >= 0), default=len(name))
    return name[:opening] + _substitute(_CHANGING, name[opening:])


def _substitute(patterns: tuple[tuple[re.Pattern[str], str], ...], text: str) -> str:
    for pattern, word in patterns:
        text = pattern.sub(word, text)
    return text


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _bound(text: str) -> str:
    text = _clean(text).replace("\x00", "")
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"
