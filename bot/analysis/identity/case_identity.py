"""What makes a case the same over runs and machines: file, class and name, with what changes between runs masked.

A file is named by its path in the repository. What an author can hardly have chosen (uuids, addresses, temporary
folders, ports of this machine, seeds, times) is masked anywhere; what an author may have chosen (hashes, seconds since
1970) only in the parameters of a name, which begin at the first bracket, parenthesis or slash. A port after
`localhost` or an IP address is masked; a number of fewer than six digits after `0x` (`0x1000`) is an author's. If a
report distinguishes cases by more than these three (the browser Playwright ran it in, the rest of a suite's name, the
suites if there is no file and no class, or a generic class), that is the `scope`. `collision` separates cases of one
run that are still equal.

Most names need no mask, and the cases of a class share all but their names. So one scan tells whether a name needs a
mask, and the rest is cached: identifying a case costs little more than hashing it.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from bot.analysis.model import Identity
from bot.analysis.reports.reported_case import ReportedCase

MAX_LENGTH = 500
"""Characters of each part that are kept for display; the key is a hash of the whole."""

_CACHED: Final = 8192  # classes; a large report has thousands
_KEY_BYTES: Final = 16
_MAX_PARTS: Final = 32  # of a class that are looked up in a path
_new: Final = tuple.__new__  # half the time of calling a named tuple's class
_Masks = tuple[tuple[tuple[str, ...], re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]

# Where CI systems check a repository out; GitHub's runners name the repository twice (work/shop/shop).
# Every alternative has a fixed number of parts, so that searching a long name stays linear.
_CHECKOUT: Final = (
    r"(?:file://)?(?:[A-Za-z]:)?/(?:"
    r"(?:home|Users)/runner/work/([^/\s]+)/(?:\1/)?|github/workspace/|__w/([^/\s]+)/(?:\2/)?"
    r"|(?:[^/\s]+/){0,3}_work/([^/\s]+)/(?:\3/)?|builds/[^/\s]+/[^/\s]+/|home/circleci/[^/\s]+/|root/project/"
    r"|home/vsts/work/\d+/s/|a/\d+/s/|home/travis/build/[^/\s]+/[^/\s]+/|codebuild/output/[^/\s]+/src/"
    r"|(?:root/)?go/src/(?:[^/\s]+/){3}"
    r"|(?:var/lib/jenkins|var/jenkins_home|home/jenkins(?:/agent)?)/workspace/[^/\s]+/"
    r"|var/lib/buildkite-agent/builds/(?:[^/\s]+/){3}|opt/atlassian/pipelines/agent/build/|bitrise/src/"
    r"|workspaces/[^/\s]+/|drone/src/|usr/src/app/)|(?:[A-Za-z]:|/[A-Za-z])/a/([^/\s]+)/\4/"
)
_CHECKOUT_FIRST: Final = re.compile(rf"^(?:{_CHECKOUT})")
_ROOT: Final = re.compile(
    r"^(?:(?:[A-Za-z]:)?/(?:workspace|app|src|code|project)/|(?:/private)?/(?:tmp|var/tmp)/[^/]+/"
    r"|(?:/private)?/var/folders/(?:[^/]+/){4}|[A-Za-z]:/Users/[^/]+/AppData/Local/Temp/[^/]+/)"
)
_CHECKOUT_INSIDE: Final = re.compile(rf"(?<![\w./:-])(?:{_CHECKOUT})")
_ABSOLUTE: Final = re.compile(r"(?:[A-Za-z]:)?/")
_LINE: Final = re.compile(r"(?<=.):\d+(?::\d+)?$")
# A temporary file with a name of its own: a name with a digit, or that begins with tmp, is generated.
_FIXED_FILE_NAME: Final = re.compile(r"(?!tmp)[A-Za-z_-]+\.[A-Za-z]{1,8}")
# Karma prefixes the class with the browser and its version: Chrome_Headless_120_0_0_0_(Linux_x86_64).Cart
_BROWSER: Final = re.compile(
    r"\b((?:Headless|Mobile[ _])?(?:Chrome|Chromium|Firefox|Safari|Edge|Opera|Electron|PhantomJS)(?:[ _]Headless)?)"
    r"[ _]\d+(?:[._]\d+)*(?: \([^)]{0,40}\)|_\([^)]{0,40}\))?"
)


def _temporary(match: re.Match[str]) -> str:
    name = match[0].replace("\\", "/").rpartition("/")[2]
    return f"<temp>/{name}" if _FIXED_FILE_NAME.fullmatch(name) else "<temp>"


# A pattern is only tried on a text that contains one of its words.
_GENERATED_MASKS: Final[_Masks] = (  # what no author can have chosen
    (("-",), re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"), "<uuid>"),
    (("0x",), re.compile(r"\b0x[0-9a-fA-F]{6,}\b|(?<=\bat )0x[0-9a-fA-F]+\b"), "<address>"),
    (
        ("/tmp/", "/var/", "/dev/shm/"),  # noqa: S108  # names, nothing is opened
        re.compile(r"(?<![\w.])(?:/private)?/(?:tmp|var/folders|var/tmp|dev/shm)/[^\s\],'\")]+"),
        _temporary,
    ),
    (
        ("AppData",),
        re.compile(r"[A-Za-z]:[\\/]Users[\\/][^\\/\s]+[\\/]AppData[\\/]Local[\\/]Temp[\\/][^\s\],'\")]+"),
        _temporary,
    ),
)
_MASKS: Final[_Masks] = (
    *_GENERATED_MASKS,
    (
        (":",),
        re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"),
        "<time>",
    ),
    ((":",), re.compile(r"((?<![\d.])(?:\d{1,3}\.){3}\d{1,3}|\blocalhost|\[::1?\]):\d{4,5}\b"), r"\1:<port>"),
    (("seed", "Seed", "SEED"), re.compile(r"((?:seed|Seed|SEED)(?: ?[=:] ?|-))\d+"), r"\1<seed>"),
)
_PARAMETER_MASKS: Final[_Masks] = (
    # Since 1970, in seconds to nanoseconds.
    (("1",), re.compile(r"(?<!\d)1[5-9]\d{8}(?:\d{3}){0,3}(?:\.\d{1,9})?(?!\d)"), "<time>"),
    (
        ("20",),
        re.compile(r"\b20\d\d(?:0[1-9]|1[0-2])[0-3]\d[-_T]?[0-2]\d(?:[0-5]\d){2}(?:\d{3}|\d{6}|\.\d{1,9})?Z?\b"),
        "<time>",
    ),
    # Of C's ctime and of RFC 5322: Tue Jan  2 03:04:05 2024; Tue, 02 Jan 2024 03:04:05 GMT.
    ((":",), re.compile(r"\b[A-Z][a-z]{2},? [ \w]{0,12}\d\d:\d\d:\d\d(?: [A-Z]{3,4})?(?: 20\d\d)?\b"), "<time>"),
    ((":",), re.compile(r"\b[0-2]\d:[0-5]\d:[0-5]\d[.,]\d{1,9}\b"), "<time>"),
    (tuple("abcdef"), re.compile(r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{12,128}\b"), "<hash>"),
    (("@",), re.compile(r"(?<=[\w$])@[0-9a-f]{5,8}\b"), "@<address>"),  # Java's Object.toString
    (("id=",), re.compile(r"(?<=\bid=)'?\d{9,}'?"), "<address>"),  # Python's mocks
    (("seed ",), re.compile(r"(\bseed )\d{5,}"), r"\1<seed>"),
    (("pid",), re.compile(r"(?<=\bpid[=:])\d+"), "<pid>"),
    (("port",), re.compile(r"(?<=\bport[=:])(?:3[3-9]|[456]\d)\d{3}\b"), "<port>"),  # those a system hands out
)
# Whatever the patterns above match contains one of these (of random uuids all but one in a million, of the shortest
# hashes all but one in two thousand); a name without is unchanged. Every alternative begins with one of few characters,
# which makes the scan fast.
_needs_mask: Final = re.compile(r"[/\\@:=\x00]|0x|[0-9][0-9a-fA-F]{4}|-[0-9]").search
_PARAMETERS: Final = re.compile(r"[\[(/]")
_FILE: Final = re.compile(r"[^\s.]\.\w{1,5}$")  # a class that is a file, and no namespace of PHP
_NODE_TEST_CLASS: Final = "test"  # the class of every case of node:test, which has suites where others have classes
_SCRIPT: Final = re.compile(r"\.[cm]?[jt]sx?$")


def identify(case: ReportedCase, repository: str = "") -> Identity:
    """The masked identity of a reported case; `repository` is the usual name of a checkout's folder."""
    file, class_name, suite, scope, hashed = _class_identity(
        case.file, case.class_name, case.suites, case.host, repository
    )
    name = case.name
    if not name.isascii() or not (name.isidentifier() or _needs_mask(name) is None):
        name = _mask_name(name)
        key = blake2b(hashed + name.encode("utf-8", "replace"), digest_size=_KEY_BYTES).digest()
    else:
        name = name.strip()
        key = blake2b(hashed + name.encode(), digest_size=_KEY_BYTES).digest()
    if len(name) > MAX_LENGTH:
        name = _truncate(name)
    return _new(Identity, (file, class_name, name, suite, scope, key))


def stable_sort_key(name: str) -> str:
    """A name without what an author cannot have chosen, as a sort key for names that masking made equal."""
    for _, pattern, mask_of in _GENERATED_MASKS:
        name = pattern.sub(mask_of, name)
    return name


def with_scope(identity: Identity, scope: str) -> Identity:
    """The identity of one of several equal cases of a run, which `scope` distinguishes."""
    key = blake2b(identity.key + b"\0" + scope.encode("utf-8", "replace"), digest_size=_KEY_BYTES).digest()
    path = f"{identity.scope} > {scope}" if identity.scope else scope
    return identity._replace(scope=_truncate(path), key=key)


def mask(text: str) -> str:
    """A suite or folder name without what changes from run to run."""
    return _substitute(_PARAMETER_MASKS, _mask(text)) if _needs_mask(text) else _compose(text).strip()


@lru_cache(_CACHED)
def _class_identity(
    file: str, class_name: str, suites: tuple[str, ...], host: str, repository: str
) -> tuple[str, str, str, str, bytes]:
    """What the cases of one class share: the first parts of their identity, and the beginning of what is hashed."""
    path, inside = _path(file, repository), _BROWSER.sub(r"\1", _mask(class_name))
    if "\\" in inside and _FILE.search(inside):
        inside = inside.replace("\\", "/")
    if path.startswith("/"):
        path = _relative_to_module(path, inside)
    names = [masked for masked in (mask(suite) for suite in suites) if masked]
    suite = names[-1] if names else ""
    if (not path and not inside) or (inside == _NODE_TEST_CLASS and "pytest" not in names):
        scope = " > ".join(names)
    # Playwright writes the project (the browser) as the host of a file's suite. Vitest writes the machine, but has a
    # suite around all.
    elif host and len(suites) <= 1 and suite == inside and _SCRIPT.search(inside):
        scope = host.strip()
    else:
        scope = _suite_remainder(suite, inside)
    hashed = f"{path}\0{inside}\0{scope}\0".encode("utf-8", "replace")
    return _truncate(path), _truncate(inside), _truncate(suite), _truncate(scope), hashed


def _suite_remainder(suite: str, class_name: str) -> str:
    """The rest of a suite's name after its class: `chrome` of `CartTest: chrome`."""
    if not class_name or not suite.startswith(class_name) or suite == class_name:
        return ""
    rest = suite[len(class_name) :]
    return "" if rest[0].isalnum() or rest[0] in "_." else rest.strip(" :-()[]")


def _path(reported: str, repository: str) -> str:
    """A file's path in its repository, if the checkout can be recognised."""
    unified = _compose(reported).strip().replace("\\", "/")
    path = _CHECKOUT_FIRST.sub("", unified)
    if path == unified and repository and _ABSOLUTE.match(path):
        _, separator, inside = path.partition(f"/{repository}/")
        path = inside if separator else path
    path = _LINE.sub("", _ROOT.sub("", path))
    return posixpath.normpath(path) if path else ""


def _relative_to_module(path: str, class_name: str) -> str:
    """An absolute path, cut where it begins to agree with the module of the class."""
    parts = class_name.split(".", _MAX_PARTS)[:_MAX_PARTS]
    for end in range(len(parts), 1, -1):
        start = path.find(f"/{'/'.join(parts[:end])}.")
        if start >= 0:
            return path[start + 1 :]
    return path


def _mask(text: str) -> str:
    text = _compose(text)
    if not _needs_mask(text):
        return text.strip()
    if "/" in text:
        text = _CHECKOUT_INSIDE.sub("", text)
    return _substitute(_MASKS, text).strip()


def _mask_name(name: str) -> str:
    name = _mask(name).replace("\x00", "")
    opening = _PARAMETERS.search(name)
    if opening is None:
        return name
    return name[: opening.start()] + _substitute(_PARAMETER_MASKS, name[opening.start() :])


def _substitute(masks: _Masks, text: str) -> str:
    for words, pattern, mask_of in masks:
        for word in words:
            if word in text:
                text = pattern.sub(mask_of, text)
                break
    return text


def _compose(text: str) -> str:
    """Accented letters in composed form: macOS decomposes them in the names of files."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _truncate(text: str) -> str:
    text = text.encode("utf-8", "replace").decode().replace("\x00", "")
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"
