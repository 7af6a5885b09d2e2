"""What Slack's refusals mean: wait and ask again, or never; and what mends them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bot.errors import PermanentUpstreamError, UpstreamError

# Slack's own words for "later"; every other refusal stays a refusal however often it is asked.
_LATER = frozenset(
    {
        "accesslimited",
        "fatal_error",
        "internal_error",
        "message_limit_exceeded",
        "rate_limited",
        "ratelimited",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)
_SERVER_ERROR = 500
_TOO_MANY = 429
_WAIT = re.compile(r"[0-9]{1,6}(?:\.[0-9]+)?")
_LIMITED = frozenset({"accesslimited", "message_limit_exceeded", "rate_limited", "ratelimited"})
_ADVICE = {
    "account_inactive": "install the app again",
    "cant_update_message": "the message belongs to another app",
    "channel_not_found": "invite the bot to the channel, or mend SLACK_DEFAULT_CHANNEL",
    "exchanged_trigger_id": "press the button again",
    "expired_trigger_id": "press the button again",
    "invalid_auth": "mend SLACK_BOT_TOKEN",
    "is_archived": "the channel is archived; subscribe another one",
    "missing_scope": "add the scope to the app and install it again",
    "not_in_channel": "invite the bot to the channel",
    "token_revoked": "install the app again and set SLACK_BOT_TOKEN",
}


class LimitedError(UpstreamError):
    """Slack asks to wait; it is well, so the breaker does not count this."""


class UnreachableError(UpstreamError):
    """No connection came about, so nothing was done and asking again is safe."""


def refusal(
    method: str, status: int, code: str, headers: Mapping[str, str], lines: Sequence[object] = ()
) -> UpstreamError | PermanentUpstreamError:
    """What a refusal means: `code` is Slack's word for it, `lines` what it adds about the arguments."""
    if status == _TOO_MANY or code in _LIMITED:
        wait = _seconds(headers)
        return LimitedError(f"Slack limits {method}; again in {wait:g} s.", retry_after=wait)
    if status >= _SERVER_ERROR or code in _LATER:
        return UpstreamError(f"Slack's {method} failed with status {status}.")
    if not code.replace("_", "").isalnum():
        # Slack answered with something else than JSON, a proxy's page for one: nothing was decided.
        return UpstreamError(f"Slack's {method} answered with status {status} and no JSON.")
    text = f"Slack refused {method}: {code}"
    if advice := _ADVICE.get(code):
        text = f"{text}; {advice}"
    if lines:
        text = f"{text} ({'; '.join(str(line) for line in lines)[:500]})"
    return PermanentUpstreamError(f"{text}.", code=code)


def _seconds(headers: Mapping[str, str]) -> float:
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return max(float(text), 1.0) if _WAIT.fullmatch(text) else 1.0
