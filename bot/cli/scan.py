"""`flakeguard scan`: try FlakeGuard on the reports of runs that are already on disk."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from bot.analysis import scoring
from bot.analysis.identity import artifact_name, rename
from bot.analysis.identity.rename import Named, Ran
from bot.analysis.model import CaseId, RunReport
from bot.analysis.reports import run_report
from bot.analysis.scoring.replay import Rehearsal
from bot.cli import case_table, folder
from bot.services import ingest, judge

_BRANCH = "main"
_SHOWN = 20


@dataclass(slots=True)
class _Read:
    """What the folder says: every case by number, the variants of every run, and what could not be read."""

    named: list[Named] = field(default_factory=list)
    ids: dict[bytes, CaseId] = field(default_factory=dict)
    runs: dict[folder.RunFolder, tuple[judge.JudgedVariant, ...]] = field(default_factory=dict)
    orders: dict[folder.RunFolder, Ran] = field(default_factory=dict)
    known: dict[bytes, NDArray[np.int32]] = field(default_factory=dict)  # most runs have the same cases in one order
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Past:
    """The latest title of every case by number, the case each number stands for, and how many (variant, case)."""

    titles: list[str]
    case_of: NDArray[np.int32]
    keys: int
    notes: list[str]


@click.command()
@click.argument("top", metavar="FOLDER", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per test and variant, a line each.")
@click.option("--timeline", is_flag=True, help="One JSON object per change of status, a line each.")
def scan(top: Path, as_json: bool, timeline: bool) -> None:
    """Judge the tests of runs whose reports lie in FOLDER: a file, archive or folder per run.

    The runs are ordered by the times in their reports, else by the dates or numbers in their names. A commit in a
    name (7 to 40 hexadecimal digits) tells which runs were of the same code. A test that was moved or renamed, and that
    no later run has under its old name, is one test.
    """
    folders = folder.find(top)
    found = _read(folders, show_progress=not (as_json or timeline))
    # Only what was read is put in order: a damaged report says nothing of its time either.
    placed, notes = folder.place(list(found.runs))
    past = _follow(found, [run.folder for run in placed])
    rehearsal = Rehearsal(len(past.titles), past.keys, follow=timeline)
    incidents = 0
    for run in placed:
        for variant in found.runs[run.folder]:
            turns, incident = rehearsal.take(_execution(run, variant, past.case_of))
            incidents += incident
            if timeline:
                for turn in turns:
                    line = {
                        "case": past.titles[turn.case],
                        "variant": turn.variant,
                        "run_id": run.folder.name,
                        "started_at": run.started_at.isoformat(),
                        "from": turn.before.value,
                        "to": turn.after.value,
                    }
                    click.echo(json.dumps(line, ensure_ascii=False))
    scores = rehearsal.judge(placed[-1].started_at) if placed else ()
    rows = [case_table.NamedScore(past.titles[score.case_id], score) for score in scores]
    if as_json and not timeline:
        for row in sorted(rows, key=lambda one: (one.case, one.score.variant)):
            click.echo(json.dumps(row.as_json(), ensure_ascii=False))
    elif not timeline:
        span = (
            f", {placed[0].started_at:%Y-%m-%d %H:%M} to {placed[-1].started_at:%Y-%m-%d %H:%M} UTC" if placed else ""
        )
        click.echo(f"{len(placed)} of {len(folders)} runs read{span}.")
        click.echo(case_table.render(rows, width=shutil.get_terminal_size().columns if sys.stdout.isatty() else None))
    if incidents:
        notes.append(f"In {incidents} execution(s) far more failed than usual: an outage, it counts against no test.")
    _say([*notes, *past.notes, *found.notes], found.problems)


def _read(folders: list[folder.RunFolder], *, show_progress: bool) -> _Read:
    found = _Read()
    with click.progressbar(
        folders, label="Reading", file=sys.stderr, hidden=not (show_progress and sys.stderr.isatty())
    ) as bar:
        for run in bar:
            try:
                with folder.artifacts(run.path) as artifacts:
                    report = run_report.read_artifacts(artifacts, "")
            except OSError as error:
                found.problems.append(f"{run.name}: {error.strerror}")
                continue
            for one in report.problems:
                told = ": ".join(part for part in (run.name, one.path, one.reason) if part)
                (found.notes if one.is_note else found.problems).append(told)
            _take(found, run, report)
    return found


def _take(found: _Read, run: folder.RunFolder, report: RunReport) -> None:
    for variant in report.variants:
        for case in variant.cases:
            if case.identity.key not in found.ids:
                one, number = case.identity, CaseId(len(found.named))
                found.ids[one.key] = number
                found.named.append(Named(number, one.file, one.class_name, one.name, one.scope, one.title))
    # Without a workflow the first half of a variant says nothing.
    named = [
        replace(variant, variant=variant.variant.removeprefix(f"{artifact_name.DEFAULT_VARIANT}/"))
        for variant in report.variants
    ]
    judged = tuple(ingest.judged(variant, found.ids) for variant in named)
    if any(len(variant.case_ids) for variant in judged):
        found.runs[run] = tuple(sorted(judged, key=lambda variant: variant.variant))
        orders = {
            variant.variant: np.array([found.ids[case.identity.key] for case in variant.cases], dtype=np.int32)
            for variant in named
        }
        found.orders[run] = Ran(
            {variant: found.known.setdefault(order.tobytes(), order) for variant, order in orders.items()},
            report.complete,
        )


def _follow(found: _Read, placed: list[folder.RunFolder]) -> _Past:
    """Every case under its latest name, once those that were moved or renamed are one case each."""
    titles, notes = [one.title for one in found.named], []
    case_of = np.arange(len(titles), dtype=np.int32)
    for one in rename.find_chain([found.orders[run] for run in placed], found.named):
        case_of[one.new.id] = case_of[one.old.id]
        titles[case_of[one.old.id]] = one.new.title
        notes.append(f"{one.old.title} is {one.new.title} now.")
    judged = (variant for run in placed for variant in found.runs[run])
    keys = {(variant.variant, case) for variant in judged for case in case_of[variant.case_ids].tolist()}
    return _Past(titles, case_of, len(keys), notes)


def _execution(run: folder.PlacedRun, variant: judge.JudgedVariant, case_of: NDArray[np.int32]) -> scoring.Execution:
    case_ids = case_of[variant.case_ids]
    order = np.argsort(case_ids)
    failed = variant.failed[order]
    return scoring.Execution(
        variant=variant.variant,
        branch=_BRANCH,
        on_default_branch=True,
        sha=run.sha,
        base_sha=None,
        event_kind="push",
        started_at=run.started_at,
        case_ids=case_ids[order],
        suites=variant.suites[order],
        failed=failed,
        runners=None if variant.runners is None else variant.runners.numbers[order],
        retries={int(case_of[case]): failed for case, failed in variant.retries.items()},
        counted=None if variant.whole else failed,
    )


def _say(notes: list[str], problems: list[str]) -> None:
    """What was assumed and what could not be read, apart from the result so that it can be piped on."""
    for word, lines in (("note", notes), ("not read", problems)):
        for line in lines[:_SHOWN]:
            click.echo(f"{word}: {line}", err=True)
        if len(lines) > _SHOWN:
            click.echo(f"{word}: {len(lines) - _SHOWN} more", err=True)
