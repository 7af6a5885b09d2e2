"""What `scan` and `replay` print: a table of tests, worst first, or a line of JSON each."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from bot.analysis.case_state import VariantScore
from bot.analysis.model import SEVERITY, Status
from bot.analysis.scoring.replay import VariantChange

_QUIET = frozenset({Status.HEALTHY, Status.INSUFFICIENT})
_MIN_NAME_WIDTH = 24


class ScoredCase(NamedTuple):
    """The name of a case, and its score in one variant."""

    case: str
    score: VariantScore


def score_line(scored: ScoredCase) -> str:
    """A scored case as a line of JSON."""
    score = scored.score
    return _json_line(
        case=scored.case,
        variant=score.variant,
        status=score.status.value,
        p_flaky=round(score.p_flaky, 6),
        p_broken=round(score.p_broken, 6),
        score=round(score.ranking, 6),
        rate=round(score.rate, 6),
        interval=[round(bound, 6) for bound in score.interval],
        runs=score.runs,
        failures=score.failures,
    )


def change_line(change: VariantChange, case: str, run_id: str, started_at: str) -> str:
    """A change of status in a run as a line of JSON."""
    return _json_line(
        case=case,
        variant=change.variant,
        run_id=run_id,
        started_at=started_at,
        **{"from": change.before.value, "to": change.after.value},
    )


def incident_note(incidents: int) -> str:
    """A sentence about executions that are incidents."""
    executions = "1 execution" if incidents == 1 else f"{incidents:,} executions"
    return f"In {executions} far more failed than usual: an outage, it counts against no test."


def render(cases: Iterable[ScoredCase]) -> str:
    """A sentence that counts all tests, and a table of those that need a look, worst first.

    On a terminal a long name loses its beginning, which is its folders.
    """
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    listed = list(cases)
    shown = sorted((scored for scored in listed if scored.score.status not in _QUIET), key=_order)
    has_variants = len({scored.score.variant for scored in listed}) > 1
    lines = [_counts(listed)]
    if shown:
        head = ("status", "p(flaky)", "rate", "failed", "of", "variant" if has_variants else "", "test")
        cells = [
            (
                score.status.value,
                f"{score.p_flaky:.0%}",
                f"{score.rate:.1%}",
                str(score.failures),
                str(score.runs),
                _plain(score.variant) if has_variants else "",
                _plain(case),
            )
            for case, score in shown
        ]
        widths = [max(len(line[column]) for line in [head, *cells]) for column in range(6)]
        longest = max(len(line[6]) for line in [head, *cells])
        name_width = longest if width is None else max(width - sum(widths) - 2 * len(widths), _MIN_NAME_WIDTH)
        lines += ["", *(_line(line, widths, name_width) for line in [head, *cells])]
    return "\n".join(lines)


def _order(scored: ScoredCase) -> tuple[int, float, str, str]:
    score = scored.score
    return SEVERITY.index(score.status), -score.ranking, scored.case, score.variant


def _counts(cases: list[ScoredCase]) -> str:
    counts = Counter(scored.score.status for scored in cases)
    parts = [f"{counts[status]} {status.value}" for status in SEVERITY if counts[status]]
    tests = f"{len(cases):,} test{'' if len(cases) == 1 else 's'}"
    return f"{tests}: {', '.join(parts)}." if parts else "No test was judged."


def _line(cells: tuple[str, ...], widths: list[int], name_width: int) -> str:
    numbers = range(1, 5)
    padded = [
        cell.rjust(width) if column in numbers else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells[:6], widths, strict=True))
        if width
    ]
    name = cells[6]
    return "  ".join([*padded, name if len(name) <= name_width else f"…{name[1 - name_width :]}"]).rstrip()


def _plain(text: str) -> str:
    """A name without characters that control the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _json_line(**values: object) -> str:
    return json.dumps(values, ensure_ascii=False) + "\n"
