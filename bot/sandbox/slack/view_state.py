"""The values that a person has entered, as Slack reports them in `state.values`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from bot.sandbox import json_object
from bot.sandbox.json_object import JsonObject
from bot.sandbox.slack import block_kit

EnteredValues: TypeAlias = Mapping[str, str | Sequence[str]]
"""What was entered, by block_id or by `block_id/action_id`; an option goes by its value."""

_SINGLE_VALUES = {
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "datepicker": ("selected_date", "initial_date"),
    "plain_text_input": ("value", "initial_value"),
}
_SINGLE_OPTION = ("static_select", "radio_buttons", "overflow", "external_select")
_MULTIPLE_OPTIONS = ("checkboxes", "multi_static_select")


def element_value(element: JsonObject, entered: str | Sequence[str] | None) -> JsonObject:
    """Return an element's value; without an entered one it is the initial value."""
    kind = json_object.string(element, "type")
    first = entered if isinstance(entered, str) else (entered[0] if entered else "")
    if kind in _SINGLE_VALUES:
        key, initial = _SINGLE_VALUES[kind]
        return {"type": kind, key: element.get(initial) if entered is None else first or None}
    if kind in _SINGLE_OPTION:
        option = element.get("initial_option") if entered is None else _option(element, first)
        return {"type": kind, "selected_option": option}
    if kind in _MULTIPLE_OPTIONS:
        values = [entered] if isinstance(entered, str) else entered or []
        options: object = [_option(element, value) for value in values if value]
        return {"type": kind, "selected_options": element.get("initial_options", []) if entered is None else options}
    return {"type": kind, "value": element.get("value")}


def _option(element: JsonObject, value: str) -> JsonObject | None:
    option = next((option for option in block_kit.options(element) if option.get("value") == value), None)
    if option is None and value and element.get("type") == "external_select":
        return {"text": {"type": "plain_text", "text": value}, "value": value}
    return option


def values(blocks: Sequence[JsonObject], entered: EnteredValues) -> JsonObject:
    """Return the values by block_id, then by action_id; buttons and overflow menus have none."""
    by_block: JsonObject = {}
    for block in blocks:
        block_id = json_object.string(block, "block_id")
        by_action: JsonObject = {}
        for element in block_kit.elements(block):
            action_id = json_object.string(element, "action_id")
            if element.get("type") not in ("button", "overflow"):
                entry = entered.get(f"{block_id}/{action_id}", entered.get(block_id))
                by_action[action_id] = element_value(element, entry)
        if by_action:
            by_block[block_id] = by_action
    return by_block


def input_errors(blocks: Sequence[JsonObject], state_values: JsonObject) -> dict[str, str]:
    """List by block_id the inputs that Slack itself rejects: required ones that are empty, and texts too long."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block.get("type") != "input":
            continue
        block_id, element = json_object.string(block, "block_id"), json_object.child(block, "element")
        state = json_object.child(json_object.child(state_values, block_id), json_object.string(element, "action_id"))
        value = next((item for key, item in state.items() if key != "type"), None)
        longest = element.get("max_length", 3000)
        if not value and not json_object.boolean(block, "optional"):
            errors[block_id] = "Please complete this required field."
        elif isinstance(value, str) and isinstance(longest, int) and len(value) > longest:
            errors[block_id] = f"Must be {longest} characters or fewer."
    return errors
