"""The limits of Block Kit: what Slack would refuse, said with a JSON pointer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bot.sandbox.slack import keys, payload
from bot.sandbox.slack.payload import JsonObject

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
TEXT_SUM = 13_200
_PLAIN = ("plain_text",)
_EITHER = ("plain_text", "mrkdwn")
_ID = 255
_MARKDOWN = 12_000
_ONCE_TYPES = ("table", "data_table")
_OPTION_COUNTS = {"overflow": 5, "radio_buttons": 10, "checkboxes": 10}
_SELECTS = ("static_select", "multi_static_select")
_ONLY_MESSAGES = {"markdown", "table"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_USER = re.compile(r"[UW][A-Z0-9]+")
_WEB = re.compile(r"https?://[^\s]+")


@dataclass(slots=True)
class _Lint:
    problems: list[str] = field(default_factory=list)

    def refuse(self, pointer: str, problem: str) -> None:
        self.problems.append(f"[ERROR] {problem} [json-pointer:{pointer}]")

    def length(self, value: object, pointer: str, longest: int, shortest: int = 1) -> None:
        if not isinstance(value, str):
            self.refuse(pointer, "must be a string")
        elif _width(value) < shortest:
            self.refuse(pointer, f"must be more than {shortest - 1} characters")
        elif _width(value) > longest:
            self.refuse(pointer, f"must be less than {longest + 1} characters")

    def known(self, owner: JsonObject, pointer: str, names: set[str]) -> None:
        for name in sorted(set(owner) - names):
            self.refuse(f"{pointer}/{name}", "no such field")

    def optional(self, owner: JsonObject, pointer: str, **longest: int) -> None:
        for key, limit in longest.items():
            if owner.get(key) is not None:
                self.length(owner[key], f"{pointer}/{key}", limit, shortest=0)

    def text(self, value: object, pointer: str, longest: int, kinds: tuple[str, ...] = _PLAIN) -> None:
        found = payload.as_object(value)
        if found.get("type") not in kinds:
            self.refuse(pointer, f"must be a text object of type {' or '.join(kinds)}")
            return
        self.known(found, pointer, {"type", "text", "emoji" if found["type"] == "plain_text" else "verbatim"})
        self.length(found.get("text"), f"{pointer}/text", longest)

    def count(self, value: object, pointer: str, most: int, fewest: int = 1) -> list[JsonObject]:
        if not isinstance(value, list) or any(not isinstance(item, dict) for item in value):
            self.refuse(pointer, "must be an array of objects")
        elif len(value) > most:
            self.refuse(pointer, f"no more than {most} items allowed")
        elif len(value) < fewest:
            self.refuse(pointer, f"must have at least {fewest} items")
        return payload.as_objects(value)

    def unique(self, owners: list[JsonObject], pointer: str, key: str) -> None:
        seen: set[object] = set()
        for owner in owners:
            name = owner.get(key)
            if name in (None, ""):
                continue
            if name in seen:
                self.refuse(pointer, f"`{key}` must be unique: {name}")
            seen.add(name)

    def confirm(self, value: object, pointer: str) -> None:
        found = payload.as_object(value)
        self.text(found.get("title"), f"{pointer}/title", 100)
        self.text(found.get("text"), f"{pointer}/text", 300, _EITHER)
        for key in ("confirm", "deny"):
            self.text(found.get(key), f"{pointer}/{key}", 30)

    def options(self, element: JsonObject, pointer: str, most: int) -> None:
        groups = payload.children(element, "option_groups")
        options: list[JsonObject] = []
        if groups:
            self.count(groups, f"{pointer}/option_groups", 100)
            for index, group in enumerate(groups):
                self.text(group.get("label"), f"{pointer}/option_groups/{index}/label", 75)
                options += self.count(group.get("options"), f"{pointer}/option_groups/{index}/options", most)
        else:
            options = self.count(element.get("options"), f"{pointer}/options", most)
        kinds = _EITHER if element.get("type") in ("radio_buttons", "checkboxes") else _PLAIN
        for index, option in enumerate(options):
            at = f"{pointer}/options/{index}"
            self.text(option.get("text"), f"{at}/text", 75, kinds)
            self.length(option.get("value"), f"{at}/value", 150)
            if option.get("description") is not None:
                self.text(option["description"], f"{at}/description", 75, kinds)
        self.unique(options, pointer, "value")
        values = [option.get("value") for option in options]
        if element.get("initial_options") == []:
            self.refuse(f"{pointer}/initial_options", "must have at least 1 item")
        chosen = payload.child(element, "initial_option")
        for initial in [chosen] * bool(chosen) + payload.children(element, "initial_options"):
            if initial.get("value") not in values:
                self.refuse(f"{pointer}/initial_option", "must be one of the options")

    def button(self, element: JsonObject, pointer: str) -> None:
        self.text(element.get("text"), f"{pointer}/text", 75)
        self.optional(element, pointer, url=3000, accessibility_label=75)
        if element.get("value") is not None:
            self.length(element["value"], f"{pointer}/value", 2000)
        if not _WEB.fullmatch(payload.string(element, "url", "https://example")):
            self.refuse(f"{pointer}/url", "must be a web address")
        if element.get("style") not in (None, "primary", "danger"):
            self.refuse(f"{pointer}/style", "must be primary or danger")

    def plain_input(self, element: JsonObject, pointer: str) -> None:
        longest = element.get("max_length", 3000)
        if not isinstance(longest, int) or not 1 <= longest <= 3000:  # noqa: PLR2004 - Slack's own bound
            self.refuse(f"{pointer}/max_length", "must be between 1 and 3000")
        else:
            self.optional(element, pointer, initial_value=longest)

    def element(self, element: JsonObject, pointer: str, allowed: set[str]) -> None:
        kind = payload.string(element, "type")
        if kind not in allowed:
            self.refuse(f"{pointer}/type", f"unsupported element type: {kind}")
            return
        self.known(element, pointer, keys.ELEMENTS[kind])
        if not _USER.fullmatch(payload.string(element, "initial_user", "U0")):
            self.refuse(f"{pointer}/initial_user", "no such user")
        self.optional(element, pointer, action_id=_ID)
        if element.get("placeholder") is not None:
            self.text(element["placeholder"], f"{pointer}/placeholder", 150)
        if element.get("confirm") is not None:
            self.confirm(element["confirm"], f"{pointer}/confirm")
        if kind == "button":
            self.button(element, pointer)
        elif kind == "plain_text_input":
            self.plain_input(element, pointer)
        elif kind in _OPTION_COUNTS or kind in _SELECTS:
            self.options(element, pointer, _OPTION_COUNTS.get(kind, 100))
        elif kind == "datepicker" and not _DATE.fullmatch(payload.string(element, "initial_date", "2026-01-01")):
            self.refuse(f"{pointer}/initial_date", "must be a date as YYYY-MM-DD")

    def section(self, block: JsonObject, pointer: str) -> None:
        if block.get("text") is None and not block.get("fields"):
            self.refuse(pointer, "must have text or fields")
        if block.get("text") is not None:
            self.text(block["text"], f"{pointer}/text", 3000, _EITHER)
        if block.get("fields") is not None:
            for index, item in enumerate(self.count(block["fields"], f"{pointer}/fields", 10)):
                self.text(item, f"{pointer}/fields/{index}", 2000, _EITHER)
        accessory = payload.child(block, "accessory")
        if accessory.get("type") == "image":
            self.image(accessory, f"{pointer}/accessory")
        elif block.get("accessory") is not None:
            self.element(accessory, f"{pointer}/accessory", keys.IN_SECTION)

    def header(self, block: JsonObject, pointer: str) -> None:
        self.text(block.get("text"), f"{pointer}/text", 150)

    def context(self, block: JsonObject, pointer: str) -> None:
        for index, item in enumerate(self.count(block.get("elements"), f"{pointer}/elements", 10)):
            if item.get("type") == "image":
                self.image(item, f"{pointer}/elements/{index}")
            else:
                self.text(item, f"{pointer}/elements/{index}", 3000, _EITHER)

    def actions(self, block: JsonObject, pointer: str) -> None:
        elements = self.count(block.get("elements"), f"{pointer}/elements", 25)
        for index, item in enumerate(elements):
            self.element(item, f"{pointer}/elements/{index}", keys.IN_ACTIONS)
        self.unique(elements, f"{pointer}/elements", "action_id")

    def input(self, block: JsonObject, pointer: str) -> None:
        self.text(block.get("label"), f"{pointer}/label", 2000)
        if block.get("hint") is not None:
            self.text(block["hint"], f"{pointer}/hint", 2000)
        self.element(payload.child(block, "element"), f"{pointer}/element", keys.IN_INPUT)

    def image(self, block: JsonObject, pointer: str) -> None:
        self.length(block.get("alt_text"), f"{pointer}/alt_text", 2000)
        if block.get("slack_file") is None:
            self.length(block.get("image_url"), f"{pointer}/image_url", 3000)

    def table(self, block: JsonObject, pointer: str) -> None:
        rows = block.get("rows")
        if not isinstance(rows, list) or not rows:
            self.refuse(f"{pointer}/rows", "must have at least 1 row")
            return
        if len(rows) > 101:  # noqa: PLR2004 - a head and Slack's 100 rows
            self.refuse(f"{pointer}/rows", "no more than 100 rows allowed")
        for index, row in enumerate(rows):
            for number, cell in enumerate(self.count(row, f"{pointer}/rows/{index}", 20)):
                if cell.get("type") == "raw_text":
                    self.length(cell.get("text"), f"{pointer}/rows/{index}/{number}/text", 10_000)

    def data_table(self, block: JsonObject, pointer: str) -> None:
        self.length(block.get("caption"), f"{pointer}/caption", 2000)
        self.table(block, pointer)

    def data_visualization(self, block: JsonObject, pointer: str) -> None:
        self.length(block.get("title"), f"{pointer}/title", 50)
        self.count(payload.child(block, "chart").get("series"), f"{pointer}/chart/series", 6)

    def markdown(self, block: JsonObject, pointer: str) -> None:
        self.length(block.get("text"), f"{pointer}/text", _MARKDOWN)

    def rich_text(self, block: JsonObject, pointer: str) -> None:
        self.count(block.get("elements"), f"{pointer}/elements", 100)

    def divider(self, block: JsonObject, pointer: str) -> None:
        """A divider has nothing that could be wrong."""

    def block(self, block: JsonObject, pointer: str, surface: str) -> None:
        kind = payload.string(block, "type")
        if kind not in keys.BLOCKS or (kind in _ONLY_MESSAGES and surface != "message"):
            self.refuse(f"{pointer}/type", f"unsupported block type: {kind}")
            return
        self.known(block, pointer, {"type", "block_id", *keys.BLOCKS[kind]})
        self.optional(block, pointer, block_id=_ID)
        getattr(self, kind)(block, pointer)


def _width(text: str) -> int:
    """The length as Slack counts it: an emoji may be two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def problems(blocks: object, surface: str = "message") -> list[str]:
    """List what Slack would refuse in these blocks of a message, a modal or a home."""
    lint = _Lint()
    if not isinstance(blocks, list) or any(not isinstance(block, dict) for block in blocks):
        return ["[ERROR] blocks must be an array of objects [json-pointer:/blocks]"]
    most = MESSAGE_BLOCKS if surface == "message" else VIEW_BLOCKS
    found = lint.count(blocks, "/blocks", most, fewest=0)
    for index, block in enumerate(found):
        lint.block(block, f"/blocks/{index}", surface)
    lint.unique(found, "/blocks", "block_id")
    for kind in _ONCE_TYPES:
        if sum(block.get("type") == kind for block in found) > 1:
            lint.refuse("/blocks", f"only one {kind} block allowed")
    return lint.problems


def view_problems(view: JsonObject) -> list[str]:
    """List what Slack would refuse in a view."""
    lint = _Lint()
    surface = payload.string(view, "type")
    if surface not in ("modal", "home"):
        return ["[ERROR] must be modal or home [json-pointer:/view/type]"]
    lint.known(view, "/view", keys.VIEWS[surface])
    lint.optional(view, "/view", callback_id=_ID, external_id=_ID, private_metadata=3000)
    if surface == "modal":
        lint.count(view.get("blocks"), "/view/blocks", VIEW_BLOCKS)
        lint.text(view.get("title"), "/view/title", 24)
        for key in ("submit", "close"):
            if view.get(key) is not None:
                lint.text(view[key], f"/view/{key}", 24)
        if view.get("submit") is None and any(b.get("type") == "input" for b in payload.children(view, "blocks")):
            lint.refuse("/view/submit", "a view with input blocks must have a submit button")
    return lint.problems + problems(view.get("blocks"), surface)


def text_sum(blocks: list[JsonObject]) -> int:
    """Count the characters of all texts of the blocks, which Slack bounds as a whole."""
    total = 0
    waiting: list[object] = list(blocks)
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += [inner for key, inner in item.items() if key != "text" or not isinstance(inner, str)]
            total += len(payload.string(item, "text"))
        elif isinstance(item, list):
            waiting += item
    return total


def elements(block: JsonObject) -> list[JsonObject]:
    """List the interactive elements of a block."""
    found = payload.children(block, "elements") if block.get("type") == "actions" else []
    return found + [payload.child(block, key) for key in ("accessory", "element") if block.get(key)]


def with_ids(blocks: list[JsonObject], make_id: str) -> tuple[JsonObject, ...]:
    """Return the blocks as Slack keeps them: every block has a block_id, every element an action_id."""
    kept: list[JsonObject] = []
    for index, block in enumerate(blocks):
        named = {"block_id": f"{make_id}{index}"} | block if not block.get("block_id") else dict(block)
        if named.get("type") == "actions":
            named["elements"] = [
                {"action_id": f"{make_id}{index}.{number}"} | element
                for number, element in enumerate(payload.children(named, "elements"))
            ]
        for key in ("accessory", "element"):
            if payload.child(named, key).get("type") in keys.ELEMENTS:
                named[key] = {"action_id": f"{make_id}{index}.{key}"} | payload.child(named, key)
        kept.append(named)
    return tuple(kept)
