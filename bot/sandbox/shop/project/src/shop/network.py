"""Requests to other services: the warehouse, the discount service, the database."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
TIMEOUT = 0.25


def call(service: str, respond: Callable[[], T]) -> T:
    """Send a request to a service in a thread and wait a little for its response."""
    if service in os.environ.get("SHOP_DOWN", "").split(","):
        raise ConnectionRefusedError(f"[Errno 111] Connection refused: {service}.acme.internal:5432")
    responses: list[T] = []
    responded, timed_out = threading.Event(), threading.Event()

    def work() -> None:
        if service in os.environ.get("SHOP_SLOW", "").split(","):
            timed_out.wait()
        responses.append(respond())
        responded.set()

    threading.Thread(target=work, daemon=True).start()
    if not responded.wait(TIMEOUT):
        timed_out.set()
        raise TimeoutError(f"{service} did not answer within {TIMEOUT * 1000:.0f} ms")
    return responses[0]
