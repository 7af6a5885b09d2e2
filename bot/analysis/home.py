"""What the App Home of one person shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.analysis.case_profile import ListedCase
from bot.analysis.connection import Connection
from bot.analysis.repository_summary import RepositorySummary
from bot.analysis.subscription import NamedSubscription

PAGE = 15
"""Rows of a page; both lists together stay far below the 100 blocks of a view."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Which page of each list is shown, from 0."""

    waiting: int = 0
    own: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, and how many rows there are in all."""

    rows: Sequence[ListedCase]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Everything the App Home shows: proposals that wait for the person, and the quarantines they own or proposed."""

    waiting: Page
    own: Page
    pages: Pages
    subscriptions: Sequence[NamedSubscription]
    repositories: Sequence[RepositorySummary]
    connections: Sequence[Connection]
