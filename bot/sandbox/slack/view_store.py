"""The modals and App Homes of a workspace, and the rules by which Slack opens and changes them."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace

from bot.sandbox import json_object
from bot.sandbox.json_object import JsonObject
from bot.sandbox.slack import block_kit, block_validator, errors, model
from bot.sandbox.slack.directory import Directory
from bot.sandbox.slack.model import View
from bot.sandbox.slack.trigger_id import TriggerIds

_STACKED_VIEWS = 3  # https://docs.slack.dev/surfaces/modals#views


class ViewStore(Directory):
    """Modals as a stack for each person, and one App Home for each."""

    def __init__(self, settings: model.SlackSettings, team: model.Team) -> None:
        super().__init__(settings, team)
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}
        self._trigger_ids = TriggerIds(settings.trigger_seconds)

    def open_view(self, user: str) -> View | None:
        """Return the modal on top of a person's stack, or None."""
        with self._lock:
            stack = self._stacks.get(user, [])
            return stack[-1] if stack else None

    def home(self, user: str) -> View | None:
        """Return a person's App Home, or None if the bot has published none."""
        with self._lock:
            return self._homes.get(user)

    def new_trigger(self, user: str) -> str:
        """Return a trigger_id of this person."""
        with self._lock:
            return self._trigger_ids.issue(user)

    def open_modal(self, trigger_id: str, content: JsonObject) -> View:
        """Open a modal for the person of the trigger_id, in place of those that are open."""
        with self._lock:
            block_validator.check_view(content)
            user = self._trigger_ids.redeem(trigger_id)
            self._stacks[user] = []
            return self._push(user, content)

    def push_modal(self, trigger_id: str, content: JsonObject) -> View:
        """Open a modal for the person of the trigger_id, on top of the one that is open."""
        with self._lock:
            block_validator.check_view(content)
            return self._push(self._trigger_ids.redeem(trigger_id), content)

    def update_modal(
        self, content: JsonObject, *, view_id: str = "", external_id: str = "", expected_hash: str = ""
    ) -> View:
        """Replace the content of an open modal, found by its id or by its external_id."""
        with self._lock:
            block_validator.check_view(content)
            view = self._find_modal(view_id, external_id)
            if expected_hash and expected_hash != view.hash:
                errors.fail("hash_conflict")
            view = replace(view, content=_stored(content), hash=_new_hash(), errors={}, notice="", values={})
            self.replace_modal(view)
            return view

    def replace_modal(self, view: View) -> None:
        """Store what a submission has changed in an open modal: errors, a notice, entered values."""
        with self._lock:
            stack = self._stacks.get(view.user, [])
            self._stacks[view.user] = [view if modal.id == view.id else modal for modal in stack]
            self._touch()

    def close_modal(self, user: str, *, whole_stack: bool = False) -> None:
        """Close the modal on top, or all of them."""
        with self._lock:
            self._stacks[user] = [] if whole_stack else self._stacks.get(user, [])[:-1]
            self._touch()

    def publish_home(self, user: str, content: JsonObject, expected_hash: str = "") -> View:
        """Replace a person's App Home."""
        with self._lock:
            block_validator.check_view(content)
            if user not in self.users:
                errors.fail("user_not_found")
            previous = self._homes.get(user)
            if expected_hash and previous is not None and previous.hash != expected_hash:
                errors.fail("hash_conflict")
            view = self._new_view(user, content)
            self._homes[user] = view if previous is None else replace(view, id=previous.id, root_id=previous.id)
            self._touch()
            return self._homes[user]

    def _push(self, user: str, content: JsonObject) -> View:
        stack = self._stacks.setdefault(user, [])
        if len(stack) >= _STACKED_VIEWS:
            errors.fail("push_limit_reached")
        view = self._new_view(user, content, stack[-1] if stack else None)
        stack.append(view)
        self._touch()
        return view

    def _find_modal(self, view_id: str, external_id: str) -> View:
        for view in (view for stack in self._stacks.values() for view in stack):
            if view.id == view_id or (external_id and view.content.get("external_id") == external_id):
                return view
        return errors.fail("not_found")

    def _new_view(self, user: str, content: JsonObject, previous: View | None = None) -> View:
        view_id = f"V0{secrets.token_hex(5).upper()}"
        return View(
            id=view_id,
            user=user,
            content=_stored(content),
            hash=_new_hash(),
            root_id=previous.root_id if previous else view_id,
            previous_id=previous.id if previous else None,
            team_id=self.team_id,
        )


def _new_hash() -> str:
    return f"{int(time.time())}.{secrets.token_hex(4)}"


def _stored(content: JsonObject) -> JsonObject:
    blocks = block_kit.with_ids(json_object.children(content, "blocks"), secrets.token_hex(3))
    return content | {"blocks": list(blocks)}
