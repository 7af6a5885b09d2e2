"""A webhook delivery as it arrives over HTTP: its headers, its signature, its size."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.errors import InvalidInputError, NotAllowedError

MAX_BYTES: Final = 25 * 1024 * 1024
"""GitHub's own limit (https://docs.github.com/webhooks/webhook-events-and-payloads#payload-cap)."""
_HEADER_LENGTH = 100


class InvalidSignatureError(NotAllowedError):
    """The delivery was not signed with one of our secrets."""


@dataclass(frozen=True, slots=True)
class SignedDelivery:
    """A delivery whose signature is right; `id` is the same when GitHub delivers it again."""

    id: str
    event: str
    body: bytes


def receive(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> SignedDelivery:
    """The delivery of a request; `headers` ignores case.

    The headers: https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers.

    Raises:
        InvalidSignatureError: no signature, or a wrong one.
        InvalidInputError: a header is missing or too long.
    """
    if not is_signed(body, headers.get("X-Hub-Signature-256"), secrets):
        message = "Sign the raw body with GITHUB_WEBHOOK_SECRET."
        raise InvalidSignatureError(message)
    event, delivery_id = event_name(headers), headers.get("X-GitHub-Delivery", "")
    if not event or not delivery_id or len(delivery_id) > _HEADER_LENGTH:
        message = "Send X-GitHub-Event and X-GitHub-Delivery."
        raise InvalidInputError(message)
    return SignedDelivery(delivery_id, event, body)


def event_name(headers: Mapping[str, str]) -> str:
    """The name of the event a request says it delivers; empty where it says none."""
    return headers.get("X-GitHub-Event", "")[:_HEADER_LENGTH]


def is_signed(body: bytes, signature: str | None, secrets: Sequence[str]) -> bool:
    """Whether the signature (`sha256=<hex>`) is that of one of the secrets; takes the same time for each of them.

    https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    """
    given = (signature or "").encode("utf-8", "replace")
    matches = [
        hmac.compare_digest(b"sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode(), given)
        for secret in secrets
        if secret  # everybody knows an empty secret
    ]
    return any(matches)
