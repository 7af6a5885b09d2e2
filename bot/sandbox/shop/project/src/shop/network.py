"""Calls to the shop's neighbours: the warehouse, the discount service, the database."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 0.25


def ask(service: str, answer: Callable[[], T]) -> T:
    """Ask a neighbour in a thread of its own and wait a little for what it says."""
    if service in os.environ.get("SHOP_DOWN", "").split(","):
        raise ConnectionRefusedError(f"[Errno 111] Connection refused: {service}.acme.internal:5432")
    answers: list[T] = []
    answered, given_up = threading.Event(), threading.Event()

    def work() -> None:
        if service in os.environ.get("SHOP_SLOW", "").split(","):
            given_up.wait()
        answers.append(answer())
        answered.set()

    threading.Thread(target=work, daemon=True).start()
    if not answered.wait(PATIENCE):
        given_up.set()
        raise TimeoutError(f"{service} did not answer within {PATIENCE * 1000:.0f} ms")
    return answers[0]
