"""What a person has entered: the state that Slack reports for the elements of a message or a view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from bot.sandbox.slack import blocks, payload
from bot.sandbox.slack.payload import JsonObject

Entered: TypeAlias = Mapping[str, str | Sequence[str]]

_SIMPLE = {
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "datepicker": ("selected_date", "initial_date"),
    "plain_text_input": ("value", "initial_value"),
}
_ONE_OF = ("static_select", "radio_buttons", "overflow", "external_select")
_SEVERAL_OF = ("checkboxes", "multi_static_select")


def field(block_id: str, action_id: str) -> str:
    """Return the name under which an element's value is entered."""
    return f"{block_id}/{action_id}"


def options(element: JsonObject) -> list[JsonObject]:
    """List the options of an element, those of its groups included."""
    grouped = [
        option for group in payload.children(element, "option_groups") for option in payload.children(group, "options")
    ]
    return payload.children(element, "options") + grouped


def value_of(element: JsonObject, entered: str | Sequence[str] | None) -> JsonObject:
    """Return an element's value as Slack reports it; None keeps the initial value."""
    kind = payload.string(element, "type")
    one = entered if isinstance(entered, str) else (entered[0] if entered else "")
    if kind in _SIMPLE:
        key, initial = _SIMPLE[kind]
        return {"type": kind, key: element.get(initial) if entered is None else one or None}
    if kind in _ONE_OF:
        chosen = element.get("initial_option") if entered is None else _option(element, one)
        return {"type": kind, "selected_option": chosen}
    if kind in _SEVERAL_OF:
        several = [entered] if isinstance(entered, str) else entered or []
        kept: object = [_option(element, value) for value in several if value]
        return {"type": kind, "selected_options": element.get("initial_options", []) if entered is None else kept}
    return {"type": kind, "value": element.get("value")}


def _option(element: JsonObject, value: str) -> JsonObject | None:
    found = next((option for option in options(element) if option.get("value") == value), None)
    if found is None and value and element.get("type") == "external_select":
        return {"text": {"type": "plain_text", "text": value}, "value": value}
    return found


def state(found: Sequence[JsonObject], entered: Entered) -> JsonObject:
    """Return `state.values` of blocks: by block_id, then by action_id; buttons have no state."""
    values: JsonObject = {}
    for block in found:
        block_id = payload.string(block, "block_id")
        held: JsonObject = {}
        for element in blocks.elements(block):
            action_id = payload.string(element, "action_id")
            if element.get("type") in ("button", "overflow"):
                continue
            given = entered.get(field(block_id, action_id), entered.get(block_id))
            held[action_id] = value_of(element, given)
        if held:
            values[block_id] = held
    return values


def missing(found: Sequence[JsonObject], values: JsonObject) -> dict[str, str]:
    """Say which required inputs are empty or too long, by block_id, as Slack does before it sends anything."""
    errors: dict[str, str] = {}
    for block in found:
        if block.get("type") != "input":
            continue
        block_id, element = payload.string(block, "block_id"), payload.child(block, "element")
        held = payload.child(payload.child(values, block_id), payload.string(element, "action_id"))
        value = next((item for key, item in held.items() if key != "type"), None)
        longest = element.get("max_length", 3000)
        if not value and not payload.truth(block, "optional"):
            errors[block_id] = "Please complete this required field."
        elif isinstance(value, str) and isinstance(longest, int) and len(value) > longest:
            errors[block_id] = f"Must be {longest} characters or fewer."
    return errors
