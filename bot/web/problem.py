"""Errors as RFC 9457 writes them."""

from __future__ import annotations

from starlette.responses import JSONResponse


def problem(status: int, title: str, detail: str) -> JSONResponse:
    """An answer of `application/problem+json`; `detail` says what to do."""
    return JSONResponse(
        {"type": "about:blank", "title": title, "status": status, "detail": detail},
        status_code=status,
        media_type="application/problem+json",
    )
