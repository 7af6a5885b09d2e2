"""The limits within which a report or an archive is read; beyond one it is refused, and the message names it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes are in bytes, lengths in characters; `expired` is called for every chunk that is read.

    The defaults refuse nothing of the corpus that `tests.acceptance.corpus` reads.
    """

    report_bytes: int = 512 * 1024 * 1024
    archive_bytes: int = 1024 * 1024 * 1024
    directory_bytes: int = 4 * 1024 * 1024
    chunk_bytes: int = 64 * 1024
    entries: int = 10_000
    ratio: int = 1000
    depth: int = 128
    token_bytes: int = 1024 * 1024
    names: int = 4096
    cases: int = 1_000_000
    results: int = 1000
    case_length: int = 4096
    """Of the file, the class and the name of a case; a longer one is cut and keeps a hash of the whole."""
    name_length: int = 1000
    message_length: int = 4000
    text_length: int = 16_000
    run_text: int = 64_000_000
    """Of all failures of a run together; beyond it the messages are kept, the texts are not."""
    seconds: float = 0.0
    expired: Callable[[], bool] | None = None

    def within(self, seconds: float, clock: Callable[[], float]) -> Limits:
        """These limits and a deadline `seconds` from now by `clock`, a monotonic one that the entry point supplies."""
        end = clock() + seconds
        return replace(self, seconds=seconds, expired=lambda: clock() > end)


DEFAULT = Limits()
