"""Structured logs with a correlation id, and metrics."""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

deliveries_total = Counter("flakeguard_deliveries_total", "Webhook deliveries by event and answer", ["event", "answer"])
delivery_seconds = Histogram(
    "flakeguard_delivery_seconds",
    "Time from a webhook's last byte to its answer",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
commands_total = Counter("flakeguard_commands_total", "Commands by word", ["command"])
runs_total = Counter("flakeguard_runs_total", "Runs ingested, by whether their reports were complete", ["complete"])
results_total = Counter("flakeguard_results_total", "Results ingested")
notices_total = Counter("flakeguard_notices_total", "Notices by kind and outcome", ["kind", "outcome"])
jobs_total = Counter("flakeguard_jobs_total", "Jobs by task and outcome", ["task", "outcome"])
upstream_errors_total = Counter("flakeguard_upstream_errors_total", "Failed calls of GitHub and Slack", ["service"])
queue_jobs = Gauge("flakeguard_queue_jobs", "Jobs in the queue by state", ["state"])
ingest_seconds = Histogram("flakeguard_ingest_seconds", "Time to read, judge and store one run")

_SECRET = re.compile(
    r"(xox[a-z]-[\w-]+|xapp-[\w-]+|gh[a-z]_\w{20,}|github_pat_\w+|eyJ[\w-]{20,}\.[\w.-]+"
    r"|v0=[0-9a-f]{64}|sha256=[0-9a-f]{64}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@))",
    re.DOTALL,
)


def metrics() -> bytes:
    """Every metric in Prometheus' text format."""
    return generate_latest()


def configure(level: str, *, pretty: bool) -> None:
    """Send every log line to standard error: JSON, or coloured text where `pretty`."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[structlog.typing.Processor] = (
        [redact, structlog.dev.ConsoleRenderer()]
        if pretty
        else [structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "urllib3", "github", "procrastinate", "apscheduler", "slack_bolt", "slack_sdk"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)
    logging.getLogger("uvicorn.access").disabled = True


def redact(
    _logger: object,
    _method: str,
    event: MutableMapping[str, Any],  # structlog's own type of an event
) -> MutableMapping[str, Any]:
    """Replace what looks like a secret, in every value of a log line."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _SECRET.sub("[secret]", value)
    return event


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


def new_id() -> str:
    """A new correlation id."""
    return secrets.token_hex(8)


@contextmanager
def correlated(correlation_id: str, **values: str | int) -> Iterator[None]:
    """Add the correlation id and `values` to every line logged inside."""
    with structlog.contextvars.bound_contextvars(correlation_id=correlation_id, **values):
        yield


def current_id() -> str:
    """The correlation id of the context, or a new one."""
    return str(structlog.contextvars.get_contextvars().get("correlation_id") or new_id())
