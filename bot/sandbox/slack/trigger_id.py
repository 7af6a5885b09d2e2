"""Trigger ids: each opens one modal for one person within a few seconds.

See https://docs.slack.dev/interactivity/handling-user-interaction#modal_responses.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from bot.sandbox.slack import errors


@dataclass(slots=True)
class _Trigger:
    user: str
    expires_at: float
    used: bool = False


class TriggerIds:
    """The trigger ids of a workspace; each is valid for `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._triggers: dict[str, _Trigger] = {}

    def issue(self, user: str) -> str:
        """Return a new trigger_id."""
        trigger_id = f"{len(self._triggers) + 1}.{secrets.randbelow(10**9)}.{secrets.token_hex(8)}"
        self._triggers[trigger_id] = _Trigger(user, time.monotonic() + self._seconds)
        return trigger_id

    def redeem(self, trigger_id: str) -> str:
        """Use up a trigger_id and return its user."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            errors.fail("invalid_trigger_id")
        if trigger.used:
            errors.fail("exchanged_trigger_id")
        if trigger.expires_at < time.monotonic():
            errors.fail("expired_trigger_id")
        trigger.used = True
        return trigger.user
