"""Validation of Block Kit: each problem has a JSON pointer, as in the Web API's `response_metadata`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bot.sandbox import json_object
from bot.sandbox.json_object import JsonObject
from bot.sandbox.slack import block_kit, errors

_MESSAGE_BLOCKS = 50
_VIEW_BLOCKS = 100
_MESSAGE_TEXT = 40_000
_BLOCKS_TEXT = 13_200
_PLAIN = ("plain_text",)
_PLAIN_OR_MRKDWN = ("plain_text", "mrkdwn")
_ID_LENGTH = 255
_MARKDOWN = 12_000
_ONE_PER_MESSAGE = ("table", "data_table")
_OPTION_COUNTS = {"overflow": 5, "radio_buttons": 10, "checkboxes": 10}
_SELECTS = ("static_select", "multi_static_select")
_MESSAGE_ONLY = {"markdown", "table"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_USER = re.compile(r"[UW][A-Z0-9]+")
_WEB_ADDRESS = re.compile(r"https?://[^\s]+")


@dataclass(slots=True)
class _Validator:
    """Collects the problems of one message or view; the methods of blocks are named after the block's type."""

    problems: list[str] = field(default_factory=list)

    def report(self, pointer: str, problem: str) -> None:
        self.problems.append(f"[ERROR] {problem} [json-pointer:{pointer}]")

    def length(self, value: object, pointer: str, longest: int, shortest: int = 1) -> None:
        if not isinstance(value, str):
            self.report(pointer, "must be a string")
        elif _width(value) < shortest:
            self.report(pointer, f"must be more than {shortest - 1} characters")
        elif _width(value) > longest:
            self.report(pointer, f"must be less than {longest + 1} characters")

    def fields(self, owner: JsonObject, pointer: str, names: set[str]) -> None:
        for name in sorted(set(owner) - names):
            self.report(f"{pointer}/{name}", "no such field")

    def optional(self, owner: JsonObject, pointer: str, **longest: int) -> None:
        for key, limit in longest.items():
            if owner.get(key) is not None:
                self.length(owner[key], f"{pointer}/{key}", limit, shortest=0)

    def text(self, value: object, pointer: str, longest: int, kinds: tuple[str, ...] = _PLAIN) -> None:
        text_object = json_object.as_object(value)
        if text_object.get("type") not in kinds:
            self.report(pointer, f"must be a text object of type {' or '.join(kinds)}")
            return
        self.fields(
            text_object, pointer, {"type", "text", "emoji" if text_object["type"] == "plain_text" else "verbatim"}
        )
        self.length(text_object.get("text"), f"{pointer}/text", longest)

    def array(self, value: object, pointer: str, most: int, fewest: int = 1) -> list[JsonObject]:
        if not isinstance(value, list) or any(not isinstance(item, dict) for item in value):
            self.report(pointer, "must be an array of objects")
        elif len(value) > most:
            self.report(pointer, f"no more than {most} items allowed")
        elif len(value) < fewest:
            self.report(pointer, f"must have at least {fewest} items")
        return json_object.as_objects(value)

    def unique(self, owners: list[JsonObject], pointer: str, key: str) -> None:
        seen: set[object] = set()
        for owner in owners:
            name = owner.get(key)
            if name in (None, ""):
                continue
            if name in seen:
                self.report(pointer, f"`{key}` must be unique: {name}")
            seen.add(name)

    def confirm(self, value: object, pointer: str) -> None:
        dialog = json_object.as_object(value)
        self.text(dialog.get("title"), f"{pointer}/title", 100)
        self.text(dialog.get("text"), f"{pointer}/text", 300, _PLAIN_OR_MRKDWN)
        for key in ("confirm", "deny"):
            self.text(dialog.get(key), f"{pointer}/{key}", 30)

    def options(self, element: JsonObject, pointer: str, most: int) -> None:
        groups = json_object.children(element, "option_groups")
        options: list[JsonObject] = []
        if groups:
            self.array(groups, f"{pointer}/option_groups", 100)
            for index, group in enumerate(groups):
                self.text(group.get("label"), f"{pointer}/option_groups/{index}/label", 75)
                options += self.array(group.get("options"), f"{pointer}/option_groups/{index}/options", most)
        else:
            options = self.array(element.get("options"), f"{pointer}/options", most)
        kinds = _PLAIN_OR_MRKDWN if element.get("type") in ("radio_buttons", "checkboxes") else _PLAIN
        for index, option in enumerate(options):
            place = f"{pointer}/options/{index}"
            self.text(option.get("text"), f"{place}/text", 75, kinds)
            self.length(option.get("value"), f"{place}/value", 150)
            if option.get("description") is not None:
                self.text(option["description"], f"{place}/description", 75, kinds)
        self.unique(options, pointer, "value")
        values = [option.get("value") for option in options]
        if element.get("initial_options") == []:
            self.report(f"{pointer}/initial_options", "must have at least 1 item")
        initial_option = json_object.child(element, "initial_option")
        for initial in [initial_option] * bool(initial_option) + json_object.children(element, "initial_options"):
            if initial.get("value") not in values:
                self.report(f"{pointer}/initial_option", "must be one of the options")

    def button(self, element: JsonObject, pointer: str) -> None:
        self.text(element.get("text"), f"{pointer}/text", 75)
        self.optional(element, pointer, url=3000, accessibility_label=75)
        if element.get("value") is not None:
            self.length(element["value"], f"{pointer}/value", 2000)
        if not _WEB_ADDRESS.fullmatch(json_object.string(element, "url", "https://example")):
            self.report(f"{pointer}/url", "must be a web address")
        if element.get("style") not in (None, "primary", "danger"):
            self.report(f"{pointer}/style", "must be primary or danger")

    def plain_input(self, element: JsonObject, pointer: str) -> None:
        longest = element.get("max_length", 3000)
        if not isinstance(longest, int) or not 1 <= longest <= 3000:  # noqa: PLR2004 - Slack's own bound
            self.report(f"{pointer}/max_length", "must be between 1 and 3000")
        else:
            self.optional(element, pointer, initial_value=longest)

    def element(self, element: JsonObject, pointer: str, allowed: set[str]) -> None:
        kind = json_object.string(element, "type")
        if kind not in allowed:
            self.report(f"{pointer}/type", f"unsupported element type: {kind}")
            return
        self.fields(element, pointer, block_kit.ELEMENTS[kind])
        if not _USER.fullmatch(json_object.string(element, "initial_user", "U0")):
            self.report(f"{pointer}/initial_user", "no such user")
        self.optional(element, pointer, action_id=_ID_LENGTH)
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
        elif kind == "datepicker" and not _DATE.fullmatch(json_object.string(element, "initial_date", "2026-01-01")):
            self.report(f"{pointer}/initial_date", "must be a date as YYYY-MM-DD")

    def section(self, block: JsonObject, pointer: str) -> None:
        if block.get("text") is None and not block.get("fields"):
            self.report(pointer, "must have text or fields")
        if block.get("text") is not None:
            self.text(block["text"], f"{pointer}/text", 3000, _PLAIN_OR_MRKDWN)
        if block.get("fields") is not None:
            for index, item in enumerate(self.array(block["fields"], f"{pointer}/fields", 10)):
                self.text(item, f"{pointer}/fields/{index}", 2000, _PLAIN_OR_MRKDWN)
        accessory = json_object.child(block, "accessory")
        if accessory.get("type") == "image":
            self.image(accessory, f"{pointer}/accessory")
        elif block.get("accessory") is not None:
            self.element(accessory, f"{pointer}/accessory", block_kit.IN_SECTION)

    def header(self, block: JsonObject, pointer: str) -> None:
        self.text(block.get("text"), f"{pointer}/text", 150)

    def context(self, block: JsonObject, pointer: str) -> None:
        for index, item in enumerate(self.array(block.get("elements"), f"{pointer}/elements", 10)):
            if item.get("type") == "image":
                self.image(item, f"{pointer}/elements/{index}")
            else:
                self.text(item, f"{pointer}/elements/{index}", 3000, _PLAIN_OR_MRKDWN)

    def actions(self, block: JsonObject, pointer: str) -> None:
        elements = self.array(block.get("elements"), f"{pointer}/elements", 25)
        for index, item in enumerate(elements):
            self.element(item, f"{pointer}/elements/{index}", block_kit.IN_ACTIONS)
        self.unique(elements, f"{pointer}/elements", "action_id")

    def input(self, block: JsonObject, pointer: str) -> None:
        self.text(block.get("label"), f"{pointer}/label", 2000)
        if block.get("hint") is not None:
            self.text(block["hint"], f"{pointer}/hint", 2000)
        self.element(json_object.child(block, "element"), f"{pointer}/element", block_kit.IN_INPUT)

    def image(self, block: JsonObject, pointer: str) -> None:
        self.length(block.get("alt_text"), f"{pointer}/alt_text", 2000)
        if block.get("slack_file") is None:
            self.length(block.get("image_url"), f"{pointer}/image_url", 3000)

    def table(self, block: JsonObject, pointer: str) -> None:
        rows = block.get("rows")
        if not isinstance(rows, list) or not rows:
            self.report(f"{pointer}/rows", "must have at least 1 row")
            return
        if len(rows) > 101:  # noqa: PLR2004 - a head and Slack's 100 rows
            self.report(f"{pointer}/rows", "no more than 100 rows allowed")
        for index, row in enumerate(rows):
            for number, cell in enumerate(self.array(row, f"{pointer}/rows/{index}", 20)):
                if cell.get("type") == "raw_text":
                    self.length(cell.get("text"), f"{pointer}/rows/{index}/{number}/text", 10_000)

    def data_table(self, block: JsonObject, pointer: str) -> None:
        self.length(block.get("caption"), f"{pointer}/caption", 2000)
        self.table(block, pointer)

    def data_visualization(self, block: JsonObject, pointer: str) -> None:
        self.length(block.get("title"), f"{pointer}/title", 50)
        self.array(json_object.child(block, "chart").get("series"), f"{pointer}/chart/series", 6)

    def markdown(self, block: JsonObject, pointer: str) -> None:
        self.length(block.get("text"), f"{pointer}/text", _MARKDOWN)

    def rich_text(self, block: JsonObject, pointer: str) -> None:
        self.array(block.get("elements"), f"{pointer}/elements", 100)

    def divider(self, block: JsonObject, pointer: str) -> None:
        """A divider has no fields of its own."""

    def block(self, block: JsonObject, pointer: str, surface: str) -> None:
        kind = json_object.string(block, "type")
        if kind not in block_kit.BLOCKS or (kind in _MESSAGE_ONLY and surface != "message"):
            self.report(f"{pointer}/type", f"unsupported block type: {kind}")
            return
        self.fields(block, pointer, {"type", "block_id", *block_kit.BLOCKS[kind]})
        self.optional(block, pointer, block_id=_ID_LENGTH)
        getattr(self, kind)(block, pointer)


def _width(text: str) -> int:
    """Count UTF-16 code units, as Slack does: many emoji are two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def problems(blocks: object, surface: str = "message") -> list[str]:
    """List the problems of the blocks of a message, a modal or an App Home."""
    validator = _Validator()
    if not isinstance(blocks, list) or any(not isinstance(block, dict) for block in blocks):
        return ["[ERROR] blocks must be an array of objects [json-pointer:/blocks]"]
    most = _MESSAGE_BLOCKS if surface == "message" else _VIEW_BLOCKS
    objects = validator.array(blocks, "/blocks", most, fewest=0)
    for index, block in enumerate(objects):
        validator.block(block, f"/blocks/{index}", surface)
    validator.unique(objects, "/blocks", "block_id")
    for kind in _ONE_PER_MESSAGE:
        if sum(block.get("type") == kind for block in objects) > 1:
            validator.report("/blocks", f"only one {kind} block allowed")
    return validator.problems


def view_problems(view: JsonObject) -> list[str]:
    """List the problems of a view."""
    validator = _Validator()
    surface = json_object.string(view, "type")
    if surface not in ("modal", "home"):
        return ["[ERROR] must be modal or home [json-pointer:/view/type]"]
    validator.fields(view, "/view", block_kit.VIEWS[surface])
    validator.optional(view, "/view", callback_id=_ID_LENGTH, external_id=_ID_LENGTH, private_metadata=3000)
    if surface == "modal":
        validator.array(view.get("blocks"), "/view/blocks", _VIEW_BLOCKS)
        validator.text(view.get("title"), "/view/title", 24)
        for key in ("submit", "close"):
            if view.get(key) is not None:
                validator.text(view[key], f"/view/{key}", 24)
        if view.get("submit") is None and any(b.get("type") == "input" for b in json_object.children(view, "blocks")):
            validator.report("/view/submit", "a view with input blocks must have a submit button")
    return validator.problems + problems(view.get("blocks"), surface)


def check_message(text: str, blocks: list[JsonObject]) -> None:
    """Raise WebApiError unless Slack accepts this content of a message."""
    message_problems = problems(blocks)
    if message_problems:
        errors.fail("invalid_blocks", details=tuple(message_problems))
    if not text and not blocks:
        errors.fail("no_text")
    if len(text) > _MESSAGE_TEXT:
        errors.fail("msg_too_long")
    if block_kit.text_length(blocks) > _BLOCKS_TEXT:
        errors.fail("msg_blocks_too_long")


def check_view(view: JsonObject) -> None:
    """Raise WebApiError unless Slack accepts this modal or App Home."""
    details = tuple(view_problems(view))
    if details:
        errors.fail("invalid_arguments", details=details)
