"""Block Kit as small typed constructors; their untrusted parts have been through `bot.slack.mrkdwn`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.slack import mrkdwn
from bot.slack.mrkdwn import MAX_TEXT

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Block: TypeAlias = Mapping[str, Json]
Element: TypeAlias = Mapping[str, Json]
Style: TypeAlias = Literal["primary", "danger"]

MAX_FIELD = 2000
MAX_FIELDS = 10
MAX_HEADER = 150
MAX_BUTTON_LABEL = 75
MAX_OPTION = 75
MAX_OVERFLOW = 5
MAX_OPTIONS = 100
MAX_HINT = 2000
MAX_VIEW_TITLE = 24
MAX_CONFIRM_TITLE = 100
MAX_CONFIRM_TEXT = 300
MAX_CONFIRM_LABEL = 30


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a message carries for our own eyes, so that an orphaned one can be found again."""

    event_type: str
    event_payload: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted: `text` is the whole sentence that screen readers and notifications read."""

    text: str
    blocks: tuple[Block, ...]
    metadata: Metadata | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A modal, or the App Home, which has neither title nor buttons."""

    type: Literal["modal", "home"]
    blocks: tuple[Block, ...]
    title: str = ""
    callback_id: str = ""
    submit: str | None = None
    close: str | None = None
    private_metadata: str = ""

    def payload(self) -> dict[str, Json]:
        """Return the view as Slack's API takes it."""
        payload: dict[str, Json] = {"type": self.type, "blocks": list(self.blocks)}
        if self.callback_id:
            payload["callback_id"] = self.callback_id
        if self.private_metadata:
            payload["private_metadata"] = self.private_metadata
        for key, text in (("title", self.title or None), ("submit", self.submit), ("close", self.close)):
            if text is not None:
                payload[key] = plain(text, MAX_VIEW_TITLE)
        return payload


def message(marked: str, *blocks: Block, text: str | None = None) -> Message:
    """Return a message that begins with a paragraph of mrkdwn, and reads as that unless a `text` is given."""
    return Message(mrkdwn.spoken(marked) if text is None else text, (section(marked), *blocks))


def plain(text: str, limit: int = MAX_TEXT) -> Element:
    """Return a plain_text object: shown as it is, one line."""
    return {"type": "plain_text", "text": mrkdwn.clip(mrkdwn.line(text), limit) or "?", "emoji": False}


def marked_text(text: str, limit: int = MAX_TEXT) -> Element:
    """Return a mrkdwn object; its untrusted parts have been through `escape` or `code`; lines too many are left out."""
    return {"type": "mrkdwn", "text": mrkdwn.whole_lines(text, limit) or "-"}


def section(text: str, *, block_id: str | None = None, accessory: Element | None = None) -> Block:
    """Return a paragraph, with a button beside it if wanted."""
    return _block("section", block_id, text=marked_text(text), accessory=accessory)


def fields(*pairs: tuple[str, str], block_id: str | None = None) -> Block:
    """Return names and values in two columns."""
    shown = [marked_text(f"*{name}*\n{value}", MAX_FIELD) for name, value in pairs[:MAX_FIELDS]]
    return _block("section", block_id, fields=shown)


def header(text: str) -> Block:
    """Return a headline."""
    return _block("header", None, text=plain(text, MAX_HEADER))


def divider() -> Block:
    """Return a thin line."""
    return _block("divider", None)


def context(*texts: str) -> Block:
    """Return small print."""
    return _block("context", None, elements=[marked_text(text) for text in texts])


def actions(*elements: Element, block_id: str | None = None) -> Block:
    """Return a row of buttons."""
    return _block("actions", block_id, elements=list(elements))


def button(
    label: str,
    action_id: str,
    value: str = "",
    *,
    says: str,
    style: Style | None = None,
    ask: Element | None = None,
    url: str | None = None,
) -> Element:
    """Return a button; `says` is what a screen reader speaks, `ask` the confirmation before it acts."""
    element: dict[str, Json] = {
        "type": "button",
        "action_id": action_id,
        "text": plain(label, MAX_BUTTON_LABEL),
        "accessibility_label": mrkdwn.clip(mrkdwn.line(says), MAX_BUTTON_LABEL) or label,
    }
    if value:
        element["value"] = value
    if style is not None:
        element["style"] = style
    if ask is not None:
        element["confirm"] = ask
    if url is not None:
        element["url"] = url
    return element


def confirm(title: str, text: str, *, yes: str, no: str = "Cancel") -> Element:
    """Return the question a button asks before it acts."""
    return {
        "title": plain(title, MAX_CONFIRM_TITLE),
        "text": plain(text, MAX_CONFIRM_TEXT),
        "confirm": plain(yes, MAX_CONFIRM_LABEL),
        "deny": plain(no, MAX_CONFIRM_LABEL),
    }


def input_block(block_id: str, label: str, element: Element, *, optional: bool = False, hint: str = "") -> Block:
    """Return one labelled input of a modal."""
    return _block(
        "input",
        block_id,
        label=plain(label, MAX_HINT),
        element=element,
        optional=optional,
        hint=plain(hint, MAX_HINT) if hint else None,
    )


def modal(callback_id: str, title: str, submit: str, *blocks: Block, metadata: str = "") -> View:
    """Return a form that can be submitted or cancelled."""
    return View(
        type="modal",
        blocks=blocks,
        title=title,
        callback_id=callback_id,
        submit=submit,
        close="Cancel",
        private_metadata=metadata,
    )


def static_select(action_id: str, options: Iterable[tuple[str, str]], *, initial: str | None = None) -> Element:
    """Return a menu of (value, label)."""
    return _choice("static_select", action_id, options, initial)


def radio_buttons(action_id: str, options: Iterable[tuple[str, str]], *, initial: str | None = None) -> Element:
    """Return radio buttons of (value, label)."""
    return _choice("radio_buttons", action_id, options, initial)


def checkboxes(action_id: str, options: Iterable[tuple[str, str]], *, ticked: Collection[str] = ()) -> Element:
    """Return boxes of (value, label), those in `ticked` being ticked."""
    rendered = [option(value, name) for value, name in options]
    element: dict[str, Json] = {"type": "checkboxes", "action_id": action_id, "options": rendered}
    if initial := [box for box in rendered if box["value"] in ticked]:
        element["initial_options"] = initial
    return element


def users_select(action_id: str, placeholder: str, *, initial: str | None = None) -> Element:
    """Return a menu of the people of the workspace."""
    element: dict[str, Json] = {
        "type": "users_select",
        "action_id": action_id,
        "placeholder": plain(placeholder, MAX_HEADER),
    }
    if initial is not None:
        element["initial_user"] = initial
    return element


def external_select(action_id: str, placeholder: str, *, at_least: int = 0) -> Element:
    """Return a menu whose options are asked for while the person types, after `at_least` characters."""
    return {
        "type": "external_select",
        "action_id": action_id,
        "placeholder": plain(placeholder, MAX_HEADER),
        "min_query_length": at_least,
    }


def overflow(action_id: str, options: Iterable[tuple[str, str]]) -> Element:
    """Return a small menu of 1 to 5 (value, label) behind three dots."""
    return _choice("overflow", action_id, list(options)[:MAX_OVERFLOW], None)


def option(value: str, name: str) -> Element:
    """Return one option of a menu, as a suggestion answers it."""
    return {"text": plain(name, MAX_OPTION), "value": value}


def plain_text_input(
    action_id: str, *, max_length: int, placeholder: str = "", multiline: bool = True, initial: str = ""
) -> Element:
    """Return a field for text: a few lines, or one."""
    element: dict[str, Json] = {
        "type": "plain_text_input",
        "action_id": action_id,
        "multiline": multiline,
        "max_length": max_length,
    }
    if initial:
        element["initial_value"] = mrkdwn.clip(mrkdwn.clean(initial), max_length)
    if placeholder:
        element["placeholder"] = plain(placeholder, MAX_HEADER)
    return element


def _choice(kind: str, action_id: str, options: Iterable[tuple[str, str]], initial: str | None) -> Element:
    rendered: dict[str, Element] = {value: option(value, name) for value, name in options}
    element: dict[str, Json] = {"type": kind, "action_id": action_id, "options": list(rendered.values())}
    if initial is not None:
        element["initial_option"] = rendered[initial]
    return element


def _block(kind: str, block_id: str | None, **parts: Json) -> Block:
    block: dict[str, Json] = {"type": kind}
    if block_id is not None:
        block["block_id"] = block_id
    block.update({name: part for name, part in parts.items() if part is not None})
    return block
