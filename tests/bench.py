"""Figures, each beside a floor or a peer of the same run: `make bench`.

Machines differ and are noisy: read the ratios, not the seconds.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import os
import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path
from xml.parsers import expat

import httpx

from bot.analysis import junit
from bot.store import embedded
from tests.scenario.stage import Stage, wait

CASES = 100_000
DELIVERIES = 200
RUNS = 50


def main() -> None:
    """Print every figure."""
    reader()
    folder = Path(tempfile.mkdtemp(prefix="flakeguard-bench-"))
    folder.chmod(0o755)
    try:
        with embedded.running(folder) as server:
            webhook(server.url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def reader() -> None:
    """Reading a report, against expat without handlers."""
    case = b'<testcase file="tests/test_a.py" classname="tests.test_a" name="test_%d" time="0.01"/>'
    data = b"<testsuite>" + b"".join(case % number for number in range(CASES)) + b"</testsuite>"
    floor = _time(lambda: expat.ParserCreate().Parse(data, True))
    ours = _time(lambda: junit.read(io.BytesIO(data), lambda _case: None))
    print(f"read {CASES:,} cases: {ours:.2f} s, {ours / floor:.1f} x expat without handlers")  # noqa: T201


def webhook(url: str) -> None:
    """A webhook to its answer, idle and while runs are ingested."""
    stage = Stage(url)
    try:
        stage.start_bot()
        idle = _deliver(stage)
        for number in range(RUNS):
            stage.run(f"commit {number}")
        busy = _deliver(stage)
        read = sum(check.conclusion is not None for check in stage.github.check_runs())
        wait(lambda: len([one for one in stage.github.check_runs() if one.conclusion]) >= RUNS, 120)
        calm, loaded = (statistics.median(times) * 1000 for times in (idle, busy))
        left = RUNS - read
        print(f"webhook to 202: median {calm:.1f} ms idle, {loaded:.1f} ms while {left} runs are ingested")  # noqa: T201
    finally:
        stage.close()


def _deliver(stage: Stage) -> list[float]:
    body = json.dumps({"action": "x", "padding": "x" * 20_000, "installation": {"id": 1}}).encode()
    signature = "sha256=" + hmac.new(stage.github.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
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
                answer = client.post(f"{stage.url}/github/webhook", content=body, headers=headers)
                times.append(time.perf_counter() - started)
                assert answer.status_code == httpx.codes.ACCEPTED, answer.text

    threads = [threading.Thread(target=send, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _time(action: object) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        action()  # type: ignore[operator]
        best = min(best, time.perf_counter() - started)
    return best


if __name__ == "__main__":
    main()
