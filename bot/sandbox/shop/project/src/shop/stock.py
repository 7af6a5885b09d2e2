"""The stock of the warehouse."""

from __future__ import annotations

from shop import network


class Stock:
    """Articles and how many there are."""

    def __init__(self, **counts: int) -> None:
        self.counts = dict(counts)

    def take(self, article: str, count: int = 1) -> None:
        """Take some out."""
        if self.counts.get(article, 0) < count:
            message = f"Not enough {article}."
            raise LookupError(message)
        self.counts[article] -= count

    def put(self, article: str, count: int = 1) -> None:
        """Put some in."""
        self.counts[article] = self.counts.get(article, 0) + count

    def reserve(self, article: str) -> str:
        """Reserve one in the warehouse and return the number of the reservation."""
        self.take(article)
        return network.call("warehouse", lambda: f"R-{article}")
