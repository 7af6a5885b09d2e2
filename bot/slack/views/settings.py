"""The settings in one window, pure: what a person is told, the hours of a channel, and the policies."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.channel_schedule import Hours
from bot.slack import block_kit, ids
from bot.slack.block_kit import Block, Element, Json, Message, View
from bot.slack.ids import Callback, ChannelTarget, Field
from bot.slack.views import channel_form

TOLD = "told"
"""The value of the box that a person ticks to be told about their commits."""


def form(policies: Sequence[Message], *, told: bool, channel: str, hours: Hours) -> View:
    """Ask for what a person and a channel may choose, and show the policies in force.

    `told`: the person hears when the failures of their commit are not theirs. `channel` is empty where it was
    opened outside a channel; then no hours are asked for.
    """
    return View(
        type="modal",
        title="Settings",
        submit="Save",
        close="Cancel",
        callback_id=Callback.SETTINGS,
        private_metadata=ChannelTarget(channel).encode(),
        blocks=(
            block_kit.section("*You*"),
            _personal(told=told),
            block_kit.divider(),
            *_channel(channel, hours),
            *(block for message in policies for block in (block_kit.divider(), *message.blocks)),
        ),
    )


def _personal(*, told: bool) -> Block:
    text = "Tell me when every failure of my commit is known to be flaky or an outage"
    option: Element = {"text": block_kit.plain(text, block_kit.MAX_OPTION), "value": TOLD}
    boxes: dict[str, Json] = {"type": "checkboxes", "action_id": ids.ELEMENT, "options": [option]}
    if told:
        boxes["initial_options"] = [option]
    return block_kit.input_block(Field.TELL, "Direct messages", boxes, optional=True)


def _channel(channel: str, hours: Hours) -> tuple[Block, ...]:
    if not channel:
        return (
            block_kit.context("For the digest and the quiet hours of a channel, say `/flakeguard settings` in it."),
        )
    return (block_kit.section(f"*This channel*, <#{channel}>"), *channel_form.hours_inputs(hours))
