"""Block Kit, as far as FlakeGuard uses it: typed constructors, limits, and the one place text is made safe."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Json = str | int | float | bool | None | Mapping[str, "Json"] | Sequence["Json"]
Block = Mapping[str, Json]

SECTION = 3000
FIELD = 2000
BUTTON = 75
LABEL = 75
EXCERPT = 256
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Message:
    """A message: `text` is a whole sentence, for screen readers and notifications read only that."""

    text: str
    blocks: tuple[Block, ...]
    metadata: Mapping[str, Json] = field(default_factory=dict)


def escape(text: str, limit: int = 200) -> str:
    """Untrusted text for mrkdwn: one line, nothing of it a mention, a link or formatting."""
    flat = " ".join(_INVISIBLE.sub("", text).split())
    for mark, look_alike in (("*", "∗"), ("_", "_\u2060"), ("~", "∼"), ("`", "'")):
        flat = flat.replace(mark, look_alike)
    flat = clip(flat, limit)
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str, limit: int = 200) -> str:
    """Untrusted text as inline code."""
    flat = clip(" ".join(_INVISIBLE.sub("", text).replace("`", "'").split()), limit) or " "
    return "`" + flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") + "`"


def code_block(text: str, limit: int = EXCERPT) -> str:
    """Untrusted text as a block of code."""
    clean = clip(_INVISIBLE.sub("", text).replace("`", "'").strip(), limit) or " "
    return "```" + clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") + "```"


def plain(text: str, limit: int = 200) -> str:
    """Untrusted text for plain_text and for a message's `text`: one line, markup inert."""
    flat = clip(" ".join(_INVISIBLE.sub("", text).split()), limit)
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clip(text: str, limit: int) -> str:
    """A text of at most `limit` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def link(url: str, text: str) -> str:
    """A link with safe text; the bare text where there is no address."""
    safe = re.sub(r"[<>|\s]", "", url)
    return f"<{safe}|{text}>" if safe.startswith(("http://", "https://")) else text


def section(text: str, *, block_id: str | None = None, accessory: Json = None) -> Block:
    """A section of mrkdwn."""
    block: dict[str, Json] = {"type": "section", "text": {"type": "mrkdwn", "text": clip(text, SECTION)}}
    if block_id:
        block["block_id"] = block_id
    if accessory:
        block["accessory"] = accessory
    return block


def fields(pairs: Iterable[tuple[str, str]]) -> Block:
    """A section of titled fields, ten at most."""
    cells = [{"type": "mrkdwn", "text": clip(f"*{title}*\n{value}", FIELD)} for title, value in pairs]
    return {"type": "section", "fields": cells[:10]}


def context(*texts: str) -> Block:
    """Small print."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": clip(text, SECTION)} for text in texts[:10]]}


def header(text: str) -> Block:
    """A heading."""
    return {"type": "header", "text": {"type": "plain_text", "text": clip(text, 150), "emoji": True}}


def divider() -> Block:
    """A line."""
    return {"type": "divider"}


def actions(block_id: str, *elements: Json) -> Block:
    """A row of buttons."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def button(
    action_id: str, text: str, value: str, *, label: str, style: str | None = None, confirm: Json = None
) -> Json:
    """A button; `label` is what a screen reader says."""
    made: dict[str, Json] = {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": clip(text, BUTTON), "emoji": True},
        "value": value,
        "accessibility_label": clip(label, LABEL),
    }
    if style:
        made["style"] = style
    if confirm:
        made["confirm"] = confirm
    return made


def confirm(title: str, text: str, yes: str) -> Json:
    """A question before a button acts."""
    return {
        "title": plain_text(title),
        "text": {"type": "mrkdwn", "text": clip(text, 300)},
        "confirm": plain_text(yes),
        "deny": plain_text("Cancel"),
    }


def plain_text(text: str, limit: int = 75) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": clip(text, limit), "emoji": True}


def option(text: str, value: str) -> Json:
    """An option of a select or a group of radio buttons."""
    return {"text": plain_text(text), "value": value}


def field_of(block_id: str, label: str, element: Json, *, hint: str | None = None, optional: bool = False) -> Block:
    """An input block; its element's action id is `v`."""
    block: dict[str, Json] = {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label, 2000),
        "element": element,
        "optional": optional,
    }
    if hint:
        block["hint"] = plain_text(hint, 2000)
    return block


def modal(callback_id: str, title: str, submit: str, blocks: Sequence[Block], private_metadata: str) -> Block:
    """A modal view."""
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain_text(title, 24),
        "submit": plain_text(submit, 24),
        "close": plain_text("Cancel", 24),
        "private_metadata": private_metadata,
        "blocks": list(blocks),
    }


def date(at: float, fallback: str, form: str = "{date_short_pretty} {time}") -> str:
    """A time each reader sees in their own zone."""
    return f"<!date^{int(at)}^{form}|{fallback}>"
