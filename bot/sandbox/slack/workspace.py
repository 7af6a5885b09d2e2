"""What people do in a workspace, and what Slack then sends to the bot."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from bot.sandbox import json_object
from bot.sandbox.json_object import JsonObject
from bot.sandbox.slack import model, payload, view_state
from bot.sandbox.slack.dispatcher import Dispatcher
from bot.sandbox.slack.errors import WebApiError
from bot.sandbox.slack.message_store import MessageStore
from bot.sandbox.slack.model import BotResponse, Dispatch, Message, View
from bot.sandbox.slack.view_state import EnteredValues
from bot.sandbox.slack.view_store import ViewStore

_URL = re.compile(r"https?://[^\s<>|]+")
_VIEW_NOTICE = "We had some trouble connecting ({error}). Try again?"


class SlackWorkspace(MessageStore, ViewStore):
    """A workspace whose people click, type and submit; each method returns the bot's response."""

    def __init__(
        self, settings: model.SlackSettings | None = None, team: model.Team = model.TEAM, *, signing_secret: str = ""
    ) -> None:
        """`signing_secret` is the app's, if it is installed in several workspaces."""
        super().__init__(settings or model.SlackSettings(), team)
        self.signing_secret = signing_secret or self.signing_secret
        self.dispatcher = Dispatcher(self.signing_secret, self.settings.response_seconds)
        self.dispatches: list[Dispatch] = []

    def command(self, user: str, channel: str, line: str) -> BotResponse:
        """Type a slash command; the bot's response is posted as Slack does."""
        fields = payload.slash_command(
            self,
            user,
            self.channels[channel],
            line,
            response_url=self.new_response_url(user, channel),
            trigger_id=self.new_trigger(user),
        )
        response = self._record("slash_commands", fields, self.dispatcher.command(fields))
        if response.error:
            self._notify(user, channel, f'{fields["command"]} failed with the error "{response.error}"')
        elif response.body.strip():
            self._post_response(user, channel, response.json() or {"text": response.body})
        return response

    def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: str | None = None,
        selected: str | Sequence[str] | None = None,
        values: EnteredValues | None = None,
    ) -> BotResponse:
        """Click a button of a message, or choose the option `selected` of a menu."""
        message = self._visible_message(user, channel, ts)
        action = payload.action(message.blocks, action_id, block_id=block_id, value=value, selected=selected)
        fields: JsonObject = {
            "state": {"values": view_state.values(message.blocks, values or {})},
            "actions": [action],
        }
        return self._interact_with_message("block_actions", user, message, fields)

    def click_in_view(
        self,
        user: str,
        view_id: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: str | None = None,
        selected: str | Sequence[str] | None = None,
        values: EnteredValues | None = None,
    ) -> BotResponse:
        """Click a button of a modal or of the App Home, or choose the option `selected` of a menu."""
        view = self._view(user, view_id)
        action = payload.action(view.blocks, action_id, block_id=block_id, value=value, selected=selected)
        container = payload.view_container(view, view_state.values(view.blocks, values or view.values))
        body = self.interaction_payload("block_actions", user) | container | {"actions": [action]}
        response = self.send_interaction(body)
        if response.error:
            self.replace_modal(replace(view, notice=_VIEW_NOTICE.format(error=response.error)))
        return response

    def submit(self, user: str, view_id: str, values: EnteredValues | None = None) -> BotResponse:
        """Submit a modal."""
        view = self._view(user, view_id)
        entered = {key: value if isinstance(value, str) else list(value) for key, value in (values or {}).items()}
        state_values = view_state.values(view.blocks, entered)
        view = replace(view, values=entered, errors=view_state.input_errors(view.blocks, state_values), notice="")
        self.replace_modal(view)
        if view.errors:
            return BotResponse(0, error="incomplete_form")
        fields: JsonObject = {"view": view.as_json(state_values), "response_urls": []}
        response = self.send_interaction(self.interaction_payload("view_submission", user) | fields)
        if response.error:
            self.replace_modal(replace(view, notice=_VIEW_NOTICE.format(error=response.error)))
        else:
            self._apply_response_action(view, response.json())
        return response

    def close(self, user: str, view_id: str) -> BotResponse:
        """Close the modal on top; the bot is notified if the view has notify_on_close."""
        view = self._view(user, view_id)
        self.close_modal(user)
        if not json_object.boolean(view.content, "notify_on_close"):
            return BotResponse(200)
        fields: JsonObject = {"view": view.as_json(), "is_cleared": False}
        return self.send_interaction(self.interaction_payload("view_closed", user) | fields)

    def suggestions(self, user: str, view_id: str, action_id: str, text: str) -> list[JsonObject]:
        """Return the options that the bot suggests for what is typed into an external_select of a view."""
        view = self._view(user, view_id)
        return self._suggestions(user, payload.view_container(view), view.blocks, action_id, text)

    def suggestions_of(self, user: str, channel: str, ts: str, action_id: str, text: str) -> list[JsonObject]:
        """Return the options that the bot suggests for what is typed into an external_select of a message."""
        message = self._visible_message(user, channel, ts)
        return self._suggestions(user, payload.message_container(self, message), message.blocks, action_id, text)

    def shortcut(self, user: str, callback_id: str) -> BotResponse:
        """Use a global shortcut of the app."""
        return self.send_interaction(self.interaction_payload("shortcut", user) | {"callback_id": callback_id})

    def message_shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> BotResponse:
        """Use a message shortcut of the app."""
        message = self._visible_message(user, channel, ts)
        fields: JsonObject = {"callback_id": callback_id, "message_ts": ts}
        return self._interact_with_message("message_action", user, message, fields)

    def open_home(self, user: str) -> BotResponse:
        """Open the App Home."""
        home = self.home(user)
        view = {} if home is None else {"view": home.as_json()}
        channel = self.direct_channel(user).id
        return self.send_event("app_home_opened", user=user, channel=channel, tab="home", **view)

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> BotResponse:
        """Write a message; the bot receives it if it is mentioned, and the links to its domain."""
        message = self.post(channel, text, [], user=user, thread_ts=thread_ts)
        thread = {"thread_ts": message.thread_ts} if message.thread_ts else {}
        self._share_links(
            user,
            text,
            channel=channel,
            message_ts=message.ts,
            source="conversations_history",
            unfurl_id=f"{channel}.{message.ts}",
            **thread,
        )
        if f"<@{model.BOT_USER_ID}>" not in text:
            return BotResponse(200)
        fields = {"user": user, "text": text, "ts": message.ts, "channel": channel, "event_ts": message.ts}
        return self.send_event("app_mention", **fields, **({"thread_ts": thread_ts} if thread_ts else {}))

    def draft(self, user: str, text: str) -> str:
        """Write a message without sending it, and return its unfurl_id; `drafts` has what is shown under its links."""
        unfurl_id = f"U{secrets.token_hex(5)}"
        self.drafts[unfurl_id] = {}
        self._share_links(user, text, channel="COMPOSER", message_ts=unfurl_id, source="composer", unfurl_id=unfurl_id)
        return unfurl_id

    def send_event(self, kind: str, **fields: object) -> BotResponse:
        """Send an event to the bot."""
        event = {"type": kind, "event_ts": payload.event_ts(), **fields}
        body = payload.event_callback(self, event)
        return self._record("events_api", body, self.dispatcher.event(body))

    def redeliver(self, dispatch: Dispatch, retry: int = 1) -> BotResponse:
        """Send an event again, as Slack does if the bot did not respond in time."""
        return self._record(dispatch.kind, dispatch.payload, self.dispatcher.event(dispatch.payload, retry))

    def interaction_payload(self, kind: str, user: str) -> JsonObject:
        """Return what all interaction payloads of a person have in common, with a new trigger_id."""
        return payload.interaction(self, kind, user, self.new_trigger(user))

    def send_interaction(self, body: JsonObject) -> BotResponse:
        """Send an interaction payload to the bot."""
        return self._record(str(body["type"]), body, self.dispatcher.interaction(body))

    def _interact_with_message(self, kind: str, user: str, message: Message, fields: JsonObject) -> BotResponse:
        response_url = self.new_response_url(user, message.channel, message.ts, message.thread_ts)
        container = payload.message_container(self, message) | {"response_url": response_url}
        response = self.send_interaction(self.interaction_payload(kind, user) | container | fields)
        if response.error:
            self._notify(user, message.channel, f"This did not work: {response.error}", message.thread_ts)
        return response

    def _suggestions(
        self, user: str, container: JsonObject, blocks: Sequence[JsonObject], action_id: str, text: str
    ) -> list[JsonObject]:
        fields = container | payload.suggestion(blocks, action_id, text)
        response = self.send_interaction(self.interaction_payload("block_suggestion", user) | fields)
        return json_object.children(response.json(), "options")

    def _share_links(self, user: str, text: str, **fields: object) -> None:
        domains = {url: urlsplit(url).netloc for url in _URL.findall(text)}
        links = [
            {"url": url, "domain": domains[url]}
            for url in _URL.findall(text)
            if domains[url] in self.settings.unfurl_domains
        ]
        if links:
            self.send_event("link_shared", user=user, is_bot_user_member=True, links=links, **fields)

    def _apply_response_action(self, view: View, response: JsonObject) -> None:
        """Do what the response to a view_submission asks for; without an action the modal closes."""
        action = json_object.string(response, "response_action")
        content = json_object.child(response, "view")
        try:
            if action == "errors":
                errors = {key: str(text) for key, text in json_object.child(response, "errors").items()}
                self.replace_modal(replace(view, errors=errors))
            elif action == "update":
                self.update_modal(content, view_id=view.id)
            elif action == "push":
                self.push_modal(self.new_trigger(view.user), content)
            elif action == "clear":
                self.close_modal(view.user, whole_stack=True)
            elif (top := self.open_view(view.user)) is not None and top.id == view.id:
                self.close_modal(view.user)
        except WebApiError as error:
            problems = "; ".join(error.details) or error.code
            self.replace_modal(replace(view, notice=_VIEW_NOTICE.format(error=problems)))

    def _visible_message(self, user: str, channel: str, ts: str) -> Message:
        message = self.message(channel, ts)
        if message is None or message.only_for not in (None, user):
            problem = f"{self.users[user].name} sees no message {ts} in {channel}"
            raise LookupError(problem)
        return message

    def _view(self, user: str, view_id: str) -> View:
        for view in (self.open_view(user), self.home(user)):
            if view is not None and view.id == view_id:
                return view
        problem = f"{self.users[user].name} has no view {view_id} open"
        raise LookupError(problem)

    def _post_response(self, user: str, channel: str, response: JsonObject) -> None:
        """Post the bot's response to a slash command."""
        text, blocks = json_object.string(response, "text"), json_object.children(response, "blocks")
        only_for = None if response.get("response_type") == "in_channel" else user
        try:
            self.post(channel, text, blocks, only_for=only_for)
        except WebApiError as error:
            details = " ".join(error.details)
            self._notify(user, channel, f"The response could not be shown: {error.code} {details}")

    def _notify(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> None:
        """Show a message from Slackbot to one person."""
        self.post(channel, text, [], user=model.SLACKBOT_ID, only_for=user, thread_ts=thread_ts)

    def _record(self, kind: str, body: JsonObject, response: BotResponse) -> BotResponse:
        self.dispatches.append(Dispatch(kind, body, response))
        return response
