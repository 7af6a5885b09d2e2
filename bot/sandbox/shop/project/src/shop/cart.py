"""The cart."""

from __future__ import annotations

from decimal import Decimal

from shop import network


class Cart:
    """Articles with their counts and prices."""

    def __init__(self) -> None:
        self.lines: dict[str, tuple[int, Decimal]] = {}

    def add(self, article: str, price: str, count: int = 1) -> None:
        """Add an article."""
        if count < 1:
            message = "At least one."
            raise ValueError(message)
        previous, _ = self.lines.get(article, (0, Decimal(0)))
        self.lines[article] = (previous + count, Decimal(price))

    def remove(self, article: str) -> None:
        """Remove an article."""
        del self.lines[article]

    @property
    def total(self) -> Decimal:
        """The price of all articles."""
        return sum((count * price for count, price in self.lines.values()), Decimal(0))

    def checkout(self, code: str = "") -> Decimal:
        """Return the price after the discount that the discount service grants for a code."""
        if not code:
            return self.total
        share = network.call("discounts", lambda: {"SPRING": Decimal("0.10")}.get(code, Decimal(0)))
        return (self.total * (1 - share)).quantize(Decimal("0.01"))
