"""Finding articles."""

from __future__ import annotations

import random

ARTICLES = ("tea", "teapot", "tea towel", "cup", "saucer")


def find(word: str) -> list[str]:
    """Return the articles that contain the word."""
    return [article for article in ARTICLES if word.lower() in article]


def suggest(word: str) -> list[str]:
    """Return the articles that contain the word, the best match first; a little chance keeps the list fresh."""
    return sorted(find(word), key=lambda article: len(article) + random.random() * 4.5)
