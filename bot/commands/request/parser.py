"""What a person typed behind `/flakeguard` or a mention: words, quotes, flags, and the links Slack makes of them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bot.errors import InvalidInputError

_MENTION = re.compile(r"^\s*<@[^<>|\s]+(?:\|[^<>]*)?>[\s:,]*")
_TOKEN = re.compile(r"<(?P<target>[^<>|\s]+)(?:\|(?P<label>[^<>]*))?>")
_REPOSITORY = re.compile(r"[\w.-]{1,100}/[\w.-]{1,100}")
_REPOSITORY_URL = re.compile(r"https?://[^/\s]+/(?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?")
_RUN_URL = re.compile(
    r"https?://[^/\s]+/(?P<name>[\w.-]+/[\w.-]+)/actions/runs/(?P<run>\d{1,18})(?:/attempts/(?P<attempt>\d{1,6}))?"
)
_FLAG = re.compile(r"(?P<name>[a-z]{2,20}):(?!:|//)(?P<value>.*)", re.DOTALL)
_OPENING = {
    '"': '"',
    "'": "'",
    "`": "`",
    "\u201c": "\u201d",
    "\u201d": "\u201d",
    "\u2018": "\u2019",
    "\u2019": "\u2019",
}
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)\s*%?")


@dataclass(frozen=True, slots=True)
class Typed:
    """A command: its `word` in lower case (empty for none), the `words` after it, and the whole `rest` of the line.

    Quotes and Slack's links are removed in both; `rest` is for what may hold spaces, such as the name of a test.
    """

    word: str
    rest: str
    words: tuple[str, ...]

    def flags(self, known: Collection[str]) -> tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]:
        """Separate the words from the flags among them, such as `events:flaky,fixed`; a flag may come several times.

        Raises:
            InvalidInputError: a flag without a value, or one that is nearly a known one.
        """
        plain: list[str] = []
        flags: dict[str, tuple[str, ...]] = {}
        for word in self.words:
            flag = _FLAG.fullmatch(word)
            if flag is None:
                plain.append(word)
                continue
            name = flag["name"]
            if name not in known:
                if meant := closest(name, known):
                    message = f"I do not know {name}: here. Did you mean {meant}:?"
                    raise InvalidInputError(message)
                plain.append(word)
                continue
            values = tuple(part.strip() for part in flag["value"].split(",") if part.strip())
            if not values:
                message = f"Say what {name}: should be, such as {name}:value."
                raise InvalidInputError(message)
            flags[name] = (*flags.get(name, ()), *values)
        return tuple(plain), flags


@dataclass(frozen=True, slots=True)
class RunAddress:
    """The workflow run a link leads to; `attempt` is None where the link does not say."""

    repository: str
    run_id: int
    attempt: int | None


def parse(text: str) -> Typed:
    """Take a command apart; a leading mention of the bot is left out."""
    line = _TOKEN.sub(_unlink, _MENTION.sub("", text.strip())).strip()
    head, _, rest = line.partition(" ")
    rest = _unescape(rest).strip()
    return Typed(_unescape(head).lower(), _unquote(rest), tuple(_words(rest)))


def closest(word: str, known: Collection[str]) -> str | None:
    """The known word that was probably meant."""
    beginning = [other for other in known if len(word) > 1 and other.startswith(word)]
    if len(beginning) == 1:
        return beginning[0]
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return near[0] if near else None


def repository(text: str) -> str | None:
    """The `owner/repo` that a word or a link names, or None."""
    if match := _REPOSITORY_URL.fullmatch(text):
        return match["name"]
    return text if _REPOSITORY.fullmatch(text) else None


def run_address(text: str) -> RunAddress | None:
    """The workflow run whose link stands somewhere in a text, or None."""
    match = _RUN_URL.search(text)
    if match is None:
        return None
    return RunAddress(match["name"], int(match["run"]), int(match["attempt"]) if match["attempt"] else None)


def share(text: str) -> float:
    """A share of 0 to 1 from a percentage such as `5%`.

    Raises:
        InvalidInputError: not a percentage of 0 to 100.
    """
    match = _PERCENT.fullmatch(text.strip())
    if match is None or float(match[1]) > 100:  # noqa: PLR2004  # per cent
        message = f"“{text[:40]}” is no percentage; write one such as 5%."
        raise InvalidInputError(message)
    return float(match[1]) / 100


def _unlink(token: re.Match[str]) -> str:
    target, label = token["target"], token["label"] or ""
    if target[0] in "@#!":  # a person, a channel or a group stays as Slack names it
        return token[0].replace(f"|{label}", "") if label else token[0]
    bare = target.removeprefix("mailto:").removeprefix("https://").removeprefix("http://").rstrip("/")
    if label and bare == label.rstrip("/"):
        return label  # Slack makes a link of `test_cart.py`: .py is a country
    if match := _REPOSITORY_URL.fullmatch(target):
        return match["name"]
    return target


def _words(text: str) -> list[str]:
    words: list[str] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        word, at = _word(text, at)
        words.append(word)
    return words


def _word(text: str, at: int) -> tuple[str, int]:
    """The word that begins at a place; a quote opens at its beginning or after the colon of a flag."""
    begin = at
    while at < len(text) and not text[at].isspace():
        opens = at == begin or (text[at - 1] == ":" and text[begin : at - 1].isalpha())
        closing = _OPENING.get(text[at]) if opens else None
        end = text.find(closing, at + 1) if closing else -1
        if end > 0 and (end + 1 == len(text) or text[end + 1].isspace()):
            return text[begin:at] + text[at + 1 : end], end + 1
        at += 1
    return text[begin:at], at


def _unquote(text: str) -> str:
    closing = _OPENING.get(text[:1])
    if closing and len(text) > 1 and text.find(closing, 1) == len(text) - 1:
        return text[1:-1].strip()
    return text


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
