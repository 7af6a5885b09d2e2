"""Untrusted zip and gz archives of reports: bounded, streamed, and never extracted to a path they name."""

from __future__ import annotations

import gzip
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NoReturn, cast

from bot.analysis.reports.limits import DEFAULT, Limits
from bot.errors import InvalidReportError

REPORT_SUFFIXES = (".xml", ".xml.gz", ".junit", ".xunit", ".trx", ".trx.gz")
_PATH_LENGTH = 500
_LOCAL_HEADER_BYTES = 30  # a local file header's fixed part, APPNOTE.TXT 4.3.7
_ENCRYPTED = 0x1
_RATIO_GRACE_BYTES = 1024 * 1024  # the ratio counts from here on: a small repetitive log is no bomb
_END_RECORD = b"PK\x05\x06"  # end of central directory record, APPNOTE.TXT 4.3.16; its comment has at most 65,535 bytes
_END_SEARCH_BYTES = 22 + 65_535
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # LZMA allocates as much memory as its header says
_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    gzip.BadGzipFile,
    struct.error,
    EOFError,
    RuntimeError,  # encrypted, or of a method that zipfile does not know
    OSError,
    ValueError,  # a name that is not in its encoding, an invalid header
)


@dataclass(frozen=True, slots=True)
class Member:
    """One file that may be a report: its stream, or the reason it was refused."""

    path: str
    stream: BinaryIO | None
    fault: str | None = None


class DamagedError(InvalidReportError):
    """A member cannot be inflated any further; the bytes read before are intact."""


class _Gz(gzip.GzipFile):
    """A gz file that returns what it has inflated before it fails."""

    def read(self, size: int | None = -1) -> bytes:
        """Read at most `size` bytes, fewer where more have to be inflated first."""
        return super().read(size) if size is None or size < 0 else self.read1(size)


class _LimitedStream:
    """A stream that counts the bytes it inflates, and raises beyond the limits."""

    def __init__(self, stream: BinaryIO, limit: int, packed: int, limits: Limits) -> None:
        self._stream = stream
        self._max_bytes = limit
        self._max_bytes_by_ratio = max(packed, 1) * limits.ratio + _RATIO_GRACE_BYTES
        self._limits = limits
        self.used = 0

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._stream.read(size)
        except _FAULTS as error:
            message = f"This archive was refused: a member is damaged or unreadable ({error})."
            raise DamagedError(message) from error
        self.used += len(data)
        if self.used > self._max_bytes:
            _refuse(f"it inflates to more than {self._limits.archive_bytes:,} bytes")
        if self.used > self._max_bytes_by_ratio:
            _refuse(f"it inflates more than {self._limits.ratio} times")
        return data


def members(name: str, stream: BinaryIO, limits: Limits = DEFAULT) -> Iterator[Member]:
    """The files of an archive that may be reports, in order of name; a file that is no archive is its only member.

    A member that may not be read carries the reason. A stream is valid until the next member is requested.

    Raises:
        InvalidReportError: the archive as a whole is damaged, hostile or beyond a limit.
    """
    stream.seek(0)
    magic = stream.read(4)
    stream.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        yield Member(name.removesuffix(".gz"), _inflate(stream, limits))
    elif magic.startswith(b"PK"):
        yield from _zip_members(stream, limits)
    elif name.lower().endswith(".zip"):
        _refuse("it is named .zip but is not one")
    else:
        yield Member(name, stream)


def _inflate(stream: BinaryIO, limits: Limits) -> BinaryIO:
    packed = stream.seek(0, 2)
    stream.seek(0)
    inflating = cast("BinaryIO", _Gz(fileobj=stream, mode="rb"))
    return cast("BinaryIO", _LimitedStream(inflating, limits.report_bytes, packed, limits))


def _zip_members(stream: BinaryIO, limits: Limits) -> Iterator[Member]:
    _check_directory(stream, limits)
    try:
        archive = zipfile.ZipFile(stream)
    except _FAULTS as error:
        _refuse(f"it is damaged ({error})", error)
    entries = archive.infolist()
    if len(entries) > limits.entries:
        _refuse(f"it has {len(entries):,} entries, {limits.entries:,} are allowed")
    wanted = [entry for entry in entries if not entry.filename.endswith("/") and _may_be_report(entry.filename)]
    if sum(entry.file_size for entry in wanted) > limits.archive_bytes:
        _refuse(f"it inflates to more than {limits.archive_bytes:,} bytes")
    _check_overlaps(entries)
    remaining = limits.archive_bytes
    for entry in sorted(wanted, key=lambda entry: (entry.filename, entry.header_offset)):
        path = _printable(entry.filename)
        fault = _fault(entry)
        if fault:
            yield Member(path, None, fault)
            continue
        try:
            packed_stream = archive.open(entry)
        except _FAULTS as error:
            yield Member(path, None, f"it cannot be opened ({error})")
            continue
        limited = _LimitedStream(cast("BinaryIO", packed_stream), remaining, entry.compress_size, limits)
        unpacked = limited
        if entry.filename.lower().endswith(".gz"):
            inflating = cast("BinaryIO", _Gz(fileobj=cast("BinaryIO", limited), mode="rb"))
            unpacked = _LimitedStream(inflating, remaining, entry.compress_size, limits)
        yield Member(path, cast("BinaryIO", unpacked))
        packed_stream.close()
        remaining -= unpacked.used


def _may_be_report(path: str) -> bool:
    name = path.replace("\\", "/").rpartition("/")[2].lower()
    if name == "trace.zip" or path.startswith("__MACOSX/"):  # Playwright's recordings; macOS's resource forks
        return False
    return name.endswith((*REPORT_SUFFIXES, ".zip"))


def _printable(path: str) -> str:
    """A member's name, short and printable; it is never used to open a file."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in path)
    return plain if len(plain) <= _PATH_LENGTH else f"…{plain[1 - _PATH_LENGTH :]}"


def _fault(entry: zipfile.ZipInfo) -> str | None:
    if entry.flag_bits & _ENCRYPTED:
        return "it is encrypted"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "it is a link"
    if entry.compress_type not in _METHODS:
        return "it is packed in another way than deflate"
    if entry.filename.lower().endswith(".zip"):
        return "it is an archive inside an archive"
    return None


def _check_directory(stream: BinaryIO, limits: Limits) -> None:
    """Refuse a directory that is too large, before zipfile builds an object for each of its entries."""
    size = stream.seek(0, 2)
    stream.seek(max(size - _END_SEARCH_BYTES, 0))
    tail = stream.read(_END_SEARCH_BYTES)
    stream.seek(0)
    at = tail.rfind(_END_RECORD)
    declared = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    zip64 = 0xFFFFFFFF
    if declared != zip64 and declared > limits.directory_bytes:
        _refuse(f"its directory is larger than {limits.directory_bytes:,} bytes")
    if declared == zip64 and size > limits.archive_bytes:
        _refuse(f"it is larger than {limits.archive_bytes:,} bytes")


def _check_overlaps(entries: list[zipfile.ZipInfo]) -> None:
    """Refuse entries that share bytes: overlapping is how a small archive inflates without a high ratio."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            _refuse("its entries overlap")
        end = (
            entry.header_offset
            + _LOCAL_HEADER_BYTES
            + len(entry.orig_filename.encode("utf-8", "replace"))
            + entry.compress_size
        )


def _refuse(fault: str, cause: BaseException | None = None) -> NoReturn:
    message = f"This archive was refused: {fault}."
    raise InvalidReportError(message) from cause
