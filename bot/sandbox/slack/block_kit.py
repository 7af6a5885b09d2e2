"""Block Kit: the fields of each object, where it may be used, and what Slack adds to the blocks it stores.

From the reference at https://docs.slack.dev/reference/block-kit, without what FlakeGuard does not use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.sandbox import json_object
from bot.sandbox.json_object import JsonObject

_SELECT: Final = {"placeholder", "confirm", "focus_on_load"}
_CHOICE: Final = {"options", "confirm", "focus_on_load"}
_STATIC: Final = {*_SELECT, "options", "option_groups"}
_ANY: Final = {"type", "action_id"}
BLOCKS: Final[dict[str, set[str]]] = {
    "section": {"text", "fields", "accessory", "expand"},
    "header": {"text"},
    "context": {"elements"},
    "actions": {"elements"},
    "divider": set(),
    "input": {"label", "element", "hint", "optional", "dispatch_action"},
    "image": {"image_url", "slack_file", "alt_text", "title"},
    "rich_text": {"elements"},
    "table": {"rows", "column_settings"},
    "data_table": {"caption", "rows", "page_size", "row_header_column_index"},
    "data_visualization": {"title", "chart"},
    "markdown": {"text"},
}
ELEMENTS: Final[dict[str, set[str]]] = {
    "button": {*_ANY, "text", "url", "value", "style", "confirm", "accessibility_label"},
    "static_select": {*_ANY, *_STATIC, "initial_option"},
    "multi_static_select": {*_ANY, *_STATIC, "initial_options", "max_selected_items"},
    "external_select": {*_ANY, *_SELECT, "initial_option", "min_query_length"},
    "users_select": {*_ANY, *_SELECT, "initial_user"},
    "multi_users_select": {*_ANY, *_SELECT, "initial_users", "max_selected_items"},
    "conversations_select": {
        *_ANY, *_SELECT, "initial_conversation", "default_to_current_conversation", "response_url_enabled", "filter",
    },
    "channels_select": {*_ANY, *_SELECT, "initial_channel", "response_url_enabled"},
    "overflow": {*_ANY, "options", "confirm"},
    "radio_buttons": {*_ANY, *_CHOICE, "initial_option"},
    "checkboxes": {*_ANY, *_CHOICE, "initial_options"},
    "datepicker": {*_ANY, *_SELECT, "initial_date"},
    "plain_text_input": {
        *_ANY, "initial_value", "multiline", "min_length", "max_length", "dispatch_action_config", "focus_on_load",
        "placeholder",
    },
}  # fmt: skip
VIEWS: Final[dict[str, set[str]]] = {
    "home": {"type", "blocks", "private_metadata", "callback_id", "external_id"},
    "modal": {
        "type", "blocks", "private_metadata", "callback_id", "external_id", "title", "close", "submit",
        "clear_on_close", "notify_on_close", "submit_disabled",
    },
}  # fmt: skip
_TEXT_INPUTS: Final = {"plain_text_input"}
IN_ACTIONS: Final = set(ELEMENTS) - _TEXT_INPUTS - {"multi_static_select", "multi_users_select"}
IN_SECTION: Final = set(ELEMENTS) - _TEXT_INPUTS
IN_INPUT: Final = set(ELEMENTS) - {"button", "overflow"}


def elements(block: JsonObject) -> list[JsonObject]:
    """List the interactive elements of a block."""
    actions = json_object.children(block, "elements") if block.get("type") == "actions" else []
    return actions + [json_object.child(block, key) for key in ("accessory", "element") if block.get(key)]


def options(element: JsonObject) -> list[JsonObject]:
    """List the options of an element, with those of its option groups."""
    grouped = [
        option
        for group in json_object.children(element, "option_groups")
        for option in json_object.children(group, "options")
    ]
    return json_object.children(element, "options") + grouped


def text_length(blocks: Sequence[JsonObject]) -> int:
    """Count the characters of all texts of the blocks."""
    total = 0
    pending: list[object] = list(blocks)
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending += [value for key, value in item.items() if key != "text" or not isinstance(value, str)]
            total += len(json_object.string(item, "text"))
        elif isinstance(item, list):
            pending += item
    return total


def with_ids(blocks: Sequence[JsonObject], prefix: str) -> tuple[JsonObject, ...]:
    """Give every block a block_id and every element an action_id, as Slack does."""
    stored: list[JsonObject] = []
    for index, original in enumerate(blocks):
        block = {"block_id": f"{prefix}{index}"} | original if not original.get("block_id") else dict(original)
        if block.get("type") == "actions":
            block["elements"] = [
                {"action_id": f"{prefix}{index}.{number}"} | element
                for number, element in enumerate(json_object.children(block, "elements"))
            ]
        for key in ("accessory", "element"):
            if json_object.child(block, key).get("type") in ELEMENTS:
                block[key] = {"action_id": f"{prefix}{index}.{key}"} | json_object.child(block, key)
        stored.append(block)
    return tuple(stored)
