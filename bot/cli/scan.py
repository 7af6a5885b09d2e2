"""`flakeguard scan`: judge the tests of runs whose reports are on disk."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from bot.analysis import scoring
from bot.analysis.identity import artifact_name, rename
from bot.analysis.identity.rename import NamedCase, RunOrder
from bot.analysis.model import CaseId, RunReport
from bot.analysis.runs import run_report
from bot.analysis.scoring import variant_results
from bot.analysis.scoring.replay import Replay
from bot.analysis.scoring.variant_results import VariantResults
from bot.cli import case_table, folder
from bot.cli.case_table import ScoredCase

_MAX_MESSAGES = 20


@dataclass(slots=True)
class _Runs:
    """What was read: every case by number, the variants of every run, and what could not be read."""

    cases: list[NamedCase] = field(default_factory=list)
    ids: dict[bytes, CaseId] = field(default_factory=dict)
    runs: dict[folder.RunFolder, tuple[VariantResults, ...]] = field(default_factory=dict)
    orders: dict[folder.RunFolder, RunOrder] = field(default_factory=dict)
    arrays: dict[bytes, NDArray[np.int32]] = field(default_factory=dict)  # runs of the same cases share one
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Cases:
    """The latest title of every case by number, the case that each number is now, and how many (variant, case)."""

    titles: list[str]
    case_of: NDArray[np.int32]
    keys: int
    notes: list[str]


@click.command()
@click.argument("top", metavar="FOLDER", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON per test and variant.")
@click.option("--timeline", is_flag=True, help="Print a line of JSON per change of status.")
def scan(top: Path, as_json: bool, timeline: bool) -> None:
    """Judge the tests of the runs in FOLDER, which has a file, archive or folder with reports per run.

    The runs are ordered by the times in their reports, else by the dates or numbers in their names. Runs with the same
    commit (7 to 40 hexadecimal digits) in their names are of the same code. A test that was moved or renamed is one
    test, unless a later run has it under its old name.
    """
    folders = folder.find(top)
    runs = _read(folders, show_progress=not (as_json or timeline))
    # Only what was read is put in order: a damaged report has no time either.
    placed, notes = folder.place(list(runs.runs))
    cases = _merge_renamed(runs, [run.folder for run in placed])
    judging = Replay(len(cases.titles), cases.keys)
    incidents = 0
    for run in placed:
        for variant in runs.runs[run.folder]:
            execution = _execution(run, variant, cases.case_of)
            incidents += judging.observe(execution).is_incident
            if timeline:
                at = run.started_at.isoformat()
                sys.stdout.writelines(
                    case_table.change_line(change, cases.titles[change.case], run.folder.name, at)
                    for change in judging.changes(execution)
                )
    if not timeline:
        scores = judging.scores(placed[-1].started_at) if placed else iter(())
        scored = [ScoredCase(cases.titles[score.case_id], score) for score in scores]
        if as_json:
            sys.stdout.writelines(
                map(case_table.score_line, sorted(scored, key=lambda row: (row.case, row.score.variant)))
            )
        else:
            _print_table(scored, placed, len(folders))
    if incidents:
        notes.append(case_table.incident_note(incidents))
    _print_messages([*notes, *cases.notes, *runs.notes], runs.problems)


def _print_table(scored: list[ScoredCase], placed: list[folder.PlacedRun], folders: int) -> None:
    span = f", {placed[0].started_at:%Y-%m-%d %H:%M} to {placed[-1].started_at:%Y-%m-%d %H:%M} UTC" if placed else ""
    click.echo(f"{len(placed)} of {folders} runs read{span}.")
    click.echo(case_table.render(scored))


def _read(folders: list[folder.RunFolder], *, show_progress: bool) -> _Runs:
    runs = _Runs()
    with click.progressbar(
        folders, label="Reading", file=sys.stderr, hidden=not (show_progress and sys.stderr.isatty())
    ) as bar:
        for run in bar:
            try:
                with folder.artifacts(run.path) as artifacts:
                    report = run_report.read_artifacts(artifacts, "")
            except OSError as error:
                runs.problems.append(f"{run.name}: {error.strerror}")
                continue
            for problem in report.problems:
                message = ": ".join(part for part in (run.name, problem.path, problem.reason) if part)
                (runs.notes if problem.is_note else runs.problems).append(message)
            _add(runs, run, report)
    return runs


def _add(runs: _Runs, run: folder.RunFolder, report: RunReport) -> None:
    for variant in report.variants:
        for case in variant.cases:
            identity = case.identity
            if identity.key not in runs.ids:
                number = runs.ids[identity.key] = CaseId(len(runs.cases))
                names = (identity.file, identity.class_name, identity.name, identity.scope, identity.title)
                runs.cases.append(NamedCase(number, *names))
    # There is no workflow, so the first half of the variant is always the same.
    variants = [
        replace(variant, variant=variant.variant.removeprefix(f"{artifact_name.DEFAULT_VARIANT}/"))
        for variant in report.variants
    ]
    judged = tuple(variant_results.of_report(variant, runs.ids) for variant in variants)
    if any(len(variant.case_ids) for variant in judged):
        runs.runs[run] = tuple(sorted(judged, key=lambda variant: variant.variant))
        orders = {}
        for variant in variants:
            order = np.array([runs.ids[case.identity.key] for case in variant.cases], dtype=np.int32)
            orders[variant.variant] = runs.arrays.setdefault(order.tobytes(), order)
        runs.orders[run] = RunOrder(orders, report.complete)


def _merge_renamed(runs: _Runs, placed: list[folder.RunFolder]) -> _Cases:
    """The cases under their latest names; those that were moved or renamed are one case."""
    titles, notes = [case.title for case in runs.cases], []
    case_of = np.arange(len(titles), dtype=np.int32)
    for renamed in rename.find_renames([runs.orders[run] for run in placed], runs.cases):
        case_of[renamed.new.id] = case_of[renamed.old.id]
        titles[case_of[renamed.old.id]] = renamed.new.title
        notes.append(f"{renamed.old.title} is {renamed.new.title} now.")
    judged = (variant for run in placed for variant in runs.runs[run])
    keys = {(variant.variant, case) for variant in judged for case in case_of[variant.case_ids].tolist()}
    return _Cases(titles, case_of, len(keys), notes)


def _execution(run: folder.PlacedRun, variant: VariantResults, case_of: NDArray[np.int32]) -> scoring.Execution:
    case_ids = case_of[variant.case_ids]
    order = np.argsort(case_ids)
    failed = variant.failed[order]
    return scoring.Execution(
        variant=variant.variant,
        sha=run.sha,
        started_at=run.started_at,
        case_ids=case_ids[order],
        suites=variant.suites[order],
        failed=failed,
        runners=None if variant.runners is None else variant.runners.numbers[order],
        retries={int(case_of[case]): failed for case, failed in variant.retries.items()},
        counted=None if variant.whole else failed,
    )


def _print_messages(notes: list[str], problems: list[str]) -> None:
    """Print what was assumed and what could not be read to stderr, so that the result can be piped."""
    for label, messages in (("note", notes), ("not read", problems)):
        for message in messages[:_MAX_MESSAGES]:
            click.echo(f"{label}: {message}", err=True)
        if len(messages) > _MAX_MESSAGES:
            click.echo(f"{label}: {len(messages) - _MAX_MESSAGES} more", err=True)
