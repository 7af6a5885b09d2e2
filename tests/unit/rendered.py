"""Rendered messages as plain JSON, and hostile names for them."""

from __future__ import annotations

from hypothesis import strategies as st

from bot.slack.block_kit import Json, Message, View
from tests import blockkit_lint


def problems(rendered: Message | View) -> list[str]:
    if isinstance(rendered, View):
        return blockkit_lint.view_problems(rendered)
    return blockkit_lint.message_problems(rendered)


def plain(rendered: Message | View) -> Json:
    if isinstance(rendered, View):
        return rendered.payload()
    plain: dict[str, Json] = {"text": rendered.text, "blocks": list(rendered.blocks)}
    if rendered.metadata:
        plain["metadata"] = {
            "event_type": rendered.metadata.event_type,
            "event_payload": rendered.metadata.event_payload,
        }
    return plain


NAMES = st.one_of(
    st.text(alphabet=st.characters(codec=None), max_size=200),
    st.text(alphabet="`<>&|*_~:!@#\n\r\u202e\u2066\u200f\u05e9\u05dc\U0001f468\u200d\U0001f469\x00 ", max_size=200),
    st.sampled_from(["<!channel>" * 20, "`" * 200, "&" * 200, "\U0001f600" * 200, "<https://evil.example|x>", "\n> x"]),
)
