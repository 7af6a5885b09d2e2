"""What each object of Block Kit may hold and where it may stand; Slack refuses what it does not know.

From the reference at https://docs.slack.dev/reference/block-kit, without what FlakeGuard has no use for.
"""

from __future__ import annotations

from typing import Final

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
_TYPED: Final = {"plain_text_input"}
IN_ACTIONS: Final = set(ELEMENTS) - _TYPED - {"multi_static_select", "multi_users_select"}
IN_SECTION: Final = set(ELEMENTS) - _TYPED
IN_INPUT: Final = set(ELEMENTS) - {"button", "overflow"}
