"""The project's own frames in the stack trace of a failure, as languages and frameworks write them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_TOP: Final = 2  # ADR 7: a kind of failure is where it was raised and the caller of that
_LINES: Final = 400
_LINE_LENGTH: Final = 500


class Frame(NamedTuple):
    """One frame: the last part of the file or class, and the function if it is known."""

    position: str
    function: str

    def __str__(self) -> str:
        return f"{self.position} {self.function}".strip()


# Python: the innermost call is last.
_PYTHON: Final = re.compile(r'^\s*File "([^"]+)", line \d+(?:, in (\S+))?')
# pytest prints a function as far as it ran, and after that its position without its name.
_DEF: Final = re.compile(r"^>?\s*(?:async )?def (\w+)\(")
_PYTEST: Final = re.compile(r"^\s*([^\s:()]+\.pyx?):\d+:(?: in (\S+))?")
# All others: the innermost call is first. The first pattern that matches has the position and perhaps the function.
_CALL: Final = re.compile(r"^\s*at (?:async |new )?([^()\s][^()]{0,300}?)\s?\(([^()]{0,300})\)\s*$")
_INSIDE: Final = re.compile(r"^(?:\w+://)?(.*?)(?::\d+)?(?::\d+)?$")
_OTHERS: Final = (
    re.compile(r"^\s*at (?:file://)?((?:[A-Za-z]:)?[^():]{1,300}):\d+(?::\d+)?\s*$"),
    re.compile(r"panicked at (?:'[^'\n]{0,300}', )?([^\s:,]+\.rs):\d+"),
    re.compile(r"^\s*(?:# |from )?([^\s:()]+\.(?:rb|erb|rake|exs?)):\d+(?::in [`'](?:block in )?([^'`]+)['`])?"),
    re.compile(r"^\s*(?:#\d+\s+\S+ \()?((?:package:)?[^\s:()]+\.dart)[ :]\d+[: ]\d+\)?\s*(\S*)"),
    re.compile(r"^\s*(?:#\d+ |at )?([^\s:()]+\.phpt?)(?::\d+|\(\d+\))(?:: ([\w\\:>-]+))?"),
    re.compile(
        r"^\s*(?:Error Trace:\s*|Location:\s*|File:\s*|--> |== \[File\] - |at |in )?((?:[A-Za-z]:)?[^\s:()<>\"']{1,300}"
        r"\.(?:py|[cm]?[jt]sx?|vue|svelte|java|kts?|scala|groovy|go|rs|c|cc|cpp|cxx|hh?|hpp|mm?|swift|[cf]s|vb|lua|p[lm]"
        r"|t|r|hs|ml|sh|bats|feature|robot|sql|jl|nim|zig|cljs?))(?::\d+|\(\d+\)|, line \d+| line \d+|\s*$)"
    ),
)
# Sanitizers and debuggers; the function comes before the position.
_NATIVE: Final = re.compile(
    r"^\s*#\d+\s+(?:0x[0-9a-fA-F]+ in (\S.{0,300}?) (?:at )?|(\S.{0,300}?) at )([^\s:()]+\.\w{1,4}):\d+"
)
_VITEST: Final = re.compile(r"^\s*\u276f (?:(\S{1,300}) )?([^\s:()]+\.\w{1,6}):\d+")
_DOTNET: Final = re.compile(
    r"^\s*(?:at|bei|à|en|в|w|em|in|在) ([\w.$<>`+\[\]|]+)\s?\([^()]{0,300}\)(?: \[0x[0-9a-f]+\])?"
    r"(?: \w{1,5} .{0,300})?$"
)

# Test runners and standard libraries: their frames are not the project's.
_FOREIGN: Final = re.compile(
    r"site-packages|dist-packages|node_modules|/vendor/|/gems/|/rustc/|<frozen |importlib|/usr/lib|/usr/local/lib"
    r"|/usr/local/go/|\bnode:|^internal/|processTicksAndRejections|library/(?:std|core|test)/|/pluggy/|/_?pytest/"
    r"|/unittest/|/testing/testing\.go|^testing\.|^runtime\.|^reflect\.|^main\.main|_testmain\.go|webpack/bootstrap|__cypress"
    r"|cypress_runner|/mocha/lib/|^lib/runn|/(?:jest|vitest|jasmine|karma|playwright)[-\w]*/"
    r"|^(?:java|javax|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|clojure|org\.(?:junit|testng|mockito|assertj|hamcrest"
    r"|gradle|apache\.maven|codehaus|spockframework|scalatest|jetbrains|robolectric)|junit|android|androidx|dalvik"
    r"|com\.intellij|com\.android|io\.kotest|io\.mockk|sbt|System|Microsoft|NUnit|Xunit|Moq|FluentAssertions|Shouldly"
    r"|TechTalk|lambda_method|PHPUnit)[.\\]|^lambda_method",
)
# Tests: a cause that many tests share is identified by the frames above them.
_TEST: Final = re.compile(
    r"(?:^|[/\\])(?:test_[^/\\]*|[^/\\]*[._-](?:test|tests|spec|cy|e2e)\.\w+|[^/\\]*(?:Test|Tests|TestCase|Spec|IT)\.\w+)$"
    r"|(?:Test|Tests|TestCase|Spec|IT)(?:[$.:+][\w$.<>:+]*)?$|(?:^|[./\\])(?:tests?|specs?|__tests__)[/\\]",
)
_NAMELESS: Final = re.compile(r"lambda\$|\$\$Lambda.*|<locals>\.?|<anonymous>|\{closure\}|\$\d+|__\d+")


class _Line(NamedTuple):
    """A frame with its full path, and its line."""

    path: str
    frame: Frame
    line: str


def top(text: str) -> tuple[Frame, ...]:
    """The two innermost frames of the project above the test, else that of the test, else the innermost of all."""
    own = _own(text)
    above: list[Frame] = []
    for path, frame, _ in own:
        if _TEST.search(path):
            break
        if frame not in above[-1:]:
            above.append(frame)
    return tuple(above[:_TOP]) or tuple(line.frame for line in own[:1])


def line(text: str) -> str:
    """The line of the innermost frame of the project as written; empty if there are no frames."""
    return next((frame.line.strip() for frame in _own(text)), "")


def _own(text: str) -> list[_Line]:
    """The frames of the project, else all, the innermost first."""
    frames = _all(text)
    return [frame for frame in frames if not _FOREIGN.search(frame.path)] or frames


def _all(text: str) -> list[_Line]:
    lines = [line[:_LINE_LENGTH] for line in _first_cause(text).splitlines()]
    if len(lines) > _LINES:
        lines = [*lines[: _LINES // 2], *lines[-_LINES // 2 :]]
    innermost_last: list[_Line] = []
    innermost_first: list[_Line] = []
    function = ""
    for line in lines:
        if match := _PYTHON.match(line) or _PYTEST.match(line):
            innermost_last.append(_line(match[1], match[2] or function, line))
            function = ""
        elif match := _DEF.match(line):
            function = function or match[1]
        elif position := _position(line):
            innermost_first.append(_line(*position, line))
    return innermost_last[::-1] if innermost_last else innermost_first


def _first_cause(text: str) -> str:
    """The part of a text about the first cause: Java and Python also print the exceptions that wrapped it."""
    start = text.rfind("\nCaused by: ")
    if start >= 0:
        return text[start:]
    for words in ("\nDuring handling of the above exception", "\nThe above exception was the direct cause"):
        end = text.find(words)
        if end >= 0:
            return text[:end]
    return text


def _position(line: str) -> tuple[str, str] | None:
    """The file or class of a frame and its function, which may be empty; None for a line that is no frame."""
    if match := _CALL.match(line):
        inside = _INSIDE.match(match[2])
        path = inside[1] if inside else ""
        return (path, match[1]) if "/" in path or "\\" in path else _owner(match[1])
    if match := _VITEST.match(line):
        return match[2], match[1] or ""
    if match := _NATIVE.match(line):
        return match[3], match[1] or match[2]
    for pattern in _OTHERS:
        if match := pattern.search(line):
            return match[1], (match[2] if pattern.groups > 1 else "") or ""
    match = _DOTNET.match(line)
    return _owner(match[1]) if match else None


def _owner(name: str) -> tuple[str, str]:
    owner, _, function = name.rpartition(".")
    return (owner, function) if owner else (name, "")


def _line(position: str, function: str, line: str) -> _Line:
    path = position.replace("\\", "/")
    return _Line(path, Frame(path.rpartition("/")[2], _NAMELESS.sub("", function)), line)
