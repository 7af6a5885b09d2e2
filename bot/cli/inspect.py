"""`flakeguard inspect`: what FlakeGuard reads in a report."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from bot.analysis.identity import collision
from bot.analysis.identity.repetition import Repetitions
from bot.analysis.reports import archive, reader
from bot.analysis.reports.limits import DEFAULT, Limits
from bot.analysis.reports.reported_case import NotAReportError, Repeats, ReportedCase, Summary
from bot.errors import InvalidReportError

_COUNTS: Final = ("cases", "passed", "failed", "errored", "skipped", "flaky")
_SECONDS: Final = 120
_COMPARED: Final = 20_000  # cases among which tests that look alike are looked for; a run looks among all of its own


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file, a line each.")
def inspect(files: tuple[Path, ...], as_json: bool) -> None:
    """Say what FlakeGuard reads in test reports (xml, trx, gz or zip)."""
    refused = False
    for path in files:
        found = describe(path)
        refused = refused or "error" in found
        click.echo(json.dumps(found, ensure_ascii=False) if as_json else _sentence(found))
    sys.exit(2 if refused else 0)


def describe(path: Path) -> dict[str, object]:
    """The counts of one file, or the reason it is refused."""
    found = _Found()
    limits = DEFAULT.within(_SECONDS, time.monotonic)
    try:
        with path.open("rb") as stream:
            for member in archive.members(path.name, stream, limits):
                found.add(member, limits, alone=member.path in {path.name, path.name.removesuffix(".gz")})
    except InvalidReportError as error:
        return {"path": str(path), "error": str(error)}
    except OSError as error:
        return {"path": str(path), "error": f"It cannot be opened ({error.strerror})."}
    return {"path": str(path), **found.described()}


class _Found:
    """What the reports of one file hold together."""

    def __init__(self) -> None:
        self._formats: set[str] = set()
        self._counts = dict.fromkeys(_COUNTS, 0)
        self._repetitions = Repetitions()
        self._read: list[tuple[collision.Source, list[ReportedCase]]] = []
        self._room = _COMPARED
        self._complete = True
        self._warnings: list[str] = []

    def add(self, member: archive.Member, limits: Limits, *, alone: bool) -> None:
        """Read one more; a member of an archive that cannot be read is said, and a file alone is refused.

        Raises:
            InvalidReportError: the file is no archive, and no report that can be read.
        """
        prefix = "" if alone else f"{member.path}: "
        repetitions = self._repetitions if alone else Repetitions()
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

    def described(self) -> dict[str, object]:
        """The figures, or why there are none."""
        if not self._formats:
            reason = "; ".join(self._warnings) or "it holds no file that may be a test report"
            return {"error": f"No test report was found: {reason}"}
        return {
            "format": "mixed" if len(self._formats) > 1 else next(iter(self._formats)),
            **self._counts,
            **self._repetitions.figures,
            "complete": self._complete,
            "warnings": [*self._warnings, *collision.merge(self._read).notes],
        }

    def _count(self, member: archive.Member, repetitions: Repetitions, limits: Limits) -> Summary:
        if member.stream is None:
            raise InvalidReportError(member.refused)
        compared: list[ReportedCase] = []
        room = self._room

        def take(cases: Iterable[ReportedCase]) -> None:
            kept = len(compared)
            if kept < room:
                cases = list(cases)
                compared.extend(cases[: room - kept])
            repetitions.add_all(cases)

        summary = reader.read(member.stream, take, limits)
        self._read.append((collision.Source("", "", member.path, summary.repeats is Repeats.TESTS), compared))
        self._room -= len(compared)
        return summary


def _sentence(found: dict[str, object]) -> str:
    if "error" in found:
        return f"{found['path']}: refused. {found['error']}"
    numbers = ", ".join(f"{found[name]} {name}" for name in _COUNTS)
    state = "complete" if found["complete"] else "INCOMPLETE"
    lines = [f"{found['path']} ({found['format']}): {numbers}; {state}"]
    if found["results"] != found["distinct_cases"]:
        lines.append(
            f"  - {found['distinct_cases']} distinct cases in {found['results']} results, "
            f"{found['flaky_by_repetition']} of which failed and passed"
        )
    lines += [f"  - {warning}" for warning in found["warnings"]] if isinstance(found["warnings"], list) else []
    return "\n".join(lines)
