"""Slack's mrkdwn, and the single place where untrusted text is made safe for it.

See https://docs.slack.dev/messaging/formatting-message-text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MAX_TEXT = 3000
_MAX_ADDRESS = 600
ELLIPSIS = "…"
_GRAVE = "\N{MODIFIER LETTER GRAVE ACCENT}"  # looks like a backtick, and opens no code
_ALL = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)
_AT = "\N{FULLWIDTH COMMERCIAL AT}"  # looks like an @; Slack may parse a bare @here (`verbatim` of a text object)
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKED = re.compile(r"`(?P<code>[^`]*)`|<[^|>]+\|(?P<label>[^>]*)>|\*(?P<bold>[^*]+)\*")
# Control, bidirectional and line-separator characters, and lone surrogates: invisible, or able to turn a line around.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def clean(text: str) -> str:
    """Drop the characters that nobody can see and that can disturb what is seen."""
    return _UNSAFE.sub("", text)


def line(text: str) -> str:
    """Fold clean text into one line."""
    return " ".join(clean(text).split())


def clip(text: str, limit: int) -> str:
    """Cut text to `limit` characters as Slack's clients count them, with an ellipsis where something is missing."""
    return _clip(text, limit, {})


def escape(text: str, limit: int = MAX_TEXT) -> str:
    """Make untrusted text inert in mrkdwn: no link, mention or code of it lives; `limit` counts after."""
    return _clip(_ALL.sub(_AT, clean(text).replace("`", _GRAVE)), limit, _ENTITIES)


def code(text: str, limit: int = 600) -> str:
    """Return untrusted text as one line of inline code, where no emphasis or emoji is read into it."""
    inner = escape(line(text), limit).strip()
    return f"`{inner or '?'}`"


def code_block(text: str, limit: int = 256) -> str:
    """Return the beginning of untrusted text as a block of code; `limit` counts before escaping."""
    return f"```{escape(clip(clean(text).strip(), limit)) or '?'}```"


def quote(text: str, limit: int = 1500) -> str:
    """Return untrusted text as a quotation of at most 20 lines."""
    lines = escape(text.strip(), limit).splitlines()[:20]
    return "\n".join(f"> {part}" for part in lines or ["?"])


def link(url: str, label: str) -> str:
    """Link `label`, which is mrkdwn already, to an http address; return the label alone for any other address."""
    address = line(url).replace(" ", "%20").replace("|", "%7C")
    target = escape(address)
    if not address.startswith(("https://", "http://")) or target.endswith(ELLIPSIS) or len(target) > _MAX_ADDRESS:
        return label
    return f"<{target}|{label}>"


def spoken(marked: str) -> str:
    """Return mrkdwn as the one line that screen readers and notifications read: no emoji before it, marks or links."""
    text = _MARKED.sub(lambda part: part["code"] or spoken(part["label"] or part["bold"] or ""), marked)
    return re.sub(r"^[^\w@&]+ ", "", line(text))


def whole_lines(text: str, limit: int) -> str:
    """Cut mrkdwn between its lines: a cut inside one could leave half a link or half an entity."""
    while width(text) > limit and "\n" in text:
        text = text.rpartition("\n")[0]
    return clip(text, limit)


def width(text: str) -> int:
    """How long Slack's clients count a text: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _clip(text: str, limit: int, entities: Mapping[str, str]) -> str:
    # Slack's clients count UTF-16 units: an emoji is two. An entity is kept whole or dropped.
    whole = "".join(entities.get(character, character) for character in text[: limit + 1])
    if len(text) <= limit and width(whole) <= limit:
        return whole
    room, kept = limit - len(ELLIPSIS), []
    for character in text:
        shown = entities.get(character, character)
        room -= width(shown)
        if room < 0:
            break
        kept.append(shown)
    return "".join(kept).rstrip() + ELLIPSIS
