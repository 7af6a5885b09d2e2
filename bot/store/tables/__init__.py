"""The tables. `repository_id` leads every key of what grows, so that it can be distributed by it.

A run is one row, its results are one row of arrays per variant; only failures
and retries also have rows of their own, and the text of a failure is stored once per fingerprint.
"""

from __future__ import annotations

from bot.store.tables import conversation, deciding, judging, results, workspaces
from bot.store.tables.columns import metadata

__all__ = ["conversation", "deciding", "judging", "metadata", "results", "workspaces"]
