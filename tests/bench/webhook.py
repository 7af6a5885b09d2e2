"""A webhook to its answer, idle and while runs are ingested."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path

import httpx

from bot.store import embedded
from tests.scenario.running_app import RunningApp, wait

DELIVERIES = 200
RUNS = 50


def main() -> None:
    """Measure against a bot and a PostgreSQL of its own."""
    folder = Path(tempfile.mkdtemp(prefix="flakeguard-bench-"))
    folder.chmod(0o755)
    try:
        with embedded.running(folder) as server:
            webhook(server.url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def webhook(url: str) -> None:
    """Deliver while idle, and while runs are ingested."""
    app = RunningApp(url)
    try:
        app.start_bot()
        idle = _deliver(app)
        for number in range(RUNS):
            app.run(f"commit {number}")
        busy = _deliver(app)
        read = sum(check.conclusion is not None for check in app.github.check_runs())
        wait(lambda: len([one for one in app.github.check_runs() if one.conclusion]) >= RUNS, 120)
        calm, loaded = (statistics.median(times) * 1000 for times in (idle, busy))
        left = RUNS - read
        print(f"webhook to 202: median {calm:.1f} ms idle, {loaded:.1f} ms while {left} runs are ingested")  # noqa: T201
    finally:
        app.close()


def _deliver(app: RunningApp) -> list[float]:
    body = json.dumps({"action": "x", "padding": "x" * 20_000, "installation": {"id": 1}}).encode()
    signature = "sha256=" + hmac.new(app.github.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
    times: list[float] = []

    def send(worker: int) -> None:
        with httpx.Client() as client:
            for number in range(DELIVERIES // 4):
                headers = {
                    "X-GitHub-Event": "installation",
                    "X-GitHub-Delivery": f"bench-{os.getpid()}-{time.monotonic_ns()}-{worker}-{number}",
                    "X-Hub-Signature-256": signature,
                }
                started = time.perf_counter()
                answer = client.post(f"{app.url}/github/webhook", content=body, headers=headers)
                times.append(time.perf_counter() - started)
                assert answer.status_code == httpx.codes.ACCEPTED, answer.text

    threads = [threading.Thread(target=send, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times
