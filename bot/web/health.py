"""Is it alive, is it ready, what does it measure."""

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
        """Answer as long as the process does."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        """Whether work can be done: the database answers, the worker runs; what is switched off is named."""
        checks = await run_in_threadpool(self._check)
        ok = all(one == "ok" for one in checks.values())
        body = {"status": "ok" if ok else "unavailable", "checks": checks, "switched_off": list(self._missing)}
        return JSONResponse(body, status_code=200 if ok else 503)

    async def metrics(self, _request: Request) -> Response:
        """Everything measured, for Prometheus."""
        return Response(telemetry.metrics(), media_type=telemetry.CONTENT_TYPE)

    def _check(self) -> dict[str, str]:
        results = {"database": self._result(self._database)}
        for name, probe in self._probes.items():
            results[name] = self._result(probe)
        return results

    def _database(self) -> None:
        with self._db.begin() as session:
            queue.count(session)

    def _result(self, probe: Callable[[], None]) -> str:
        try:
            probe()
        except FlakeGuardError as error:
            return str(error)
        return "ok"
