"""Identify every case of a folder of reports, and hold the identities against what was written.

    python -m tests.acceptance.identity FOLDER

Exit status 1 where two tests of a file have one identity, where one test has two, where identifying what was
identified changes it, where the files of an artifact in another order give something else, or where a failure has no
fingerprint of its own when it is read again.
"""

from __future__ import annotations

import io
import random
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bot.analysis.failures import fingerprint
from bot.analysis.identity import case_identity, collision
from bot.analysis.identity.collision import Source
from bot.analysis.reports import archive, reader
from bot.analysis.reports.reported_case import ReportedCase
from bot.analysis.runs import run_report
from bot.errors import InvalidReportError

CI = ".github/workflows/ci.yml"
Reports = list[tuple[str, list[ReportedCase]]]


def read(folder: Path) -> Reports:
    """The cases of every report that can be read, by the path of its file."""
    found: Reports = []
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        cases: list[ReportedCase] = []
        try:
            with path.open("rb") as stream:
                for member in archive.members(path.name, stream):
                    if member.stream is not None:
                        reader.read(member.stream, cases.extend)
        except InvalidReportError:
            pass
        if cases:
            found.append((str(path.relative_to(folder)), cases))
    return found


def faults(cases: list[ReportedCase]) -> Iterator[str]:
    """What is wrong with the identities of one report."""
    merged = collision.merge([(Source("junit", "", "report.xml"), cases)])
    written = {
        (case.suites, case.host, case.file, case.class_name, case.name) if case.name else number
        for number, case in enumerate(cases)
    }
    if len(merged.cases) != len(written):
        yield f"{len(written)} tests are written, {len(merged.cases)} identities were given"
    if len({one.identity.key for one in merged.cases}) != len(merged.cases):
        yield "two tests have one identity"
    if sum(len(one.results) for one in merged.cases) < len(cases):
        yield "a case is lost"
    for case in cases:
        once = case_identity.identify(case)
        if max(map(len, (once.file, once.class_name, once.name))) >= case_identity.MAX_LENGTH:
            continue  # cut for show
        again = case_identity.identify(case._replace(file=once.file, class_name=once.class_name, name=once.name))
        if again != once:
            yield f"identifying {once.title!r} again gives {again.title!r}"
    for failure in (one.failure for case in cases for one in case.results if one.failure is not None):
        if fingerprint.of_failure(failure) != fingerprint.of_failure(replace(failure)):
            yield "a failure has two fingerprints"


def shuffled_faults(folder: Path, found: Reports) -> Iterator[str]:
    """Whether an artifact of many reports reads the same whatever the order of its files."""
    paths = [path for path, _ in found if path.endswith(".xml")][:60]
    read_back = []
    for seed in range(2):
        order = random.Random(seed).sample(paths, len(paths))  # noqa: S311  # the same order in every run
        into = io.BytesIO()
        with zipfile.ZipFile(into, "w") as made:
            for path in order:
                made.write(folder / path, path)
        read_back.append(run_report.read_artifacts([run_report.DownloadedArtifact("junit", into)], CI))
    if read_back[0] != read_back[1]:
        yield "the order of the files of an artifact matters"


def main(folder: Path) -> int:
    """Check every file; returns the exit status."""
    found = read(folder)
    wrong = [f"{path}: {fault}" for path, cases in found for fault in faults(cases)]
    wrong += shuffled_faults(folder, found)
    for line in wrong:
        print(line)  # noqa: T201
    print(f"{sum(len(cases) for _, cases in found):,} cases of {len(found)} reports, {len(wrong)} faults")  # noqa: T201
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
