"""The clock and the queue: what happens later, or again."""
