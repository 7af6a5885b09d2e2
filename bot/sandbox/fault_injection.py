"""Faults that a test injects into the next requests to an API."""

from __future__ import annotations

from dataclasses import dataclass

_OK = 200


@dataclass(slots=True, kw_only=True)
class Fault:
    """How a number of requests fail.

    `target` is the beginning of a path or of a method's name; empty matches every request. `status` 0 only delays the
    response by `seconds`. `after` means that the request does its work and only the response is lost.
    """

    times: int
    target: str = ""
    status: int = _OK
    error: str = ""
    retry_after: int | None = None
    seconds: float = 0.0
    after: bool = False


class FaultQueue:
    """The injected faults that have not happened yet; the oldest one that matches a request happens first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def inject(self, fault: Fault) -> None:
        """Add a fault."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def __contains__(self, fault: Fault) -> bool:
        return fault in self._faults

    def take(self, request: str, *, after: bool = False) -> Fault | None:
        """Use up one occurrence of the fault for this path or method, before its work or after it."""
        for fault in self._faults:
            if fault.times > 0 and fault.after is after and request.startswith(fault.target):
                fault.times -= 1
                return fault
        return None
