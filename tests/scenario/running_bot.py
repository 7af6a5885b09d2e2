"""The bot as scenarios run it: in threads of the test's process, or as a process of its own that can be killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence

from bot import app, config


class BotThread:
    """A bot in threads of this process, which start in a fraction of the time that a process takes to import it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        settings = config.load(environment)
        self._bot = app.Bot(settings)
        try:
            self._bot.prepare()
            self._server = app.server(self._bot)
            listener = socket.create_server((settings.host, settings.port), backlog=1024)
        except BaseException:
            self._bot.close()
            raise
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, name="bot")
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        self._bot.close()
        assert not self._thread.is_alive(), "the bot does not end"


class BotProcess:
    """A bot as a process of its own."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(_command("serve"), env={**os.environ, **environment})

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)


def run_command(words: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run a command of the bot to its end; returns what it printed."""
    completed = subprocess.run(
        _command(*words), env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def _command(*words: str) -> list[str]:
    return [sys.executable, "-c", "from bot.cli import main; main()", *words]
