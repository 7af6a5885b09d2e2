"""Runs already on disk: which files are one run, what its artifacts are, when it ran and of which commit."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from bot.analysis.reports import archive, report_time
from bot.analysis.reports.run_report import Artifact
from bot.errors import InvalidInputError, InvalidReportError

_WHOLE = "test-results"
"""The artifact of files that lie in the folder of a run itself: its name tells no variant."""
_SUFFIXES = (*archive.REPORT_SUFFIXES, ".gz", ".zip")
_IN_MEMORY = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run: a file or folder with reports in it; `name` is its path below the folder that is scanned."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class PlacedRun:
    """A run with its place in time; `sha` is its own commit where no name holds one."""

    folder: RunFolder
    started_at: datetime
    sha: str


def find(top: Path) -> list[RunFolder]:
    """The runs below a folder, by name: each file or folder in it, a folder per date or number opened.

    Raises:
        InvalidInputError: it holds no file that may be a report.
    """
    while not _files(top) and len(inside := _folders(top)) == 1:
        top = inside[0]
    if not _folders(top) and len(files := _files(top)) > 1 and _is_one_run(files):
        found = [top]
    else:
        found = [*_files(top), *(run for folder in _folders(top) for run in _open(folder))]
    if not found:
        message = f"{top} holds no file that may be a test report ({', '.join(sorted(set(_SUFFIXES)))})."
        raise InvalidInputError(message)
    return [RunFolder(path, path.relative_to(top).as_posix()) for path in sorted(found)]


def place(found: Sequence[RunFolder]) -> tuple[list[PlacedRun], list[str]]:
    """The runs in order, and what had to be assumed: by their own times, else by name, else by age of the files."""
    if not found:
        return [], []
    stamped = [_stamp(one.path) for one in found]
    dated = [report_time.of_name(one.name) for one in found]
    numbered = [report_time.sort_key(one.name) for one in found]
    aged = [datetime.fromtimestamp(max(file.stat().st_mtime for file in _below(one.path)), UTC) for one in found]
    warnings: list[str] = []
    if _tell_apart(stamped):
        times = [time for time in stamped if time is not None]
    elif _tell_apart(dated):
        times = [time for time in dated if time is not None]
        warnings.append("Ordered by the dates in their names: not every report says when it ran.")
    elif all(key is not None for key in numbered) and len(set(numbered)) == len(found):
        order = sorted(range(len(found)), key=lambda index: numbered[index] or ())
        spread = report_time.spread(len(found), max(aged))
        by_index = dict(zip(order, spread, strict=True))
        times = [by_index[index] for index in range(len(found))]
        warnings.append(
            "Ordered by the numbers in their names, taken an hour apart: not every report says when it ran."
        )
    else:
        times = [stamp or age for stamp, age in zip(stamped, aged, strict=True)]
        missing = sum(stamp is None for stamp in stamped)
        warnings.append(f"{missing} of {len(found)} runs say nowhere when they ran: the age of their files was taken.")
    shas = [report_time.commit(one.name) for one in found]
    placed = [
        PlacedRun(folder, time, sha or f"run:{folder.name}")
        for folder, time, sha in zip(found, times, shas, strict=True)
    ]
    if not any(shas):
        warnings.append("No name holds a commit: each run is taken as a commit of its own.")
    return sorted(
        placed, key=lambda run: (run.started_at, report_time.sort_key(run.folder.name) or (), run.folder.name)
    ), warnings


@contextmanager
def artifacts(run: Path) -> Iterator[list[Artifact]]:
    """What a run would have uploaded: each archive and each folder in it is an artifact, loose files are one more."""
    with ExitStack() as stack:
        if run.is_file():
            yield [Artifact(_WHOLE, cast("BinaryIO", stack.enter_context(run.open("rb"))))]
            return
        files = _files(run)
        found = [
            Artifact(file.name.removesuffix(".zip"), cast("BinaryIO", stack.enter_context(file.open("rb"))))
            for file in files
            if file.name.endswith(".zip")
        ]
        loose = [file for file in files if not file.name.endswith(".zip")]
        if loose:
            found.append(Artifact(_WHOLE, stack.enter_context(_packed(run, loose))))
        for folder in _folders(run):
            inside = _below(folder)
            found += [
                Artifact(file.name.removesuffix(".zip"), cast("BinaryIO", stack.enter_context(file.open("rb"))))
                for file in inside
                if file.name.endswith(".zip")
            ]
            reports = [file for file in inside if not file.name.endswith(".zip")]
            if reports:
                found.append(Artifact(folder.name, stack.enter_context(_packed(folder, reports))))
        yield found


@contextmanager
def _packed(folder: Path, files: Sequence[Path]) -> Iterator[BinaryIO]:
    """Files as the archive that an upload makes of them, so that they are read as an artifact is, bounds included."""
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as into:
        with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as packed:
            for file in files:
                packed.write(file, file.relative_to(folder).as_posix())
        yield cast("BinaryIO", into)


def _open(folder: Path) -> list[Path]:
    """The runs of a folder: itself, or where it holds folders named by number, date or commit only, each of them."""
    inside = _folders(folder)
    if not _files(folder) and inside and all(_names_a_run(one.name) for one in inside):
        return [run for one in inside for run in _open(one)]
    return [folder]


def _names_a_run(name: str) -> bool:
    return name.isdecimal() or report_time.of_name(name) is not None or report_time.commit(name) is not None


def _is_one_run(files: Sequence[Path]) -> bool:
    """Whether the only files of a folder are parts of one run: one class each, as Surefire and Gradle write them."""
    return all(file.name.startswith("TEST-") for file in files)


def _stamp(run: Path) -> datetime | None:
    """The earliest time a run's reports name."""
    found: list[datetime] = []
    for file in _below(run):
        try:
            with file.open("rb") as stream:
                for member in archive.members(file.name, cast("BinaryIO", stream)):
                    time = report_time.of_report(member.stream.read(report_time.HEAD_BYTES)) if member.stream else None
                    if time is not None:
                        found.append(time)
        except (InvalidReportError, OSError):
            continue  # what cannot be read is said when the run is read
    return min(found, default=None)


def _tell_apart(times: Sequence[datetime | None]) -> bool:
    """Whether every run has a time and most have one of their own."""
    known = {time for time in times if time is not None}
    return None not in times and 2 * len(known) > len(times)


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.is_file() and _may_be_report(file))


def _folders(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.is_dir() and not one.is_symlink() and _below(one))


def _below(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file() and _may_be_report(file))


def _may_be_report(file: Path) -> bool:
    return not file.is_symlink() and not file.name.startswith(".") and file.name.lower().endswith(_SUFFIXES)
