"""What Slack's error codes mean: retry later, or never; and how to fix what can be fixed.

Each method's page lists its codes, such as https://docs.slack.dev/reference/methods/chat.postMessage#errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from bot.errors import PermanentUpstreamError, RateLimitedError, UpstreamError

_WAIT = re.compile(r"[0-9]{1,6}(?:\.[0-9]+)?")
_LINES_LENGTH = 500
_RATE_LIMITED = frozenset({"accesslimited", "message_limit_exceeded", "rate_limited", "ratelimited"})
_RETRIED = frozenset(
    {"fatal_error", "internal_error", "request_timeout", "service_unavailable", "team_added_to_org"}
)  # every other code stays an error however often the call is repeated


class TokenRevokedError(PermanentUpstreamError):
    """The token is not valid (any more) until somebody installs the app again or fixes the setting."""


class ChannelClosedError(PermanentUpstreamError):
    """The channel takes no message of the app until somebody changes that."""

    @property
    def reason(self) -> str:
        """The reason as a clause, for the person responsible for the channel."""
        return _CLOSED[self.code]


class UnreachableUserError(PermanentUpstreamError):
    """Slack has no way to send the person a direct message."""


class MessageNotFoundError(PermanentUpstreamError):
    """The message was deleted, or is not the app's, so it cannot be updated."""


class InvalidBlocksError(PermanentUpstreamError):
    """The workspace does not take blocks of this kind."""


class ExpiredTriggerError(PermanentUpstreamError):
    """The trigger was used, or is older than 3 s; no modal can be opened with it."""


class UserGroupNotFoundError(PermanentUpstreamError):
    """There is no such user group."""


_CLOSED: Mapping[str, str] = {
    "channel_not_found": "Slack says that it does not exist, or that FlakeGuard is not in it",
    "is_archived": "it was archived",
    "is_inactive": "it is not active",
    "not_in_channel": "FlakeGuard is not in it",
}
_CLASSES: Mapping[str, type[PermanentUpstreamError]] = {
    **dict.fromkeys(_CLOSED, ChannelClosedError),
    "account_inactive": TokenRevokedError,
    "invalid_auth": TokenRevokedError,
    "not_authed": TokenRevokedError,
    "token_expired": TokenRevokedError,
    "token_revoked": TokenRevokedError,
    "cannot_dm_bot": UnreachableUserError,
    "user_disabled": UnreachableUserError,
    "user_not_found": UnreachableUserError,
    "user_not_visible": UnreachableUserError,
    "cant_update_message": MessageNotFoundError,
    "message_not_found": MessageNotFoundError,
    "invalid_blocks": InvalidBlocksError,
    "invalid_blocks_format": InvalidBlocksError,
    "exchanged_trigger_id": ExpiredTriggerError,
    "expired_trigger_id": ExpiredTriggerError,
    "invalid_trigger_id": ExpiredTriggerError,
    "trigger_expired": ExpiredTriggerError,
    "no_such_subteam": UserGroupNotFoundError,
}
_ADVICE: Mapping[str, str] = {
    "account_inactive": "install the app again",
    "cant_update_message": "the message belongs to another app",
    "channel_not_found": "invite the bot to the channel, or fix SLACK_DEFAULT_CHANNEL",
    "exchanged_trigger_id": "press the button again",
    "expired_trigger_id": "press the button again",
    "invalid_auth": "fix SLACK_BOT_TOKEN",
    "is_archived": "the channel is archived; subscribe another one",
    "missing_scope": "add the scope to the app and install it again",
    "not_in_channel": "invite the bot to the channel",
    "token_revoked": "install the app again and set SLACK_BOT_TOKEN",
}


def from_response(
    method: str, status: int, code: str, headers: Mapping[str, str], lines: Sequence[object] = ()
) -> UpstreamError | PermanentUpstreamError:
    """The error for a failed call: `code` is Slack's `error`, `lines` its messages about the arguments."""
    if status == HTTPStatus.TOO_MANY_REQUESTS or code in _RATE_LIMITED:
        wait = _retry_after(headers)
        return RateLimitedError(f"Slack limits {method}; again in {wait:g} s.", retry_after=wait)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in _RETRIED:
        return UpstreamError(f"Slack's {method} failed with status {status}.")
    if not code.replace("_", "").isalnum():
        # The body is no JSON, but a proxy's page for one: nothing was decided.
        return UpstreamError(f"Slack's {method} answered with status {status} and no JSON.")
    text = f"Slack refused {method}: {code}"
    if advice := _ADVICE.get(code):
        text = f"{text}; {advice}"
    if lines:
        text = f"{text} ({'; '.join(str(line) for line in lines)[:_LINES_LENGTH]})"
    return _CLASSES.get(code, PermanentUpstreamError)(f"{text}.", code=code)


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds, at least 1 (https://docs.slack.dev/apis/web-api/rate-limits)."""
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return max(float(text), 1.0) if _WAIT.fullmatch(text) else 1.0
