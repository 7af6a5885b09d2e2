"""`flakeguard replay`: what FlakeGuard would have said of a recorded history."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import shutil
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import click

from bot.analysis.quarantine.policy import DEFAULT, Policy
from bot.analysis.reports.history_file import Reader
from bot.analysis.reports.recorded_history import History
from bot.analysis.scoring.replay import Rehearsal, Turn
from bot.cli import case_table
from bot.errors import InvalidInputError

_CHUNK = 1 << 20


@click.command()
@click.argument("path", metavar="HISTORY", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per test and variant, a line each.")
@click.option("--timeline", is_flag=True, help="One JSON object per change of status, a line each.")
@click.option(
    "--policy",
    "policy_path",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Judge by the thresholds of this policy, such as .flakeguard.yml.",
)
@click.option("--hysteresis/--no-hysteresis", default=True, help="Whether a status that is held gives way slowly.")
def replay(path: Path, as_json: bool, timeline: bool, policy_path: Path | None, hysteresis: bool) -> None:
    """Judge the results in HISTORY (CSV or CSV.gz, one row per try of a test) as if they had come in one by one.

    The columns case, outcome and run_id or sha must be there; sha, base_sha, branch, default_branch, event,
    run_attempt, job, variant, runner, suite, try and started_at are used where they are.
    """
    policy = _policy(policy_path)
    history = _read(path, quiet=as_json or timeline)
    rehearsal = Rehearsal(len(history.cases), history.keys, policy.thresholds, hysteresis=hysteresis, follow=timeline)
    incidents = 0
    for entry in history.entries:
        turns, incident = rehearsal.take(entry.execution)
        incidents += incident
        if turns:
            at = entry.execution.started_at.isoformat().replace("+00:00", "Z")
            sys.stdout.writelines(_line(turn, history.cases[turn.case], entry.run_id, at) for turn in turns)
    if timeline:
        return
    scores = rehearsal.judge(history.entries[-1].execution.started_at) if history.entries else iter(())
    rows = (case_table.NamedScore(history.cases[score.case_id], score) for score in scores)
    if as_json:
        sys.stdout.writelines(json.dumps(row.as_json(), ensure_ascii=False) + "\n" for row in rows)
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    runs = "1 execution" if len(history.entries) == 1 else f"{len(history.entries):,} executions"
    click.echo(f"{history.results:,} results of {runs}.")
    click.echo(case_table.render(rows, width=width))
    if incidents:
        times = "1 execution" if incidents == 1 else f"{incidents:,} executions"
        click.echo(f"note: in {times} far more failed than usual: an outage, it counts against no test.", err=True)


def _policy(path: Path | None) -> Policy:
    if path is None:
        return DEFAULT
    from bot.github import policy_file  # noqa: PLC0415  # YAML is read only where it is needed

    try:
        return policy_file.parse(path.read_bytes())
    except InvalidInputError as error:
        message = f"{path}: {error}"
        raise InvalidInputError(message) from None


def _read(path: Path, *, quiet: bool) -> History:
    size = max(path.stat().st_size, 1)
    shown = not quiet and sys.stderr.isatty()
    try:
        with (
            path.open("rb") as raw,
            click.progressbar(length=size, label="Reading", file=sys.stderr, hidden=not shown) as bar,
            _text(raw) as lines,
        ):

            def progress(_rows: int) -> None:
                bar.update(raw.tell() - bar.pos)

            return Reader().read(lines, progress if shown else _nothing)
    except UnicodeDecodeError:
        message = f"{path} is not UTF-8 text."
        raise InvalidInputError(message) from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        message = f"{path} is a damaged gzip file."
        raise InvalidInputError(message) from None
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror or error})."
        raise InvalidInputError(message) from None
    except InvalidInputError as error:
        message = f"{path}: {error}"
        raise InvalidInputError(message) from None


@contextlib.contextmanager
def _text(raw: io.BufferedReader) -> Iterator[io.TextIOBase]:
    """The lines of a file, unpacked where it is gzip whatever its name."""
    zipped = raw.peek(2)[:2] == b"\x1f\x8b"
    with contextlib.ExitStack() as stack:
        source: io.BufferedReader = raw
        if zipped:
            packed = stack.enter_context(gzip.GzipFile(fileobj=raw, mode="rb"))
            source = io.BufferedReader(packed, _CHUNK)
        yield io.TextIOWrapper(source, encoding="utf-8-sig", newline="")


def _nothing(_rows: int) -> None:
    """Nobody watches."""


def _line(turn: Turn, case: str, run_id: str, at: str) -> str:
    line = {
        "case": case,
        "variant": turn.variant,
        "run_id": run_id,
        "started_at": at,
        "from": turn.before.value,
        "to": turn.after.value,
    }
    return json.dumps(line, ensure_ascii=False) + "\n"
