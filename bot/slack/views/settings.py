"""The settings in one modal: messages to a person, the hours of a channel, and the policies."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.channel_schedule import Hours
from bot.analysis.learning.learned_model import TrainingReport
from bot.slack import block_kit, ids
from bot.slack.block_kit import Block, Message, View
from bot.slack.form_metadata import ChannelMetadata
from bot.slack.ids import Callback, Field
from bot.slack.views import channel_form, phrase

NOTIFY = "notify"
"""The value of the box that a person ticks to get messages about their commits."""


def form(policies: Sequence[Message], *, notified: bool, channel: str, hours: Hours) -> View:
    """Ask for what a person and a channel may choose, and show the policies in force.

    `notified`: the person gets a message when the failures of their commit are not theirs. `channel` is empty where
    the form was opened outside a channel; then it asks for no hours.
    """
    return block_kit.modal(
        Callback.SETTINGS,
        "Settings",
        "Save",
        block_kit.section("*You*"),
        _personal(notified=notified),
        block_kit.divider(),
        *_channel(channel, hours),
        *(block for message in policies for block in (block_kit.divider(), *message.blocks)),
        metadata=ChannelMetadata(channel).encode(),
    )


def _personal(*, notified: bool) -> Block:
    text = "Tell me when every failure of my commit is known to be flaky or an outage"
    boxes = block_kit.checkboxes(ids.ELEMENT, [(NOTIFY, text)], ticked=[NOTIFY] if notified else [])
    return block_kit.input_block(Field.TELL, "Direct messages", boxes, optional=True)


def _channel(channel: str, hours: Hours) -> tuple[Block, ...]:
    if not channel:
        return (
            block_kit.context("For the digest and the quiet hours of a channel, say `/flakeguard settings` in it."),
        )
    return (block_kit.section(f"*This channel*, <#{channel}>"), *channel_form.hours_inputs(hours))


def learned(report: TrainingReport) -> str:
    """Say whether a model orders what to fix first, why or why not, and how often each was right."""
    verdicts = phrase.count(report.labels, "verdict")
    people = phrase.count(report.actors, "person", "people")
    by = f"A model of {verdicts} by {people}" if report.is_used else "The judging alone"
    return f"{by} orders what to fix first. {report.reason}{_precisions(report)}"


def _precisions(report: TrainingReport) -> str:
    if report.held_back == 0:
        return ""
    model, judging = (_share(one) for one in (report.model_precision, report.filter_precision))
    return f" Of what it called flaky then {model} was; of what the judging called so, {judging}."


def _share(precision: float | None) -> str:
    return "nothing" if precision is None else phrase.percent(precision)
