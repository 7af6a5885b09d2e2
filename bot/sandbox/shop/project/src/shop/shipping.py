"""Shipping: what it costs and when it arrives."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from shop import clock

FREE_FROM = Decimal(50)


def cost(total: Decimal) -> Decimal:
    """Return what shipping costs."""
    return Decimal(0) if total >= FREE_FROM else Decimal("4.90")


def arrives() -> date:
    """Return the day an order placed now arrives: two days, or three when the van has left at 22:00."""
    now = clock.now()
    return now.date() + timedelta(days=3 if now.hour >= 22 else 2)
