"""The time, as the shop sees it."""

from __future__ import annotations

import os
from datetime import UTC, datetime


def now() -> datetime:
    """Return the time in UTC; SHOP_NOW overrides it."""
    override = os.environ.get("SHOP_NOW")
    return datetime.fromisoformat(override) if override else datetime.now(UTC)
