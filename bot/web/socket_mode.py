"""Socket Mode: the connection to Slack that the bot opens itself, where Slack cannot reach it."""

from __future__ import annotations

import threading

from slack_bolt import App as Bolt
from slack_bolt.adapter.socket_mode import SocketModeHandler

from bot import telemetry

_LONGEST_WAIT = 30.0  # seconds
_log = telemetry.logger(__name__)


class Sockets:
    """A connection that comes about once Slack is there; from then on the library renews it by itself."""

    def __init__(self, bolt: Bolt, app_token: str) -> None:
        self._handler = SocketModeHandler(bolt, app_token)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._connect, name="socket-mode", daemon=True)

    def start(self) -> None:
        """Begin to connect: a Slack that is away must not keep the bot from starting."""
        self._thread.start()

    def stop(self) -> None:
        """Connect no more, and close what is open."""
        self._stopping.set()
        self._handler.close()  # type: ignore[no-untyped-call]

    def _connect(self) -> None:
        wait = 1.0
        while not self._stopping.is_set():
            try:
                self._handler.connect()  # type: ignore[no-untyped-call]
            except Exception as error:  # noqa: BLE001  # whatever it is, it may be mended while we run
                _log.warning("no connection to Slack yet", reason=type(error).__name__, seconds=wait)
                self._stopping.wait(wait)
                wait = min(2 * wait, _LONGEST_WAIT)
            else:
                return
