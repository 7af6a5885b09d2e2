"""`flakeguard inspect`: show what FlakeGuard reads in reports."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from bot.analysis.identity import collision
from bot.analysis.identity.duplicate_case import DuplicateCounter
from bot.analysis.reports import archive, reader
from bot.analysis.reports.limits import DEFAULT, Limits
from bot.analysis.reports.reported_case import DuplicateMeaning, NotAReportError, ReportedCase, Summary
from bot.errors import InvalidReportError

_COUNTS: Final = ("cases", "passed", "failed", "errored", "skipped", "flaky")
_SECONDS: Final = 120
_COMPARED: Final = 20_000  # cases that are searched for tests of the same name; in a run all are


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON per file.")
def inspect(files: tuple[Path, ...], as_json: bool) -> None:
    """Show what FlakeGuard reads in test reports (xml, trx, gz or zip)."""
    refused = False
    for path in files:
        figures = describe(path)
        refused = refused or "error" in figures
        click.echo(json.dumps(figures, ensure_ascii=False) if as_json else _sentence(figures))
    sys.exit(2 if refused else 0)


def describe(path: Path) -> dict[str, object]:
    """The counts of one file, or the reason it is refused."""
    contents = _Contents()
    limits = DEFAULT.within(_SECONDS, time.monotonic)
    try:
        with path.open("rb") as stream:
            for member in archive.members(path.name, stream, limits):
                contents.add(member, limits, alone=member.path in {path.name, path.name.removesuffix(".gz")})
    except InvalidReportError as error:
        return {"path": str(path), "error": str(error)}
    except OSError as error:
        return {"path": str(path), "error": f"It cannot be opened ({error.strerror})."}
    return {"path": str(path), **contents.figures()}


class _Contents:
    """The reports of one file, counted together."""

    def __init__(self) -> None:
        self._formats: set[str] = set()
        self._counts = dict.fromkeys(_COUNTS, 0)
        self._repetitions = DuplicateCounter()
        self._read: list[tuple[collision.Source, list[ReportedCase]]] = []
        self._remaining = _COMPARED
        self._complete = True
        self._warnings: list[str] = []

    def add(self, member: archive.Member, limits: Limits, *, alone: bool) -> None:
        """Read one member; in an archive an unreadable one is only a warning.

        Raises:
            InvalidReportError: it is `alone`, and no readable report.
        """
        prefix = "" if alone else f"{member.path}: "
        repetitions = self._repetitions if alone else DuplicateCounter()
        try:
            summary = self._count(member, repetitions, limits)
        except InvalidReportError as error:
            if alone:
                raise
            self._complete = self._complete and isinstance(error, NotAReportError)
            self._warnings.append(f"{prefix}{error}")
            return
        self._repetitions.add_file(repetitions, summary.repeats)
        self._formats.add(summary.format)
        self._complete = self._complete and summary.complete
        self._warnings += [f"{prefix}{warning}" for warning in summary.warnings]
        for name in _COUNTS:
            self._counts[name] += getattr(summary, name)

    def figures(self) -> dict[str, object]:
        """The counts, or why there are none."""
        if not self._formats:
            reason = "; ".join(self._warnings) or "it has no file that may be a test report"
            return {"error": f"No test report was found: {reason}"}
        return {
            "format": "mixed" if len(self._formats) > 1 else next(iter(self._formats)),
            **self._counts,
            **self._repetitions.figures,
            "complete": self._complete,
            "warnings": [*self._warnings, *collision.merge(self._read).notes],
        }

    def _count(self, member: archive.Member, repetitions: DuplicateCounter, limits: Limits) -> Summary:
        if member.stream is None:
            raise InvalidReportError(member.fault)
        compared: list[ReportedCase] = []
        most = self._remaining

        def take(cases: Iterable[ReportedCase]) -> None:
            kept = len(compared)
            if kept < most:
                cases = list(cases)
                compared.extend(cases[: most - kept])
            repetitions.add_all(cases)

        summary = reader.read(member.stream, take, limits)
        self._read.append((collision.Source("", "", member.path, summary.repeats is DuplicateMeaning.TESTS), compared))
        self._remaining -= len(compared)
        return summary


def _sentence(figures: dict[str, object]) -> str:
    if "error" in figures:
        return f"{figures['path']}: refused. {figures['error']}"
    numbers = ", ".join(f"{figures[name]} {name}" for name in _COUNTS)
    state = "complete" if figures["complete"] else "INCOMPLETE"
    lines = [f"{figures['path']} ({figures['format']}): {numbers}; {state}"]
    if figures["results"] != figures["distinct_cases"]:
        lines.append(
            f"  - {figures['distinct_cases']} distinct cases in {figures['results']} results, "
            f"{figures['flaky_by_repetition']} of which failed and passed"
        )
    lines += [f"  - {warning}" for warning in figures["warnings"]] if isinstance(figures["warnings"], list) else []
    return "\n".join(lines)
