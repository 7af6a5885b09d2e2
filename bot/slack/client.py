"""Slack's Web API, as far as FlakeGuard calls it: deadlines, a circuit breaker, faults translated."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TypeVar

import pybreaker
import stamina
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from bot import telemetry
from bot.errors import PermanentUpstreamError, UpstreamError
from bot.slack.blockkit import Block, Message

_TIMEOUT = 10
_NAMESPACE = uuid.UUID("5b8f2a44-6c0d-4d0e-9f1c-2f9f4d7d6e11")
_TRANSIENT = frozenset(
    {"ratelimited", "rate_limited", "message_limit_exceeded", "internal_error", "fatal_error", "service_unavailable",
     "request_timeout", "team_added_to_org"}
)  # fmt: skip
_T = TypeVar("_T")


class Slack:
    """One workspace's bot."""

    def __init__(self, token: str, api_url: str) -> None:
        self.web = WebClient(token=token, base_url=api_url, timeout=_TIMEOUT, retry_handlers=[])
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=5, reset_timeout=10, exclude=[PermanentUpstreamError, _is_limit]
        )

    def probe(self) -> None:
        """Raise unless Slack answers and knows the token."""
        self._call(self.web.auth_test)

    def post(
        self, channel: str, message: Message, *, key: str, thread_ts: str | None = None, broadcast: bool = False
    ) -> str:
        """Post a message; returns its timestamp. `key` makes a repeated call harmless where Slack honours it."""
        answer = self._call(
            lambda: self.web.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=list(message.blocks),
                metadata=dict(message.metadata) or None,
                thread_ts=thread_ts,
                reply_broadcast=broadcast or None,
                unfurl_links=False,
                unfurl_media=False,
                client_msg_id=str(uuid.uuid5(_NAMESPACE, key)),
            )
        )
        return str(answer["ts"])

    def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace a message of ours."""
        self._call(
            lambda: self.web.chat_update(
                channel=channel,
                ts=ts,
                text=message.text,
                blocks=list(message.blocks),
                metadata=dict(message.metadata) or None,
            )
        )

    def ephemeral(self, channel: str, user: str, message: Message, *, thread_ts: str | None = None) -> None:
        """Show a message to one person."""
        self._call(
            lambda: self.web.chat_postEphemeral(
                channel=channel, user=user, text=message.text, blocks=list(message.blocks), thread_ts=thread_ts
            )
        )

    def open_view(self, trigger_id: str, view: Block) -> None:
        """Open a modal; the trigger lasts three seconds."""
        self._call(lambda: self.web.views_open(trigger_id=trigger_id, view=dict(view)))

    def publish_home(self, user: str, view: Block) -> None:
        """Show a person their App Home."""
        self._call(lambda: self.web.views_publish(user_id=user, view=dict(view)))

    def user_name(self, user: str) -> str:
        """What a person is called."""
        profile = self._call(lambda: self.web.users_info(user=user))["user"]
        return str(profile.get("real_name") or profile.get("name") or user)

    def _call(self, action: Callable[[], SlackResponse]) -> SlackResponse:
        @stamina.retry(on=_is_worth_retrying, attempts=2, timeout=5, wait_initial=0.2)
        def attempt() -> SlackResponse:
            return self._breaker.call(_translated, action)

        try:
            return attempt()
        except pybreaker.CircuitBreakerError as error:
            message = "Slack has failed repeatedly; calls pause for a moment."
            raise UpstreamError(message, retry_after=10) from error
        except UpstreamError:
            telemetry.upstream_errors_total.labels(service="slack").inc()
            raise


def _is_limit(error: Exception) -> bool:
    return isinstance(error, UpstreamError) and error.retry_after is not None


def _is_worth_retrying(error: Exception) -> bool:
    return isinstance(error, UpstreamError) and error.retry_after is None


def _translated(action: Callable[[], _T]) -> _T:
    try:
        return action()
    except SlackApiError as error:
        answer = error.response
        code = str(answer.get("error", "")) if isinstance(answer.data, dict) else ""
        if answer.status_code == 429 or code in {"ratelimited", "rate_limited"}:  # noqa: PLR2004  # HTTP
            message = "Slack asks to slow down."
            raise UpstreamError(message, retry_after=float(answer.headers.get("Retry-After", 1))) from None
        if answer.status_code >= 500 or code in _TRANSIENT or not code:  # noqa: PLR2004  # HTTP
            message = f"Slack answered {answer.status_code} {code}".strip() + "."
            raise UpstreamError(message) from None
        message = f"Slack refused: {code}."
        raise PermanentUpstreamError(message, code=code) from None
    except (SlackClientError, OSError) as error:
        message = f"Slack did not answer ({type(error).__name__})."
        raise UpstreamError(message) from error
