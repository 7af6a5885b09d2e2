"""Rows of a recorded history."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Literal

from bot.analysis.runs.history_file import COLUMNS


def row(case: str, run: int, outcome: str = "passed", **more: str) -> dict[str, str]:
    return {
        "repo": "acme/shop",
        "case": case,
        "suite": case.partition("::")[0],
        "sha": f"c{run}",
        "base_sha": "",
        "branch": "main",
        "default_branch": "main",
        "event": "push",
        "run_id": str(run),
        "run_attempt": "1",
        "job": "test",
        "variant": "linux",
        "try": "1",
        "started_at": f"2026-01-05T{run:02}:00:00Z",
        "outcome": outcome,
        "duration_ms": "12",
        "message": "" if outcome == "passed" else 'it said "no",\nand why',
    } | more


def text(
    rows: Sequence[dict[str, str]], columns: Sequence[str] = COLUMNS, quoting: Literal[0, 1, 2] = csv.QUOTE_MINIMAL
) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", quoting=quoting)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
