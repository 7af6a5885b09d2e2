"""Read reports and archives that are damaged at random, until the time is over.

    python -m tests.fuzz [SECONDS] [FOLDER]

Anything but being read or being refused is a fault, and so is what depends on where chunks end. FOLDER holds files
to begin with, beside those made here. A file that shows a fault is written to the folder for temporary files.
"""

from __future__ import annotations

import gzip
import io
import random
import re
import sys
import tempfile
import time
import traceback
import zipfile
from dataclasses import replace
from pathlib import Path

from bot.analysis.reports import reader
from bot.analysis.reports.decoding import Text
from bot.analysis.reports.document import BrokenError, Document
from bot.analysis.reports.junit import JUnit
from bot.analysis.reports.limits import DEFAULT
from bot.analysis.reports.reported_case import Format, ReportedCase, Summary, Tally
from bot.analysis.runs import run_report
from bot.errors import InvalidReportError

_FAULT = re.compile(r"(?<=XML) \(.*\)")
SLOW = 10
LARGEST = 200_000
BOUNDS = replace(DEFAULT, report_bytes=8_000_000, archive_bytes=8_000_000)
SEEDS = (
    b'<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" tests="1">'
    b'<testcase classname="a.B" name="t[1]" time="0.1"/>\n'
    * 3
    + b'<testcase classname="a.B" name="t&lt;2&gt;" time="0.1"><failure message="a&#10;b" type="E">x &amp; y</failure>'
    b"</testcase>\n<testcase classname='q' name='\xc3\xa9'><error/></testcase></testsuite></testsuites>",
    (
        b'<testsuite hostname="h"><testcase name="a"><flakyFailure message="m"><stackTrace><![CDATA[t]]></stackTrace>'
        b'<system-out>o</system-out></flakyFailure></testcase><testcase name="b" status="notrun"/></testsuite>'
    ),
    '<?xml version="1.0" encoding="UTF-16"?><testsuite><testcase name="größe"/></testsuite>'.encode("utf-16"),
    (
        b'<test-run><test-suite type="Assembly" name="a"><test-case name="t" fullname="N.C.t" result="Failed"><failure>'
        b"<message>m</message><stack-trace>s</stack-trace></failure></test-case></test-suite></test-run>"
    ),
    (
        b'<assemblies><assembly name="a"><collection name="c"><test name="N.C.t" type="N.C" result="Pass" time="1"/>'
        b"</collection><errors><error/></errors></assembly></assemblies>"
    ),
    (
        b'<TestRun><Results><UnitTestResult testId="1" testName="t" outcome="Failed" duration="00:00:01.5"><Output>'
        b"<ErrorInfo><Message>m</Message><StackTrace>s</StackTrace></ErrorInfo></Output></UnitTestResult></Results>"
        b'<TestDefinitions><UnitTest id="1"><TestMethod className="N.C, N"/></UnitTest></TestDefinitions></TestRun>'
    ),
)
WORDS = (
    b"<testcase", b"</testcase>", b"<testsuite>", b"</testsuite>", b"/>", b"<![CDATA[", b"]]>", b"<!--", b"-->",
    b"&#0;",
    b"&#x1b;", b"&amp;", b"&x;", b"<!DOCTYPE a>", b"\x00", b"\x1b", b"\xff\xfe", b"\xef\xbf\xbf", b'"', b"<failure>",
    b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"\x1f\x8b", b"\r\n", b"\t", b' name="x"', b"<?xml version='1.0'?>",
)  # fmt: skip


def damaged(chance: random.Random, seeds: list[bytes]) -> bytes:
    """One of the seeds with pieces cut, doubled, swapped for another's, or replaced by words that mean something."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(0, 6)):
        at = chance.randint(0, len(data))
        length = min(chance.choice((0, 1, 2, 8, 64, 1024)), len(data) - at)
        other = chance.choice(seeds)
        start = chance.randint(0, len(other))
        data[at : at + length] = chance.choice(
            (
                b"",
                chance.choice(WORDS),
                chance.choice(WORDS) * chance.choice((1, 2, 300)),
                chance.randbytes(length or 1),
                bytes(data[at : at + length]) * 2,
                other[start : start + length],
            )
        )
    return bytes(data[:LARGEST])


def outcome(data: bytes, chunk_bytes: int) -> tuple[Summary, list[ReportedCase]] | str:
    """What reading comes to, but for expat's own word for a fault, which names the one it saw first."""
    cases: list[ReportedCase] = []
    try:
        summary = reader.read(io.BytesIO(data), cases.extend, replace(BOUNDS, chunk_bytes=chunk_bytes))
    except InvalidReportError as error:
        return _FAULT.sub("", str(error))
    return replace(summary, warnings=tuple(_FAULT.sub("", warning) for warning in summary.warnings)), cases


def parsed(data: bytes) -> list[ReportedCase]:
    """The cases of a JUnit report by the XML parser alone, without the pattern for plain runs."""
    cases: list[ReportedCase] = []
    text, document = Text(io.BytesIO(data), BOUNDS), Document(BOUNDS)
    junit = JUnit(document, Tally(cases.extend, BOUNDS), BOUNDS)
    document.on_elements(junit.start, junit.end)
    try:
        for piece in text.pieces():
            document.feed(text.repair(piece))
    except BrokenError:
        pass
    return cases


def check(data: bytes) -> None:
    """Read as a report, in several ways, and as an artifact."""
    started = time.perf_counter()
    whole = outcome(data, 1 << 16)
    assert whole == outcome(data, 7), "reading depends on where chunks end"
    if not isinstance(whole, str):
        summary, cases = whole
        assert summary.cases == len(cases)
        assert summary.format is not Format.JUNIT or cases == parsed(data), "the pattern reads what the parser does not"
        assert summary.cases == summary.passed + summary.failed + summary.errored + summary.skipped
    run_report.read_artifacts([run_report.DownloadedArtifact("junit", io.BytesIO(data))], "ci.yml", BOUNDS)
    assert time.perf_counter() - started < SLOW, "it takes too long"


def begin(folder: Path | None) -> list[bytes]:
    """The files to damage: those made here, archives of them, and those of a folder."""
    seeds = list(SEEDS)
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as made:
        for number, seed in enumerate(SEEDS):
            made.writestr(f"{number}.xml", seed)
    seeds += [into.getvalue(), gzip.compress(SEEDS[0])]
    for path in sorted(folder.rglob("*")) if folder else ():
        if path.is_file() and path.stat().st_size < LARGEST:
            seeds.append(path.read_bytes())
    return seeds


def main(seconds: float, folder: Path | None) -> int:
    """Damage and read until the time is over; returns the exit status."""
    chance, seeds = random.Random(), begin(folder)  # noqa: S311  # no secret
    end, tried = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = damaged(chance, seeds)
        tried += 1
        try:
            check(data)
        except Exception:  # noqa: BLE001  # that there is any is the finding
            path = Path(tempfile.gettempdir()) / "flakeguard-fuzz-fault.bin"
            path.write_bytes(data)
            print(traceback.format_exc(), f"{path} shows it, after {tried:,} files", sep="\n")  # noqa: T201
            return 1
    print(f"{tried:,} files, each read or refused")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if sys.argv[1:] else 600, Path(sys.argv[2]) if sys.argv[2:] else None))
