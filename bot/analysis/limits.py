"""The bounds within which a report or an archive is read; beyond one it is refused, and the bound is named."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes are in bytes, lengths in characters."""

    report_bytes: int = 512 * 1024 * 1024
    archive_bytes: int = 1024 * 1024 * 1024
    directory_bytes: int = 4 * 1024 * 1024
    entries: int = 10_000
    ratio: int = 1000
    depth: int = 128
    token_bytes: int = 1024 * 1024
    names: int = 4096
    cases: int = 1_000_000
    name_length: int = 1000
    message_length: int = 4000
    text_length: int = 16_000


DEFAULT = Limits()
