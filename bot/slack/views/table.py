"""Charts and tables of Block Kit, and what takes their place where a workspace does not know them.

https://docs.slack.dev/reference/block-kit/blocks: a data table has 2 to 101 rows and, with every other table of the
message, 10,000 characters; a chart has at most 20 categories, 6 series with names of their own, labels of 20.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Block, Json

MAX_ROWS = 50
MAX_CELL = 120
MAX_CELLS = 6_000
"""Characters of all cells of a table: with the rest of a digest below what Slack takes in one message."""
MAX_CATEGORIES = 20
_LABEL = 20
_TITLE = 50
_TEXT_ROWS = 20
_PAGE = 10


class Level(StrEnum):
    """How much of Block Kit a workspace takes, the richest first."""

    DATA = "data"
    TABLE = "table"
    TEXT = "text"

    @property
    def below(self) -> Level | None:
        """The next plainer one; None below plain text."""
        levels = list(Level)
        at = levels.index(self) + 1
        return levels[at] if at < len(levels) else None


@dataclass(frozen=True, slots=True)
class Number:
    """A cell that is sorted by its value; `text` is how it reads."""

    value: float
    text: str


Cell = str | Number
"""What a table shows, as plain text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under a head; the first column names the row."""

    caption: str
    head: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars of several series over the same categories; the names of series are different."""

    title: str
    unit: str
    categories: tuple[str, ...]
    series: Sequence[tuple[str, tuple[float, ...]]]


def table(shown: Table, level: Level) -> list[Block]:
    """Return a table as the richest block of a level; rows too many are counted below it."""
    rows, most = [], _TEXT_ROWS if level is Level.TEXT else MAX_ROWS
    room = MAX_CELLS - sum(mrkdwn.width(_plain(cell)) for cell in shown.head)
    for row in shown.rows[:most]:
        room -= sum(mrkdwn.width(_plain(cell)) for cell in row)
        if room < 0:
            break
        rows.append(row)
    if not rows:
        return []
    left = len(shown.rows) - len(rows)
    more = [block_kit.context(f"and {left:,} more")] if left else []
    if level is Level.TEXT:
        lines = [f"• {mrkdwn.code(_plain(first), MAX_CELL)}: {_rest(shown.head, rest)}" for first, *rest in rows]
        return [block_kit.section("\n".join([f"*{mrkdwn.escape(shown.caption, 200)}*", *lines])), *more]
    return [_data_table(shown, rows) if level is Level.DATA else _table(shown, rows), *more]


def chart(shown: Chart, level: Level) -> list[Block]:
    """Return a chart; below the richest level it is one line of bars in text for each series."""
    if level is not Level.DATA:
        first, last = shown.categories[0], shown.categories[-1]
        lines = [
            f"{name}: {mrkdwn.code(_sparkline(values))} {min(values):,.0f} to {max(values):,.0f}"
            for name, values in shown.series
        ]
        head = f"*{mrkdwn.escape(shown.title, _TITLE)}*, {first} to {last}"
        return [block_kit.section("\n".join([head, *lines]))]
    categories = [mrkdwn.clip(one, _LABEL) for one in shown.categories[:MAX_CATEGORIES]]
    series: list[Json] = [
        {
            "name": mrkdwn.clip(name, _LABEL),
            "data": [
                {"label": label, "value": value}
                for label, value in zip(categories, values[:MAX_CATEGORIES], strict=True)
            ],
        }
        for name, values in shown.series
    ]
    axis: dict[str, Json] = {"categories": categories, "y_label": mrkdwn.clip(shown.unit, _TITLE)}
    drawn: dict[str, Json] = {"type": "bar", "axis_config": axis, "series": series}
    return [{"type": "data_visualization", "title": mrkdwn.clip(shown.title, _TITLE), "chart": drawn}]


def _data_table(shown: Table, rows: Sequence[tuple[Cell, ...]]) -> Block:
    return {
        "type": "data_table",
        "caption": mrkdwn.clip(mrkdwn.line(shown.caption), 200),
        "page_size": _PAGE,
        "row_header_column_index": 0,
        "rows": [[_text(cell) for cell in shown.head], *([_cell(cell) for cell in row] for row in rows)],
    }


def _table(shown: Table, rows: Sequence[tuple[Cell, ...]]) -> Block:
    numeric = [isinstance(cell, Number) for cell in rows[0]]
    return {
        "type": "table",
        "column_settings": [{"align": "right" if number else "left", "is_wrapped": True} for number in numeric],
        "rows": [[_text(_plain(cell)) for cell in row] for row in (shown.head, *rows)],
    }


def _cell(cell: Cell) -> Json:
    if isinstance(cell, Number):
        return {"type": "raw_number", "value": cell.value, "text": cell.text}
    return _text(cell)


def _text(cell: str) -> Json:
    return {"type": "raw_text", "text": _plain(cell)}


def _plain(cell: Cell) -> str:
    text = cell.text if isinstance(cell, Number) else cell
    return mrkdwn.clip(mrkdwn.line(text), MAX_CELL) or "-"


def _rest(head: Sequence[str], cells: Sequence[Cell]) -> str:
    named = zip(head[1:], cells, strict=True)
    return " · ".join(f"{name.lower()} {mrkdwn.escape(_plain(cell), MAX_CELL)}" for name, cell in named)


def _sparkline(values: Sequence[float]) -> str:
    bars = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
    top = max(values) or 1
    return "".join(bars[min(int(value / top * len(bars)), len(bars) - 1)] for value in values)
