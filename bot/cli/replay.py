"""`flakeguard replay`: judge a recorded history."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from pathlib import Path

import click

from bot.analysis.quarantine.policy import DEFAULT, Policy
from bot.analysis.runs.history_file import Reader
from bot.analysis.runs.recorded_history import History
from bot.analysis.scoring.replay import Replay
from bot.cli import case_table
from bot.cli.case_table import ScoredCase
from bot.errors import InvalidInputError

_CHUNK = 1 << 20


@click.command()
@click.argument("path", metavar="HISTORY", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON per test and variant.")
@click.option("--timeline", is_flag=True, help="Print a line of JSON per change of status.")
@click.option(
    "--policy",
    "policy_path",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Use the thresholds of this policy, such as .flakeguard.yml.",
)
@click.option(
    "--hysteresis/--no-hysteresis", default=True, help="Whether a status ends at a lower threshold than it begins at."
)
def replay(path: Path, as_json: bool, timeline: bool, policy_path: Path | None, hysteresis: bool) -> None:
    """Judge the results in HISTORY as if they had come in one by one.

    HISTORY is CSV or CSV.gz, one row per result of a test. The columns case, outcome, and run_id or sha are required;
    base_sha, branch, default_branch, event, run_attempt, job, variant, runner, suite, try (1 for the first result) and
    started_at are optional.
    """
    policy = _policy(policy_path)
    history = _read(path, quiet=as_json or timeline)
    judging = Replay(len(history.cases), history.keys, policy.thresholds, hysteresis=hysteresis)
    incidents = 0
    for entry in history.entries:
        incidents += judging.observe(entry.execution).is_incident
        if timeline:
            at = entry.execution.started_at.isoformat().replace("+00:00", "Z")
            sys.stdout.writelines(
                case_table.change_line(change, history.cases[change.case], entry.run_id, at)
                for change in judging.changes(entry.execution)
            )
    if timeline:
        return
    scores = judging.scores(history.entries[-1].execution.started_at) if history.entries else iter(())
    cases = (ScoredCase(history.cases[score.case_id], score) for score in scores)
    if as_json:
        sys.stdout.writelines(map(case_table.score_line, cases))
        return
    runs = "1 execution" if len(history.entries) == 1 else f"{len(history.entries):,} executions"
    click.echo(f"{history.results:,} results of {runs}.")
    click.echo(case_table.render(cases))
    if incidents:
        click.echo(f"note: {case_table.incident_note(incidents)}", err=True)


def _policy(path: Path | None) -> Policy:
    if path is None:
        return DEFAULT
    from bot.github import policy_file  # noqa: PLC0415  # only --policy needs YAML

    try:
        return policy_file.parse(path.read_bytes())
    except InvalidInputError as error:
        message = f"{path}: {error}"
        raise InvalidInputError(message) from None


def _read(path: Path, *, quiet: bool) -> History:
    size = max(path.stat().st_size, 1)
    is_hidden = quiet or not sys.stderr.isatty()
    try:
        with (
            path.open("rb") as raw,
            click.progressbar(length=size, label="Reading", file=sys.stderr, hidden=is_hidden) as bar,
            _text(raw) as lines,
        ):

            def progress(_rows: int) -> None:
                bar.update(raw.tell() - bar.pos)

            return Reader().read(lines, progress)
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


def _text(raw: io.BufferedReader) -> io.TextIOWrapper:
    """The text of a file; gzip is recognised by its content."""
    is_gzip = raw.peek(2)[:2] == b"\x1f\x8b"
    source = io.BufferedReader(gzip.GzipFile(fileobj=raw, mode="rb"), _CHUNK) if is_gzip else raw
    return io.TextIOWrapper(source, encoding="utf-8-sig", newline="")
