"""What Slack hands out and takes back: trigger ids and response addresses, each with its bounds."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from bot.sandbox.slack.model import RefusalError

_RESPONSE_USES = 5
_RESPONSE_SECONDS = 1800


@dataclass(slots=True)
class _Trigger:
    user: str
    expires: float
    used: bool = False


class Triggers:
    """Trigger ids: each opens one modal for one person, within a few seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._issued: dict[str, _Trigger] = {}

    def issue(self, user: str) -> str:
        """Return a new trigger_id."""
        trigger = f"{len(self._issued) + 1}.{secrets.randbelow(10**9)}.{secrets.token_hex(8)}"
        self._issued[trigger] = _Trigger(user, time.monotonic() + self._seconds)
        return trigger

    def redeem(self, trigger_id: str) -> str:
        """Use a trigger_id up and return the person behind it."""
        trigger = self._issued.get(trigger_id)
        code = ""
        if trigger is None:
            code = "invalid_trigger_id"
        elif trigger.used:
            code = "exchanged_trigger_id"
        elif trigger.expires < time.monotonic():
            code = "expired_trigger_id"
        if trigger is None or code:
            raise RefusalError(code)
        trigger.used = True
        return trigger.user


@dataclass(frozen=True, slots=True)
class ResponseTicket:
    """Where an answer to a response_url goes, and which message it may replace."""

    user: str
    channel: str
    message_ts: str | None
    thread_ts: str | None


class ResponseUrls:
    """Response addresses: each takes five answers within half an hour."""

    def __init__(self) -> None:
        self._issued: dict[str, tuple[ResponseTicket, float]] = {}
        self._uses: dict[str, int] = {}

    def issue(self, ticket: ResponseTicket) -> str:
        """Return the key of a new address."""
        key = secrets.token_hex(12)
        self._issued[key] = (ticket, time.monotonic() + _RESPONSE_SECONDS)
        return key

    def issued(self, key: str) -> bool:
        """Say whether an address was issued here."""
        return key in self._issued

    def redeem(self, key: str) -> ResponseTicket:
        """Use an address once."""
        ticket, expires = self._issued.get(key, (None, 0.0))
        if ticket is None or expires < time.monotonic():
            code = "expired_url"
            raise RefusalError(code, status=404)
        self._uses[key] = self._uses.get(key, 0) + 1
        if self._uses[key] > _RESPONSE_USES:
            code = "used_url"
            raise RefusalError(code, status=404)
        return ticket
