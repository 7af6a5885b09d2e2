"""The circuit breaker: it opens after failures in a row, and one trial after a pause decides whether it closes."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, tzinfo

import pybreaker
import pytest

from bot.errors import PermanentUpstreamError, UpstreamError
from bot.resilience import FAILURES_TO_OPEN, OPEN_SECONDS, Upstream

PAUSE = timedelta(seconds=OPEN_SECONDS)


class Clock:
    """The time as the breaker's library reads it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def now(self, _zone: tzinfo) -> datetime:
        return self.time


class Service:
    """A service that fails until it is told to answer; it counts the calls that reach it."""

    def __init__(self) -> None:
        self.is_up = False
        self.calls = 0
        self.upstream = Upstream("Service")

    def call(self) -> str:
        return self.upstream.call(self._answer)

    def fail(self, times: int) -> None:
        for _ in range(times):
            with pytest.raises(UpstreamError, match="down"):
                self.call()

    def is_called(self) -> bool:
        """Whether a call reaches the service."""
        before = self.calls
        with contextlib.suppress(UpstreamError):
            self.call()
        return self.calls > before

    def _answer(self) -> str:
        self.calls += 1
        if not self.is_up:
            message = "down"
            raise UpstreamError(message, retry_after=3600)  # not repeated here, so that no test waits
        return "answer"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pybreaker, "datetime", clock)
    return clock


@pytest.fixture
def service(clock: Clock) -> Service:  # noqa: ARG001  # the breaker reads this clock
    return Service()


def refuse() -> None:
    message = "no"
    raise PermanentUpstreamError(message, code="not_found")


def test_a_circuit_opens_after_failures_in_a_row_for_a_minute(service: Service, clock: Clock) -> None:
    service.fail(FAILURES_TO_OPEN)
    assert not service.is_called()
    clock.time += PAUSE - timedelta(seconds=1)
    assert not service.is_called()
    clock.time += timedelta(seconds=1)
    assert service.is_called()


def test_a_success_begins_the_count_again(service: Service) -> None:
    service.fail(FAILURES_TO_OPEN - 1)
    service.upstream.call(str)
    service.fail(FAILURES_TO_OPEN - 1)
    assert service.is_called()


def test_a_refusal_is_an_answer(service: Service) -> None:
    for _ in range(2 * FAILURES_TO_OPEN):
        with pytest.raises(PermanentUpstreamError):
            service.upstream.call(refuse)
    assert service.is_called()


def test_a_trial_that_succeeds_closes_the_circuit(service: Service, clock: Clock) -> None:
    service.fail(FAILURES_TO_OPEN)
    clock.time += PAUSE
    service.is_up = True
    assert service.call() == "answer"
    service.is_up = False
    service.fail(FAILURES_TO_OPEN)


def test_a_trial_that_fails_opens_the_circuit_for_another_minute(service: Service, clock: Clock) -> None:
    service.fail(FAILURES_TO_OPEN)
    clock.time += PAUSE
    service.fail(1)
    assert not service.is_called()
    clock.time += PAUSE
    assert service.is_called()


def test_while_one_call_tries_the_others_fail_at_once(service: Service, clock: Clock) -> None:
    service.fail(FAILURES_TO_OPEN)
    clock.time += PAUSE
    started, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        started.set()
        assert go_on.wait(10)
        return "answer"

    with ThreadPoolExecutor(1) as threads:
        trial = threads.submit(service.upstream.call, slow)
        assert started.wait(10)
        assert not service.is_called()
        go_on.set()
        assert trial.result(10) == "answer"
    assert service.is_called()
