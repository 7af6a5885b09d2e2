"""What people do in the workspace, and what Slack tells the bot about it."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import replace
from urllib.parse import urlsplit

from bot.sandbox.slack import blocks as block_kit
from bot.sandbox.slack import inputs, model, payload, state
from bot.sandbox.slack.delivery import Delivery
from bot.sandbox.slack.inputs import Entered
from bot.sandbox.slack.model import Answer, Message, Sent, View
from bot.sandbox.slack.payload import JsonObject

_URL = re.compile(r"https?://[^\s<>|]+")
_TROUBLE = "We had some trouble connecting ({error}). Try again?"


class Slack(state.Workspace):
    """A workspace whose people click, type and submit; each act returns the bot's answer."""

    def __init__(
        self, settings: model.Settings | None = None, team: model.Team = model.TEAM, *, signing_secret: str = ""
    ) -> None:
        """`signing_secret` is the app's, where it is installed in several workspaces."""
        super().__init__(settings or model.Settings(), team)
        self.signing_secret = signing_secret or self.signing_secret
        self.delivery = Delivery(self.signing_secret, self.settings.answer_seconds)
        self.sent: list[Sent] = []
        self.visitors: dict[str, str] = {}

    def command(self, user: str, channel: str, line: str) -> Answer:
        """Type a slash command; its answer, when it has one, is shown as Slack would."""
        word, _, text = line.strip().partition(" ")
        place = self.channels[channel]
        fields: JsonObject = {
            "token": "sandbox",
            "team_id": self.team_id,
            "team_domain": "acme",
            "channel_id": channel,
            "channel_name": "directmessage" if place.user else place.name,
            "user_id": user,
            "user_name": self.users[user].name,
            "command": word,
            "text": text.strip(),
            "api_app_id": "A0FLAKE",
            "is_enterprise_install": str(self.is_organisation).lower(),
            "response_url": self.new_response_url(user, channel),
            "trigger_id": self.new_trigger(user),
        }
        if self.enterprise_id:
            fields["enterprise_id"] = self.enterprise_id
        answer = self._record("slash_commands", fields, self.delivery.command(fields))
        if answer.error:
            self._slackbot(user, channel, f'{word} failed with the error "{answer.error}"')
        elif answer.body.strip():
            said = answer.json() or {"text": answer.body}
            only_for = None if said.get("response_type") == "in_channel" else user
            text, found = payload.string(said, "text"), payload.children(said, "blocks")
            self._show(user, channel, text, found, only_for)
        return answer

    def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: str | None = None,
        selected: str | list[str] | None = None,
        values: Entered | None = None,
    ) -> Answer:
        """Use an element of a message: a button, or the option `selected` of a menu."""
        message = self._seen(user, channel, ts)
        action = self._action(list(message.blocks), action_id, block_id, value, selected)
        body = (
            self._interaction("block_actions", user)
            | self._message_place(message)
            | {
                "state": {"values": inputs.state(message.blocks, values or {})},
                "response_url": self.new_response_url(user, channel, ts, message.thread_ts),
                "actions": [action],
            }
        )
        answer = self._record("block_actions", body, self.delivery.interaction(body))
        if answer.error:
            self._slackbot(user, channel, f"This did not work: {answer.error}", message.thread_ts)
        return answer

    def click_in_view(
        self,
        user: str,
        view_id: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: str | None = None,
        selected: str | list[str] | None = None,
        values: Entered | None = None,
    ) -> Answer:
        """Use an element of a modal or of the App Home."""
        view = self._view(user, view_id)
        action = self._action(view.blocks, action_id, block_id, value, selected)
        held = inputs.state(view.blocks, values or view.values)
        body = self._interaction("block_actions", user) | {
            "container": {"type": "view", "view_id": view.id},
            "view": view.as_json(held),
            "actions": [action],
        }
        answer = self._record("block_actions", body, self.delivery.interaction(body))
        if answer.error:
            self.amend_view(replace(view, notice=_TROUBLE.format(error=answer.error)))
        return answer

    def submit(self, user: str, view_id: str, values: Entered | None = None) -> Answer:
        """Submit a modal; `values` go by block_id (or `block_id/action_id`), options by their value."""
        view = self._view(user, view_id)
        entered = {key: item if isinstance(item, str) else list(item) for key, item in (values or {}).items()}
        held = inputs.state(view.blocks, entered)
        view = replace(view, values=entered, errors={}, notice="")
        errors = inputs.missing(view.blocks, held)
        if errors:
            self.amend_view(replace(view, errors=errors))
            return Answer(0, error="incomplete_form")
        self.amend_view(view)
        body = self._interaction("view_submission", user) | {"view": view.as_json(held), "response_urls": []}
        answer = self._record("view_submission", body, self.delivery.interaction(body))
        if answer.error:
            self.amend_view(replace(view, notice=_TROUBLE.format(error=answer.error)))
        else:
            self._obey(view, answer.json())
        return answer

    def close(self, user: str, view_id: str) -> Answer:
        """Close the modal on top; the bot is told when the view asked for it."""
        view = self._view(user, view_id)
        self.close_modal(user)
        if not payload.truth(view.source, "notify_on_close"):
            return Answer(200)
        body = self._interaction("view_closed", user) | {"view": view.as_json(), "is_cleared": False}
        return self._record("view_closed", body, self.delivery.interaction(body))

    def suggestions(self, user: str, view_id: str, action_id: str, typed: str) -> list[JsonObject]:
        """Ask the bot for the options of an external_select of a view."""
        view = self._view(user, view_id)
        where: JsonObject = {"container": {"type": "view", "view_id": view.id}, "view": view.as_json()}
        return self._suggested(user, view.blocks, where, action_id, typed)

    def suggestions_of(self, user: str, channel: str, ts: str, action_id: str, typed: str) -> list[JsonObject]:
        """Ask the bot for the options of an external_select of a message."""
        message = self._seen(user, channel, ts)
        where = self._message_place(message)
        return self._suggested(user, list(message.blocks), where, action_id, typed)

    def shortcut(self, user: str, callback_id: str) -> Answer:
        """Use a global shortcut of the app."""
        body = self._interaction("shortcut", user) | {"callback_id": callback_id}
        return self._record("shortcut", body, self.delivery.interaction(body))

    def message_shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> Answer:
        """Use a shortcut of the app on a message."""
        message = self._seen(user, channel, ts)
        body = (
            self._interaction("message_action", user)
            | self._message_place(message)
            | {
                "callback_id": callback_id,
                "message_ts": ts,
                "response_url": self.new_response_url(user, channel, ts, message.thread_ts),
            }
        )
        answer = self._record("message_action", body, self.delivery.interaction(body))
        if answer.error:
            self._slackbot(user, channel, f"This did not work: {answer.error}", message.thread_ts)
        return answer

    def open_home(self, user: str) -> Answer:
        """Open the App Home."""
        event: JsonObject = {
            "type": "app_home_opened",
            "user": user,
            "channel": self.direct_channel(user).id,
            "tab": "home",
            "event_ts": f"{time.time():.6f}",
        }
        home = self.home(user)
        if home is not None:
            event["view"] = home.as_json()
        return self._event(event)

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Answer:
        """Write a message; the bot hears of it only when it is mentioned."""
        message = self.post(channel, text, [], user=user, thread_ts=thread_ts)
        place: JsonObject = {
            "channel": channel,
            "message_ts": message.ts,
            "source": "conversations_history",
            "unfurl_id": f"{channel}.{message.ts}",
        }
        self._share_links(user, text, place | ({"thread_ts": message.thread_ts} if message.thread_ts else {}))
        if f"<@{model.BOT_USER_ID}>" not in text:
            return Answer(200)
        event: JsonObject = {
            "type": "app_mention",
            "user": user,
            "text": text,
            "ts": message.ts,
            "channel": channel,
            "event_ts": message.ts,
        }
        return self._event(event | ({"thread_ts": thread_ts} if thread_ts else {}))

    def draft(self, user: str, text: str) -> str:
        """Write a message without sending it; what is shown under its links stands in `drafts` by the name returned."""
        name = f"U{secrets.token_hex(5)}"
        self.drafts[name] = {}
        place: JsonObject = {"channel": "COMPOSER", "message_ts": name, "source": "composer", "unfurl_id": name}
        self._share_links(user, text, place)
        return name

    def _share_links(self, user: str, text: str, place: JsonObject) -> None:
        """Tell the bot of the links to its own domain that a message holds."""
        links: list[JsonObject] = [
            {"url": url, "domain": urlsplit(url).netloc}
            for url in _URL.findall(text)
            if urlsplit(url).netloc in self.settings.unfurl_domains
        ]
        if links:
            event: JsonObject = {"type": "link_shared", "user": user, "is_bot_user_member": True, "links": links}
            self._event(event | place | {"event_ts": f"{time.time():.6f}"})

    def happen(self, kind: str, **fields: object) -> Answer:
        """Let something happen that nobody in the workspace does by a click, such as the end of an installation."""
        return self._event({"type": kind, "event_ts": f"{time.time():.6f}", **fields})

    def redeliver(self, sent: Sent, retry: int = 1) -> Answer:
        """Send an event once more, as Slack does when it believes that the first one was lost."""
        return self._record(sent.kind, sent.payload, self.delivery.event(sent.payload, retry))

    def _seen(self, user: str, channel: str, ts: str) -> Message:
        message = self.message(channel, ts)
        if message is None or message.only_for not in (None, user):
            problem = f"{self.users[user].name} sees no message {ts} in {channel}"
            raise LookupError(problem)
        return message

    def _message_place(self, message: Message) -> JsonObject:
        """Say in a payload which message somebody acts on; what only they see, Slack keeps nothing of to show."""
        container: JsonObject = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel,
            "is_ephemeral": message.only_for is not None,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        place = self.channels[message.channel]
        name = "directmessage" if place.user else place.name
        shown: JsonObject = {} if message.only_for is not None else {"message": message.as_json()}
        return {"container": container, "channel": {"id": place.id, "name": name}} | shown

    def _suggested(
        self, user: str, found: list[JsonObject], where: JsonObject, action_id: str, typed: str
    ) -> list[JsonObject]:
        block = next(
            (
                block
                for block in found
                if any(element.get("action_id") == action_id for element in block_kit.elements(block))
            ),
            {},
        )
        body = (
            self._interaction("block_suggestion", user)
            | where
            | {"action_id": action_id, "block_id": block.get("block_id", ""), "value": typed}
        )
        answer = self._record("block_suggestion", body, self.delivery.interaction(body))
        return payload.children(answer.json(), "options")

    def _obey(self, view: View, said: JsonObject) -> None:
        action = payload.string(said, "response_action")
        top = self.open_view(view.user)
        if action == "errors":
            errors = {key: str(text) for key, text in payload.child(said, "errors").items()}
            self.amend_view(replace(view, errors=errors))
            return
        try:
            if action == "update":
                self.update_modal(payload.child(said, "view"), view_id=view.id)
            elif action == "push":
                self.push_modal(view.user, payload.child(said, "view"))
            elif action == "clear":
                self.close_modal(view.user, whole_stack=True)
            elif top is not None and top.id == view.id:
                self.close_modal(view.user)
        except model.RefusalError as refusal:
            problems = "; ".join(refusal.details) or refusal.code
            self.amend_view(replace(view, notice=_TROUBLE.format(error=problems)))

    def _event(self, event: JsonObject) -> Answer:
        body: JsonObject = {
            "token": "sandbox",
            "team_id": self.team_id,
            "api_app_id": "A0FLAKE",
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev0{secrets.token_hex(5).upper()}",
            "event_time": int(time.time()),
            **({"enterprise_id": self.enterprise_id} if self.enterprise_id else {}),
            "authorizations": [
                {
                    "enterprise_id": self.enterprise_id or None,
                    "team_id": self.team_id,
                    "user_id": model.BOT_USER_ID,
                    "is_bot": True,
                    "is_enterprise_install": self.is_organisation,
                }
            ],
            "is_ext_shared_channel": False,
        }
        return self._record("events_api", body, self.delivery.event(body))

    def _interaction(self, kind: str, user: str) -> JsonObject:
        person = self.users[user]
        return {
            "type": kind,
            "user": {
                "id": user,
                "username": person.name,
                "name": person.name,
                "team_id": self.visitors.get(user, self.team_id),
            },
            "api_app_id": "A0FLAKE",
            "token": "sandbox",
            "team": {"id": self.team_id, "domain": "acme"},
            "enterprise": {"id": self.enterprise_id, "name": self.name} if self.enterprise_id else None,
            "is_enterprise_install": self.is_organisation,
            "trigger_id": self.new_trigger(user),
        }

    def _action(
        self,
        found: list[JsonObject],
        action_id: str,
        block_id: str | None,
        value: str | None,
        selected: str | list[str] | None,
    ) -> JsonObject:
        for block in found:
            for element in block_kit.elements(block):
                if element.get("action_id") != action_id or block_id not in (None, block.get("block_id")):
                    continue
                if value is not None and element.get("value") != value:
                    continue
                action: JsonObject = {
                    "action_id": action_id,
                    "block_id": block.get("block_id"),
                    "action_ts": f"{time.time():.6f}",
                }
                if element.get("type") != "button":
                    return action | inputs.value_of(element, selected)
                shown = {key: element[key] for key in ("text", "value", "style", "url") if key in element}
                return action | {"type": "button"} | shown
        problem = f"no element {action_id} here; there are: " + ", ".join(
            payload.string(element, "action_id") for block in found for element in block_kit.elements(block)
        )
        raise LookupError(problem)

    def _view(self, user: str, view_id: str) -> View:
        for view in (self.open_view(user), self.home(user)):
            if view is not None and view.id == view_id:
                return view
        problem = f"{self.users[user].name} has no view {view_id} open"
        raise LookupError(problem)

    def _show(self, user: str, channel: str, text: str, found: list[JsonObject], only_for: str | None) -> None:
        try:
            self.post(channel, text, found, only_for=only_for)
        except model.RefusalError as refusal:
            self._slackbot(user, channel, f"The answer could not be shown: {refusal.code} {' '.join(refusal.details)}")

    def _slackbot(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Message:
        return self.post(channel, text, [], user=model.SLACKBOT_ID, only_for=user, thread_ts=thread_ts)

    def _record(self, kind: str, body: JsonObject, answer: Answer) -> Answer:
        self.sent.append(Sent(kind, body, answer))
        return answer
