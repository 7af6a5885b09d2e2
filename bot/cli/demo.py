"""`flakeguard demo`: the sandbox in this process, the bot as its child, and a shop with a history."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import click
import httpx

from bot.errors import ConfigurationError
from bot.sandbox import browser, history
from bot.sandbox.ci import Ci
from bot.sandbox.server import Sandbox

_START_SECONDS = 60
_SETTLE_SECONDS = 120
_STOP_SECONDS = 30
_CHANNEL = "C0CIFLAKES"
_LINKED = {"U0ANA": "ana", "U0BEN": "ben"}  # the third person shows an account that is not linked


def run(port: int) -> None:
    """Play the history, then stay live until interrupted.

    Raises:
        ConfigurationError: something that the demo needs is missing; the message names it.
    """
    if importlib.util.find_spec("pytest") is None:
        message = "The demo runs a shop's tests with pytest: install it with `pip install 'flakeguard-slack[demo]'`."
        raise ConfigurationError(message)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    sandbox = Sandbox(port)
    sandbox.start()
    # Not in root's home: PostgreSQL's own user must reach it if this runs as root.
    data = Path(tempfile.mkdtemp(prefix="flakeguard-demo-"))
    data.chmod(0o755)
    bot = None
    ci = Ci(sandbox.github)
    try:
        click.echo(f"Sandbox: {sandbox.url}/ (filling it with three weeks of history)")
        bot = _start_bot(sandbox, data)
        sandbox.on_run_ci = ci.run_next_commit
        for user, login in _LINKED.items():
            browser.link_account(sandbox.slack, user, _CHANNEL, login)
            sandbox.slack.dismiss(user)
        _play(sandbox, ci, stopping)
        if not stopping.is_set():
            click.echo(f"ready: open {sandbox.url}/ in a browser; stop with Ctrl-C")
        while not stopping.wait(1):
            if bot.poll() is not None:
                message = f"The bot ended by itself; see {data / 'bot.log'}."
                raise ConfigurationError(message)
    finally:
        ci.close()
        if bot is not None:
            _stop(bot)
        sandbox.stop()
    shutil.rmtree(data, ignore_errors=True)


def _play(sandbox: Sandbox, ci: Ci, stopping: threading.Event) -> None:
    """Deliver the history, wait until it is read, then let the last flake happen now."""
    sandbox.github.install()

    def progress(done: int, total: int) -> None:
        if stopping.is_set():
            raise SystemExit(0)
        if done % 10 == 0 or done == total:
            click.echo(f"  {done} of {total} pushes played")

    history.play(ci, on_progress=progress)
    _wait(lambda: len(sandbox.slack.messages(_CHANNEL)) > 0, _SETTLE_SECONDS)
    history.play_live(ci)
    click.echo("  the last half hour played; waiting for the card")
    _wait(
        lambda: any("fg_quarantine_open" in str(message.blocks) for message in sandbox.slack.messages(_CHANNEL)),
        _SETTLE_SECONDS,
    )


def _start_bot(sandbox: Sandbox, data: Path) -> subprocess.Popen[bytes]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    sandbox.bot_url = url
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "GITHUB_", "DATABASE_"))
    }
    environment = {
        **inherited,
        **sandbox.environment(port),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "FLAKEGUARD_DATA": str(data),
        "ENVIRONMENT": "development",
        "LOG_LEVEL": "INFO",
    }
    with (data / "bot.log").open("wb") as log:
        command = [sys.executable, "-c", "from bot.cli import main; main()", "serve"]
        # Its own session: Ctrl-C is for us; we stop the bot once the sandbox has nothing left to send.
        bot = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)  # noqa: S603
    if not _wait(lambda: bot.poll() is not None or _is_ready(url), _START_SECONDS) or bot.poll() is not None:
        _stop(bot)
        message = f"The bot did not start; see {data / 'bot.log'}."
        raise ConfigurationError(message)
    click.echo(f"Bot: {url} (log: {data / 'bot.log'})")
    return bot


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _stop(bot: subprocess.Popen[bytes]) -> None:
    if bot.poll() is None:
        bot.terminate()
        try:
            bot.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            bot.kill()
            bot.wait()


def _wait(condition: Callable[[], object], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return bool(condition())
