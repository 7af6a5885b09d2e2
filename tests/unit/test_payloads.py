"""Slack's payloads, as its documentation shows them, and the values of our buttons on their way through Slack."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bot.analysis.model import Actor, ActorKind, CaseId, RepositoryId
from bot.errors import InvalidInputError
from bot.slack import ids
from bot.slack.event_payloads import AppHomeOpened, AppMention, LifecycleEvent, LinkShared
from bot.slack.form_metadata import CaseMetadata, ChannelMetadata, ChoiceMetadata
from bot.slack.ids import CaseAction, CaseChoice, InRepository, PickList
from bot.slack.payloads import (
    BlockAction,
    BlockSuggestion,
    MessageShortcut,
    Request,
    Shortcut,
    SlashCommand,
    ViewSubmission,
)

COMMAND = {
    "token": "gIkuvaNzQIHg97ATvDxqgjtO",
    "team_id": "T0001",
    "team_domain": "example",
    "enterprise_id": "E0001",
    "enterprise_name": "Globular Construct Inc",
    "channel_id": "C2147483705",
    "channel_name": "test",
    "user_id": "U2147483697",
    "user_name": "Steve",
    "command": "/weather",
    "text": "94070",
    "response_url": "https://hooks.slack.com/commands/1234/5678",
    "trigger_id": "13345224609.738474920.8088930838d88f008e0",
    "api_app_id": "A123456",
}
ACTION = {
    "type": "block_actions",
    "team": {"id": "T9TK3CUKW", "domain": "example"},
    "user": {"id": "UA8RXUSPL", "username": "jtorrance", "team_id": "T9TK3CUKW"},
    "api_app_id": "AABA1ABCD",
    "token": "9s8d9as89d8as9d8as989",
    "container": {
        "type": "message_attachment",
        "message_ts": "1548261231.000200",
        "attachment_id": 1,
        "channel_id": "CBR2V3XEX",
        "is_ephemeral": False,
        "is_app_unfurl": False,
    },
    "trigger_id": "12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3",
    "channel": {"id": "CBR2V3XEX", "name": "review-updates"},
    "message": {
        "bot_id": "BAH5CA16Z",
        "type": "message",
        "text": "This content can't be displayed.",
        "user": "UAJ2RU415",
        "ts": "1548261231.000200",
        "blocks": [{"type": "actions", "block_id": "fc_42:act", "elements": []}],
    },
    "response_url": "https://hooks.slack.com/actions/AABA1ABCD/1232321423432/D09sSasdasdAS9091209",
    "actions": [
        {
            "action_id": "WaXA",
            "block_id": "fc_42:act",
            "text": {"type": "plain_text", "text": "View", "emoji": True},
            "value": "click_me_123",
            "type": "button",
            "action_ts": "1548426417.840180",
        }
    ],
}
SUBMISSION = {
    "type": "view_submission",
    "team": {"id": "T9TK3CUKW", "domain": "example"},
    "user": {"id": "UA8RXUSPL", "name": "jtorrance", "team_id": "T9TK3CUKW"},
    "view": {
        "id": "VNHU13V36",
        "type": "modal",
        "title": {"type": "plain_text", "text": "Modal"},
        "private_metadata": "shhh-its-secret",
        "callback_id": "modal-with-inputs",
        "state": {"values": {"multiline": {"mlvalue": {"type": "plain_text_input", "value": "This is my example"}}}},
        "hash": "156663117.cd33ad1f",
        "response_urls": [],
    },
    "trigger_id": "1.2.3",
}
SHORTCUT = {
    "type": "shortcut",
    "token": "XXXXXXXXXXXXX",
    "action_ts": "1581106241.371594",
    "team": {"id": "TXXXXXXXX", "domain": "shortcuts-test"},
    "user": {"id": "UXXXXXXXXX", "username": "aman", "team_id": "TXXXXXXXX"},
    "callback_id": "shortcut_create_task",
    "trigger_id": "944799105734.773906753841.38b5894552bdd4a780554ee59d1f3638",
}
MESSAGE_SHORTCUT = {
    "type": "message_action",
    "token": "Nj2rfC2hU8mAfgaJLemZgO7H",
    "callback_id": "chirp_message",
    "trigger_id": "13345224609.8534564800.6f8ab1f53e13d0cd15f96106292d5536",
    "response_url": "https://hooks.slack.com/app-actions/T0MJR11A4/21974584944/yk1S9ndf35Q1flupVG5JbpM6",
    "team": {"id": "T0MJRM1A7", "domain": "pandamonium"},
    "channel": {"id": "D0LFFBKLZ", "name": "cats"},
    "user": {"id": "U0D15K92L", "name": "dr_maomao"},
    "message": {"type": "message", "user": "U0MJRG1AL", "ts": "1516229207.000133", "text": "Meow"},
}
SUGGESTION = {
    "type": "block_suggestion",
    "user": {"id": "UA8RXUSPL", "name": "jtorrance", "team_id": "T9TK3CUKW"},
    "container": {"type": "view", "view_id": "V01"},
    "api_app_id": "AABA1ABCD",
    "action_id": "fg_pick",
    "block_id": "case",
    "value": "test_t",
    "team": {"id": "T9TK3CUKW", "domain": "example"},
}
MENTION = {
    "token": "ZZZZZZWSxiZZZ2yIvs3peJ",
    "team_id": "T123ABC456",
    "api_app_id": "A123ABC456",
    "event": {
        "type": "app_mention",
        "user": "U123ABC456",
        "text": "What is the hour of the pearl, <@U0LAN0Z89>?",
        "ts": "1515449522.000016",
        "thread_ts": "1515449500.000010",
        "channel": "C123ABC456",
        "event_ts": "1515449522000016",
    },
    "type": "event_callback",
    "event_id": "Ev123ABC456",
    "event_time": 1515449522000016,
    "authed_users": ["U0LAN0Z89"],
}
HOME_OPENED = MENTION | {
    "event": {"type": "app_home_opened", "user": "U123ABC456", "channel": "D123ABC456", "tab": "messages"}
}
LINKS = MENTION | {
    "event": {
        "type": "link_shared",
        "channel": "COMPOSER",
        "is_bot_user_member": True,
        "user": "U123ABC456",
        "message_ts": "Uxxxxxxx-909b5454-75f8-4ac4-b325-1b40e230bbd8",
        "unfurl_id": "C123456.123456789.987501.1b90fa1278528ce6e2f6c5c2bfa1abc9",
        "source": "composer",
        "links": [{"domain": "example.com", "url": "https://example.com/12345"}],
    }
}
REVOKED = MENTION | {"event": {"type": "tokens_revoked", "tokens": {"oauth": ["UXXXXXXXX"], "bot": ["UXXXXXXXX"]}}}


@pytest.mark.parametrize(
    ("request_", "user", "team", "channel", "key"),
    [
        (SlashCommand.model_validate(COMMAND), "U2147483697", "T0001", "C2147483705", COMMAND["trigger_id"]),
        (BlockAction.model_validate(ACTION), "UA8RXUSPL", "T9TK3CUKW", "CBR2V3XEX", ACTION["trigger_id"]),
        (ViewSubmission.model_validate(SUBMISSION), "UA8RXUSPL", "T9TK3CUKW", "", "1.2.3"),
        (Shortcut.model_validate(SHORTCUT), "UXXXXXXXXX", "TXXXXXXXX", "", SHORTCUT["trigger_id"]),
        (
            MessageShortcut.model_validate(MESSAGE_SHORTCUT),
            "U0D15K92L",
            "",
            "D0LFFBKLZ",
            MESSAGE_SHORTCUT["trigger_id"],
        ),
        (BlockSuggestion.model_validate(SUGGESTION), "UA8RXUSPL", "T9TK3CUKW", "", ""),
        (AppMention.model_validate(MENTION), "U123ABC456", "", "C123ABC456", "Ev123ABC456"),
        (AppHomeOpened.model_validate(HOME_OPENED), "U123ABC456", "", "D123ABC456", "Ev123ABC456"),
        (LinkShared.model_validate(LINKS), "U123ABC456", "", "COMPOSER", "Ev123ABC456"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_payload_says_who_did_it_and_where(
    request_: Request, user: str, team: str, channel: str, key: str
) -> None:
    assert (request_.actor.id, request_.actor_team_id, request_.channel_id, request_.key) == (user, team, channel, key)


def test_what_only_one_kind_of_payload_says_is_read() -> None:
    action = BlockAction.model_validate(ACTION)
    assert (action.value, action.block_id, ids.case_of_card(action.block_id)) == ("click_me_123", "fc_42:act", 42)
    assert action.is_on_card_of(CaseId(42))
    assert ViewSubmission.model_validate(SUBMISSION).view.state.values["multiline"]
    assert "Meow" in MessageShortcut.model_validate(MESSAGE_SHORTCUT).message.everything
    assert BlockSuggestion.model_validate(SUGGESTION).value == "test_t"
    assert AppMention.model_validate(MENTION).thread_ts == "1515449500.000010"
    assert AppHomeOpened.model_validate(HOME_OPENED).event.tab == "messages"
    assert [link.url for link in LinkShared.model_validate(LINKS).event.links] == ["https://example.com/12345"]
    assert LifecycleEvent.model_validate(REVOKED).event.tokens.bot == ("UXXXXXXXX",)


def test_a_chosen_option_is_the_value() -> None:
    chosen = {"type": "overflow", "action_id": "fg_more", "block_id": "b", "selected_option": {"value": "mute:17"}}
    assert BlockAction.model_validate(ACTION | {"actions": [chosen]}).value == "mute:17"


def test_null_is_absent_and_what_cannot_be_stored_is_replaced() -> None:
    command = SlashCommand.model_validate(COMMAND | {"text": "a\x00b\ud800", "response_url": None})
    assert (command.text, command.response_url) == ("a\ufffdb\ufffd", "")
    assert command.actor == Actor(ActorKind.SLACK, "U2147483697", "Steve")


def test_a_payload_without_a_person_is_refused() -> None:
    with pytest.raises(ValidationError):
        BlockAction.model_validate({name: value for name, value in ACTION.items() if name != "user"})


@pytest.mark.parametrize(
    "value",
    [
        CaseChoice(CaseAction.MUTE, CaseId(17)),
        InRepository(4711, RepositoryId(17)),
        PickList(CaseAction.EXTEND, 14, "tests/api: total"),
        PickList(CaseAction.DETAILS),
        CaseMetadata(case_id=CaseId(1), variant="ci.yml linux", channel="C1"),
        ChannelMetadata("C1"),
        ChannelMetadata(),
        ChoiceMetadata(CaseAction.QUARANTINE),
    ],
    ids=repr,
)
def test_a_value_survives_the_way_through_slack(
    value: CaseChoice | InRepository | PickList | CaseMetadata | ChannelMetadata | ChoiceMetadata,
) -> None:
    assert type(value).decode(value.encode()) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (CaseChoice, "dance:17"),
        (CaseChoice, "mute"),
        (InRepository, "17"),
        (InRepository, "x:17"),
        (PickList, "fc_17:act"),
        (PickList, "pick:dance:0:x"),
        (CaseMetadata, '{"case_id": true}'),
        (CaseMetadata, '{"case_id": 9223372036854775808}'),
        (CaseMetadata, '{"case_id": -1}'),
        (CaseMetadata, "[]"),
        (ChoiceMetadata, "{}"),
    ],
)
def test_a_value_that_is_not_ours_is_refused(
    kind: type[CaseChoice | InRepository | PickList | CaseMetadata | ChoiceMetadata], text: str
) -> None:
    with pytest.raises(InvalidInputError, match="older version"):
        kind.decode(text)


@pytest.mark.parametrize("value", ["", "x", "17:", "9" * 19, "\u0661\u0667x"])
def test_a_value_without_an_id_names_no_subject(value: str) -> None:
    with pytest.raises(InvalidInputError):
        ids.subject(value)
