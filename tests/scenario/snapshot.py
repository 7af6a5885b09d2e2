"""A workspace as it was at one moment: any number of scenarios begin from it, each with its own copy."""

from __future__ import annotations

import copy
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.sandbox.server import HOST, Sandbox

_GITHUB = ("_next_numbers", "_commits", "_pulls", "_runs", "_artifacts", "_checks", "_comments")
_SLACK = ("channels", "_messages", "_ts_by_client_msg_id", "_last_ts", "_homes")
_PORTS = range(10_000, 30_000)  # below those that the system gives to outgoing connections


@dataclass(frozen=True)
class Snapshot:
    """What was stored, by the name of the database to clone, and what GitHub and Slack knew."""

    template: str
    sandbox: Sandbox
    at: datetime

    def restore(self, sandbox: Sandbox) -> None:
        """Let a sandbox at the same address know what this one knew."""
        assert sandbox.port == self.sandbox.port, "another process took the port"
        for name in _GITHUB:
            setattr(sandbox.github, name, copy.deepcopy(getattr(self.sandbox.github, name)))
        for name in _SLACK:
            setattr(sandbox.slack, name, copy.deepcopy(getattr(self.sandbox.slack, name)))


def free_ports() -> Iterator[int]:
    """Ports that nobody listens on, others in each process."""
    first = os.getpid() * 7 % len(_PORTS)
    for port in (*_PORTS[first:], *_PORTS[:first]):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        yield port
