"""The state of every case that ever failed: beliefs, one column per case, and a record of counters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bot.analysis.scoring.model import Floats, Model
from bot.errors import FlakeGuardError

WINDOW = 256
"""Executions of a variant within which a pass and a failure on one commit count as mixed."""
RECORD = np.dtype(
    [
        ("pred", "<f8"),
        ("unused", "<f8", 3),
        ("failed_at", "<f8"),
        ("outage_at", "<f8"),
        ("last", "<i4"),
        ("good_at", "<i4"),
        ("good_before", "<i4"),
        ("bad_from", "<i4"),
        ("bad_to", "<i4"),
        ("good_from", "<i4"),
        ("runs", "<i4"),
        ("failures", "<i4"),
        ("outside", "<i4"),
        ("mixed", "<i4"),
        ("mixed_run", "<i4"),
        ("clean", "<i4"),
        ("streak", "<i4"),
        ("episodes", "<i4"),
        ("episode", "<i4"),
        ("anchor", "<i4"),
        ("calm", "u1"),
        ("status", "u1"),
        ("passed_bits", "u1", WINDOW // 8),
        ("failed_bits", "u1", WINDOW // 8),
    ]
)
"""One active case.

`pred` is the chance that it fails next on main; `unused` keeps the size of stored states. Times are in seconds. `last`
is the newest main position that ran it, `good_at` the newest at which it passed; `good_before`, `bad_from`, `bad_to`
and `good_from` bound its latest failures on main without a pass between (0 if there is no such bound). `outside` counts
failing executions outside outages, `mixed` commits with both outcomes, the last at run `mixed_run`; `clean` passes
since the last failure, `streak` failures on main since the last pass there; `episodes` breakages on main (`calm` is 1
once the belief was below .2); `episode` how many statuses it has had, of which `status` is the last, as an index of
`status.CODES`. The bits say, by execution of the variant modulo WINDOW, whether it passed and failed (outside outages);
they are valid up to execution `anchor`.
"""
Records = np.ndarray[tuple[int], np.dtype[np.void]]
Indices = NDArray[np.intp]


def check_version(version: int | None, expected: int) -> None:
    """Refuse the state of another model.

    Raises:
        FlakeGuardError: it is of another model.
    """
    if version != expected:
        message = f"The stored state is of scoring model {version}, not {expected}: rebuild it from the stored runs."
        raise FlakeGuardError(message)


class ActiveCases:
    """The cases of one variant that ever failed, in the order of their first failures.

    `beliefs` has shape (3, hypotheses, capacity): the hypothesis, bad code at main's head given it, and the same at the
    last failure on main (in the published model: one main commit earlier). `records` has shape (capacity,). The first
    `count` columns are in use.
    """

    __slots__ = ("beliefs", "case_ids", "count", "records")

    def __init__(self, hypotheses: int) -> None:
        self.count = 0
        self.case_ids = np.empty(0, dtype=np.int32)
        self.beliefs: Floats = np.empty((3, hypotheses, 0))
        self.records: Records = np.zeros(0, dtype=RECORD)

    def add(self, case_ids: NDArray[np.int32]) -> Indices:
        """Add cases; returns their indices."""
        start, self.count = self.count, self.count + len(case_ids)
        capacity = len(self.case_ids)
        if self.count > capacity:
            more = max(self.count - capacity, capacity // 2, 16)
            self.case_ids = np.concatenate([self.case_ids, np.zeros(more, dtype=np.int32)])
            self.records = np.concatenate([self.records, np.zeros(more, dtype=RECORD)])
            self.beliefs = np.concatenate([self.beliefs, np.zeros((3, self.beliefs.shape[1], more))], axis=2)
        self.case_ids[start : self.count] = case_ids
        return np.arange(start, self.count)

    def pack(self, positions: Indices, version: int) -> list[bytes]:
        """The state of cases, one `bytes` each."""
        beliefs = self.beliefs[:, :, positions].transpose(2, 0, 1).reshape(len(positions), 3 * self.beliefs.shape[1])
        row = np.dtype([("version", "u1"), ("beliefs", "<f8", beliefs.shape[1]), ("record", RECORD)])
        rows = np.zeros(len(positions), dtype=row)
        rows["version"] = version
        rows["beliefs"] = beliefs
        rows["record"] = self.records[positions]
        data = rows.tobytes()
        return [data[start : start + row.itemsize] for start in range(0, len(data), row.itemsize)]

    @classmethod
    def unpack(cls, packed: Iterable[tuple[int, bytes]], model: Model) -> Self:
        """Cases as `pack` wrote them.

        Raises:
            FlakeGuardError: a state is of another model.
        """
        ordered = sorted(packed)
        hypotheses = len(model.hypotheses)
        cases = cls(hypotheses)
        if not ordered:
            return cases
        row = np.dtype([("version", "u1"), ("beliefs", "<f8", 3 * hypotheses), ("record", RECORD)])
        for _, data in ordered:
            check_version(data[0] if len(data) == row.itemsize else None, model.version)
        rows = np.frombuffer(b"".join(data for _, data in ordered), dtype=row)
        positions = cases.add(np.array([case_id for case_id, _ in ordered], dtype=np.int32))
        cases.beliefs[:, :, positions] = rows["beliefs"].reshape(len(positions), 3, hypotheses).transpose(1, 2, 0)
        cases.records[positions] = rows["record"]
        return cases
