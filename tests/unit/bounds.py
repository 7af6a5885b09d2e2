"""The bounds of a reader that a test may set."""

from __future__ import annotations

from typing import TypedDict


class Bounds(TypedDict, total=False):
    """Some of the fields of `limits.Limits`."""

    report_bytes: int
    archive_bytes: int
    directory_bytes: int
    chunk_bytes: int
    entries: int
    ratio: int
    depth: int
    token_bytes: int
    names: int
    cases: int
    results: int
    case_length: int
    name_length: int
    message_length: int
    text_length: int
    run_text: int
