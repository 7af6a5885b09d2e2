"""What makes a case the same case over runs and machines.

File, class and name, with what changes from run to run masked: absolute paths become relative, and inside
the parameters of a name temporary folders, addresses, uuids, times, ports and hashes are replaced by a word.
Outside the parameters a name is the author's own and is left as it is.
"""

from __future__ import annotations

import base64
import hashlib
import re

from bot.analysis.junit import ReportedCase
from bot.analysis.model import Identity

MAX_LENGTH = 500

_ROOTS = re.compile(
    r"^(?:[A-Za-z]:)?/(?:home/runner/work/[^/]+/[^/]+|github/workspace|builds/[^/]+/[^/]+|__w/[^/]+/[^/]+"
    r"|home/circleci/[^/]+|a/\d+/s|workspace|app|src|Users/runner/work/[^/]+/[^/]+|[A-Za-z]/a/[^/]+/[^/]+)/"
)
_CHANGING = (
    (re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"), "<uuid>"),
    (re.compile(r"\b0x[0-9a-fA-F]{4,}\b"), "<address>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"(?:/private)?/(?:tmp|var/folders|var/tmp)/[^\s\],'\")]+"), "<temp>"),
    (re.compile(r"(?<=localhost:)\d{2,5}\b|(?<=127\.0\.0\.1:)\d{2,5}\b|(?<=\[::1\]:)\d{2,5}\b"), "<port>"),
    (re.compile(r"\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{16,64}\b"), "<hash>"),
    (re.compile(r"(?<=seed[=:-])\d+", re.IGNORECASE), "<seed>"),
)


def identify(case: ReportedCase) -> Identity:
    """The identity of a reported case, masked."""
    return _make(
        _path(case.file), _mask(case.class_name), _mask_parameters(case.name), case.suites[-1] if case.suites else ""
    )


def identify_as_written(case: ReportedCase) -> Identity:
    """The identity of a reported case with nothing masked, for two tests that differ only in what is masked."""
    return _make(_path(case.file), case.class_name, case.name, case.suites[-1] if case.suites else "")


def _make(file: str, class_name: str, name: str, suite: str) -> Identity:
    parts = [file, class_name, name]
    if not file and not class_name:
        parts.append(suite)
    key = hashlib.blake2b("\0".join(_clean(part) for part in parts).encode(), digest_size=16).digest()
    uid = base64.b32encode(key)[:12].decode().lower()
    return Identity(_bound(file), _bound(class_name), _bound(name), _bound(suite), key, uid)


def _path(path: str) -> str:
    unified = path.strip().replace("\\", "/")
    shortened = _ROOTS.sub("", unified)
    return shortened.removeprefix("./")


def _mask(text: str) -> str:
    for pattern, word in _CHANGING[:2]:
        text = pattern.sub(word, text)
    return text.strip()


def _mask_parameters(name: str) -> str:
    opening = min((at for at in (name.find("["), name.find("(")) if at >= 0), default=-1)
    if opening < 0:
        return _mask(name)
    parameters = name[opening:]
    for pattern, word in _CHANGING:
        parameters = pattern.sub(word, parameters)
    return name[:opening].strip() + parameters


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _bound(text: str) -> str:
    text = _clean(text).replace("\x00", "")
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"
