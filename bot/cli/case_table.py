"""The table of judged tests as people read it, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bot.analysis.case_state import VariantScore
from bot.analysis.model import SEVERITY, Status

_QUIET = frozenset({Status.HEALTHY, Status.INSUFFICIENT})
_NARROWEST = 24


@dataclass(frozen=True, slots=True)
class NamedScore:
    """The score of one (case, variant), with the name of the case."""

    case: str
    score: VariantScore

    def as_json(self) -> dict[str, object]:
        """The score as one JSON object has it."""
        score = self.score
        return {
            "case": self.case,
            "variant": score.variant,
            "status": score.status.value,
            "p_flaky": round(score.p_flaky, 6),
            "p_broken": round(score.p_broken, 6),
            "score": round(score.ranking, 6),
            "rate": round(score.rate, 6),
            "interval": [round(bound, 6) for bound in score.interval],
            "runs": score.runs,
            "failures": score.failures,
        }


def render(rows: Iterable[NamedScore], *, width: int | None) -> str:
    """The tests that need a look, worst first, under a sentence that counts all of them.

    `width` is in characters, None for as wide as it gets; a long name loses its beginning, where folders are.
    """
    listed = list(rows)
    shown = sorted(
        (row for row in listed if row.score.status not in _QUIET),
        key=lambda row: (SEVERITY.index(row.score.status), -row.score.ranking, row.case, row.score.variant),
    )
    variants = {row.score.variant for row in listed}
    lines = [_counts(listed)]
    if shown:
        head = ("status", "p(flaky)", "rate", "failed", "of", "variant" if len(variants) > 1 else "", "test")
        cells = [
            (
                row.score.status.value,
                f"{row.score.p_flaky:.0%}",
                f"{row.score.rate:.1%}",
                str(row.score.failures),
                str(row.score.runs),
                _plain(row.score.variant) if len(variants) > 1 else "",
                _plain(row.case),
            )
            for row in shown
        ]
        room = [max(len(line[column]) for line in [head, *cells]) for column in range(6)]
        longest = max(len(line[6]) for line in [head, *cells])
        left = longest if width is None else max(width - sum(room) - 2 * len(room), _NARROWEST)
        lines += ["", *(_line(line, room, left) for line in [head, *cells])]
    return "\n".join(lines)


def _counts(rows: list[NamedScore]) -> str:
    counts = Counter(row.score.status for row in rows)
    parts = [f"{counts[status]} {status.value}" for status in SEVERITY if counts[status]]
    tests = f"{len(rows):,} test{'' if len(rows) == 1 else 's'}"
    return f"{tests}: {', '.join(parts)}." if parts else "No test was judged."


def _line(cells: tuple[str, ...], room: list[int], left: int) -> str:
    numbers = range(1, 5)
    padded = [
        cell.rjust(size) if column in numbers else cell.ljust(size)
        for column, (cell, size) in enumerate(zip(cells[:6], room, strict=True))
        if size
    ]
    name = cells[6]
    return "  ".join([*padded, name if len(name) <= left else f"…{name[1 - left :]}"]).rstrip()


def _plain(text: str) -> str:
    """A name without what would move the cursor or the direction of a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
