"""Slack's limits on messages and views, checked without Slack: every rendered view of the tests goes through here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from bot.slack.block_kit import Json, Message, View

MAX_MESSAGE_BLOCKS = 50
MAX_VIEW_BLOCKS = 100
MAX_MESSAGE_TEXT = 4000
MAX_BLOCK_TEXT = 13_200
_ACCESSORIES = {"button", "overflow", "static_select", "users_select"}
_INPUTS = {
    "static_select", "radio_buttons", "users_select", "plain_text_input", "external_select", "checkboxes",
    "conversations_select",
}  # fmt: skip
_ONCE = ("table", "data_table")
MAX_TABLE_TEXT = 10_000
# What may stand between < and > in mrkdwn of ours; anything else is untrusted text that got out.
_TOKEN = re.compile(
    r"<(@[UW][A-Z0-9]+|!subteam\^S[A-Z0-9]+|#C[A-Z0-9]+|!date\^\d+\^[^|<>]+\|[^|<>]+|https?://[^|<>\s]+\|[^<>]+)>"
)
_ENTITY = re.compile(r"&(amp|lt|gt);")
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def message_problems(message: Message) -> list[str]:
    """Return everything Slack would refuse or cut in a message, and everything unsafe in its text."""
    found = list(_blocks(message.blocks, MAX_MESSAGE_BLOCKS))
    found += _text("text", message.text, MAX_MESSAGE_TEXT, mrkdwn=True)
    total = sum(_width(text) for text in _texts(list(message.blocks)))
    if total > MAX_BLOCK_TEXT:
        found.append(f"blocks hold {total} characters")
    if not message.text.endswith((".", "?", "!", "…")):
        found.append(f"text is no sentence: {message.text!r}")
    return found


def view_problems(view: View) -> list[str]:
    """Return everything Slack would refuse in a view."""
    payload = view.payload()
    found = list(_blocks(view.blocks, MAX_VIEW_BLOCKS))
    for name in ("title", "submit", "close"):
        if name in payload:
            found += _plain(name, payload[name], 24)
    if view.type == "modal" and "title" not in payload:
        found.append("a modal needs a title")
    if view.type == "modal" and "submit" not in payload and any(block["type"] == "input" for block in view.blocks):
        found.append("a modal with inputs needs submit")
    if _width(view.private_metadata) > 3000:
        found.append("private_metadata is too long")
    return found


def _blocks(blocks: Sequence[Mapping[str, Json]], limit: int) -> Iterator[str]:
    if not 1 <= len(blocks) <= limit:
        yield f"{len(blocks)} blocks"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(map(str, ids))):
        yield "a block_id comes twice"
    kinds = [block.get("type") for block in blocks]
    if any(kinds.count(kind) > 1 for kind in _ONCE) or kinds.count("data_visualization") > 2:
        yield "more tables or charts than a message may have"
    for index, block in enumerate(blocks):
        for problem in _block(block):
            yield f"blocks[{index}] {block.get('type')}: {problem}"


def _block(block: Mapping[str, Json]) -> Iterator[str]:  # noqa: C901, PLR0912 - a case for each type
    if "block_id" in block:
        yield from _length("block_id", block["block_id"], 1, 255)
    match block:
        case {"type": "section", **rest}:
            yield from _section(rest)
        case {"type": "header", "text": text}:
            yield from _plain("text", text, 150)
        case {"type": "context", "elements": list(elements)}:
            if not 1 <= len(elements) <= 10:
                yield f"{len(elements)} elements"
            for element in elements:
                yield from _mrkdwn("element", element, 3000)
        case {"type": "actions", "elements": list(elements)}:
            if not 1 <= len(elements) <= 25:
                yield f"{len(elements)} elements"
            names = [str(element["action_id"]) for element in elements]
            if len(names) != len(set(names)):
                yield "an action_id comes twice"
            for element in elements:
                yield from _element(element)
        case {"type": "input", "label": label, "element": dict(element)}:
            yield from _plain("label", label, 2000)
            if "hint" in block:
                yield from _plain("hint", block["hint"], 2000)
            if element["type"] not in _INPUTS:
                yield f"{element['type']} in an input"
            yield from _element(element)
        case {"type": "divider"}:
            pass
        case {"type": "data_table" | "table" as kind, "rows": list(rows)}:
            if kind == "data_table":
                yield from _length("caption", block.get("caption"), 1, 200)
            yield from _rows(rows)
        case {"type": "data_visualization", "title": title, "chart": dict(chart)}:
            yield from _length("title", title, 1, 50)
            yield from _chart(chart)
        case _:
            yield "unknown block"


def _rows(rows: Sequence[Json]) -> Iterator[str]:
    if not 2 <= len(rows) <= 101:
        yield f"{len(rows)} rows"
    cells = [cell for row in rows if isinstance(row, list) for cell in row]
    if len({len(row) for row in rows if isinstance(row, list)}) != 1 or len(cells) > 20 * len(rows):
        yield "rows of different lengths, or too long"
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("type") not in {"raw_text", "raw_number"}:
            yield f"unknown cell {cell!r}"
        else:
            yield from _text("cell", cell.get("text"), 200, mrkdwn=False)
    if sum(_width(str(cell.get("text"))) for cell in cells if isinstance(cell, dict)) > MAX_TABLE_TEXT:
        yield "a table of too much text"


def _chart(chart: Mapping[str, Json]) -> Iterator[str]:
    match chart:
        case {"type": "bar", "axis_config": {"categories": list(categories)}, "series": list(series)}:
            if not 1 <= len(categories) <= 20 or not 1 <= len(series) <= 6:
                yield f"{len(categories)} categories, {len(series)} series"
            if len({str(one["name"]) for one in series}) != len(series):
                yield "two series of one name"
            for one in series:
                yield from _length("series name", one["name"], 1, 20)
                if [point["label"] for point in one["data"]] != categories:
                    yield "a series over other categories"
            for category in categories:
                yield from _length("category", category, 1, 20)
        case _:
            yield "unknown chart"


def _section(section: Mapping[str, Json]) -> Iterator[str]:
    match section:
        case {"text": text}:
            yield from _mrkdwn("text", text, 3000)
        case {"fields": list(fields)}:
            if not 1 <= len(fields) <= 10:
                yield f"{len(fields)} fields"
            for field in fields:
                yield from _mrkdwn("field", field, 2000)
        case _:
            yield "neither text nor fields"
    if isinstance(accessory := section.get("accessory"), dict):
        if accessory["type"] not in _ACCESSORIES:
            yield f"{accessory['type']} as accessory"
        yield from _element(accessory)


def _element(element: Mapping[str, Json]) -> Iterator[str]:  # noqa: C901, PLR0912 - a case for each type
    yield from _length("action_id", element.get("action_id"), 1, 255)
    match element:
        case {"type": "button", "text": text}:
            yield from _plain("button text", text, 75)
            yield from _length("accessibility_label", element.get("accessibility_label"), 1, 75)
            yield from _length("value", element.get("value", ""), 0, 2000)
            if element.get("style", "primary") not in {"primary", "danger"}:
                yield f"style {element['style']}"
            if isinstance(ask := element.get("confirm"), dict):
                for name, limit in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
                    yield from _plain(f"confirm {name}", ask[name], limit)
        case {"type": "static_select" | "radio_buttons" as kind, "options": list(options)}:
            if not 1 <= len(options) <= (100 if kind == "static_select" else 10):
                yield f"{len(options)} options"
            for option in options:
                yield from _plain("option", option["text"], 75)
                yield from _length("option value", option["value"], 1, 150)
            if element.get("initial_option", options[0]) not in options:
                yield "initial_option is no option"
        case {"type": "checkboxes", "options": list(options)}:
            if not 1 <= len(options) <= 10:
                yield f"{len(options)} options"
            for option in options:
                yield from _plain("option", option["text"], 75)
            initial = element.get("initial_options", [options[0]])
            if not isinstance(initial, list) or not initial or any(one not in options for one in initial):
                yield "initial_options are no options"
        case {"type": "conversations_select"}:
            pass
        case {"type": "overflow", "options": list(options)}:
            if not 1 <= len(options) <= 5:
                yield f"{len(options)} options"
            for option in options:
                yield from _plain("option", option["text"], 75)
                yield from _length("option value", option["value"], 1, 150)
        case {"type": "users_select"} | {"type": "external_select", "min_query_length": int()}:
            pass
        case {"type": "plain_text_input", "max_length": int(most)}:
            if not 1 <= most <= 3000:
                yield f"max_length {most}"
        case _:
            yield f"unknown element {element.get('type')}"
    if "placeholder" in element:
        yield from _plain("placeholder", element["placeholder"], 150)


def _plain(name: str, value: Json, limit: int) -> Iterator[str]:
    if not isinstance(value, dict) or value.get("type") != "plain_text":
        yield f"{name} is no plain_text"
        return
    yield from _text(name, value["text"], limit, mrkdwn=False)


def _mrkdwn(name: str, value: Json, limit: int) -> Iterator[str]:
    if not isinstance(value, dict) or value.get("type") != "mrkdwn":
        yield f"{name} is no mrkdwn"
        return
    yield from _text(name, value["text"], limit, mrkdwn=True)


def _text(name: str, text: Json, limit: int, *, mrkdwn: bool) -> Iterator[str]:
    yield from _length(name, text, 1, limit)
    if not isinstance(text, str):
        return
    if _INVISIBLE.search(text):
        yield f"{name} holds characters nobody can see: {text!r}"
    if not mrkdwn:
        return
    quoted = re.sub(r"(?m)^> ", "", text)
    rest = _ENTITY.sub("", _TOKEN.sub("", quoted))
    if any(mark in rest for mark in "<>&"):
        yield f"{name} holds unescaped text: {text!r}"
    if text.count("`") % 2:
        yield f"{name} holds an open code span: {text!r}"


def _length(name: str, text: Json, least: int, most: int) -> Iterator[str]:
    if not isinstance(text, str) or not least <= _width(text) <= most:
        yield f"{name} has not {least} to {most} characters: {text!r}"


def _width(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(text := value.get("text"), str):
            yield text
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for part in value:
            yield from _texts(part)
