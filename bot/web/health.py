"""Liveness, readiness and metrics of the process."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot import telemetry
from bot.errors import FlakeGuardError
from bot.store import queue
from bot.store.database import Database


class Health:
    """`/health`, `/health/ready` and `/metrics`."""

    def __init__(self, db: Database, probes: dict[str, Callable[[], None]], missing: tuple[str, ...]) -> None:
        self._db = db
        self._probes = probes
        self._missing = missing

    async def alive(self, _request: Request) -> Response:
        """Answer 200 while the process runs."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        """Answer 200 while the database answers and the worker runs; names the settings that are missing."""
        checks = await run_in_threadpool(self._check)
        ok = all(result == "ok" for result in checks.values())
        body = {"status": "ok" if ok else "unavailable", "checks": checks, "switched_off": list(self._missing)}
        return JSONResponse(body, status_code=200 if ok else 503)

    async def metrics(self, _request: Request) -> Response:
        """The metrics in Prometheus' text format."""
        return Response(telemetry.metrics(), media_type=telemetry.CONTENT_TYPE)

    def _check(self) -> dict[str, str]:
        probes = {"database": self._count_jobs, **self._probes}
        return {name: _result(probe) for name, probe in probes.items()}

    def _count_jobs(self) -> None:
        with self._db.begin() as session:
            queue.count(session)


def _result(probe: Callable[[], None]) -> str:
    try:
        probe()
    except FlakeGuardError as error:
        return str(error)
    return "ok"
