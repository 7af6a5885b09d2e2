"""Runs on disk: the files of each run, its artifacts, its time and its commit."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, TypeGuard, cast

from bot.analysis.reports import archive, report_time
from bot.analysis.runs.run_report import DownloadedArtifact
from bot.errors import InvalidInputError, InvalidReportError

_NO_VARIANT = "test-results"
"""The artifact name of files directly in the folder of a run: it names no variant."""
_SUFFIXES = (*archive.REPORT_SUFFIXES, ".gz", ".zip")
_IN_MEMORY = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run: a file or folder with reports; `name` is its path below the scanned folder."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class PlacedRun:
    """A run with its time; `sha` is unique to it if its name has no commit."""

    folder: RunFolder
    started_at: datetime
    sha: str


def find(top: Path) -> list[RunFolder]:
    """The runs in a folder, by name: each file and folder in it; folders named by date or number are opened.

    Raises:
        InvalidInputError: it has no file that may be a report.
    """
    while not _files(top) and len(inside := _folders(top)) == 1:
        top = inside[0]
    if not _folders(top) and len(files := _files(top)) > 1 and _is_one_run(files):
        paths = [top]
    else:
        paths = [*_files(top), *(run for folder in _folders(top) for run in _open(folder))]
    if not paths:
        message = f"{top} has no file that may be a test report ({', '.join(sorted(set(_SUFFIXES)))})."
        raise InvalidInputError(message)
    return [RunFolder(path, path.relative_to(top).as_posix()) for path in sorted(paths)]


def place(runs: Sequence[RunFolder]) -> tuple[list[PlacedRun], list[str]]:
    """The runs in order of their times, else of their names, else of the age of their files; and what was assumed."""
    if not runs:
        return [], []
    times, warning = _times(runs)
    warnings = [warning] if warning else []
    shas = [report_time.commit(run.name) for run in runs]
    placed = [
        PlacedRun(folder, time, sha or f"run:{folder.name}")
        for folder, time, sha in zip(runs, times, shas, strict=True)
    ]
    if not any(shas):
        warnings.append("No name has a commit: each run counts as its own commit.")
    return sorted(
        placed, key=lambda run: (run.started_at, report_time.sort_key(run.folder.name) or (), run.folder.name)
    ), warnings


def _times(runs: Sequence[RunFolder]) -> tuple[Sequence[datetime], str]:
    """The time of each run, and what was assumed for want of times in the reports."""
    stamped = [_stamp(run.path) for run in runs]
    if _are_distinct(stamped):
        return stamped, ""
    dated = [report_time.of_name(run.name) for run in runs]
    if _are_distinct(dated):
        return dated, "Ordered by the dates in their names: not every report has a time."
    ages = [datetime.fromtimestamp(max(file.stat().st_mtime for file in _below(run.path)), UTC) for run in runs]
    keys = [report_time.sort_key(run.name) for run in runs]
    numbers = sorted({key for key in keys if key is not None})
    if None not in keys and len(numbers) == len(runs):
        by_number = dict(zip(numbers, report_time.spread(len(runs), max(ages)), strict=True))
        times = [by_number[key] for key in keys if key is not None]
        return times, "Ordered by the numbers in their names, an hour apart: not every report has a time."
    missing = stamped.count(None)
    times = [stamp or age for stamp, age in zip(stamped, ages, strict=True)]
    return times, f"{missing} of {len(runs)} runs have no time: the age of their files was taken."


@contextmanager
def artifacts(run: Path) -> Iterator[list[DownloadedArtifact]]:
    """The artifacts of a run: each archive, each folder, and all other files together."""
    with ExitStack() as stack:
        if run.is_file():
            yield [DownloadedArtifact(_NO_VARIANT, cast("BinaryIO", stack.enter_context(run.open("rb"))))]
            return
        downloaded: list[DownloadedArtifact] = []
        parts = [(run, _NO_VARIANT, _files(run)), *((folder, folder.name, _below(folder)) for folder in _folders(run))]
        for folder, name, files in parts:
            reports = [file for file in files if not file.name.endswith(".zip")]
            for file in files:
                if file.name.endswith(".zip"):
                    stream = cast("BinaryIO", stack.enter_context(file.open("rb")))
                    downloaded.append(DownloadedArtifact(file.name.removesuffix(".zip"), stream))
            if reports:
                downloaded.append(DownloadedArtifact(name, stack.enter_context(_packed(folder, reports))))
        yield downloaded


@contextmanager
def _packed(folder: Path, files: Sequence[Path]) -> Iterator[BinaryIO]:
    """Files packed as an upload packs them, so that they are read like an artifact, limits included."""
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as packed:
            for file in files:
                packed.write(file, file.relative_to(folder).as_posix())
        yield cast("BinaryIO", stream)


def _open(folder: Path) -> list[Path]:
    """The runs of a folder: itself, or each of its folders if all are named by number, date or commit."""
    inside = _folders(folder)
    if not _files(folder) and inside and all(_names_a_run(child.name) for child in inside):
        return [run for child in inside for run in _open(child)]
    return [folder]


def _names_a_run(name: str) -> bool:
    return name.isdecimal() or report_time.of_name(name) is not None or report_time.commit(name) is not None


def _is_one_run(files: Sequence[Path]) -> bool:
    """Whether all files of a folder are of one run: Surefire and Gradle write a file per class."""
    return all(file.name.startswith("TEST-") for file in files)


def _stamp(run: Path) -> datetime | None:
    """The earliest time in a run's reports."""
    times: list[datetime] = []
    for file in _below(run):
        try:
            with file.open("rb") as stream:
                for member in archive.members(file.name, cast("BinaryIO", stream)):
                    time = report_time.of_report(member.stream.read(report_time.HEAD_BYTES)) if member.stream else None
                    if time is not None:
                        times.append(time)
        except (InvalidReportError, OSError):
            continue  # it is reported when the run is read
    return min(times, default=None)


def _are_distinct(times: Sequence[datetime | None]) -> TypeGuard[Sequence[datetime]]:
    """Whether every run has a time, and most times differ."""
    return None not in times and 2 * len(set(times)) > len(times)


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.is_file() and _may_be_report(file))


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink() and _below(path))


def _below(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file() and _may_be_report(file))


def _may_be_report(file: Path) -> bool:
    return not file.is_symlink() and not file.name.startswith(".") and file.name.lower().endswith(_SUFFIXES)
