"""What is remembered of every case that ever failed: beliefs, one column per case, and a record of counters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bot.analysis.scoring.model import Floats, Model
from bot.errors import FlakeGuardError

WINDOW = 256
"""How many executions of a variant back a pass and a failure on one commit are seen as one."""
RECORD = np.dtype(
    [
        ("pred", "<f8"),
        ("mass", "<f8", 3),
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

`pred` chance that it fails next on main; `mass` of its failures by cause (flaky, broken, infra), decayed; times in
seconds; `last` main position it was seen at, `good_at` the newest at which it passed; `good_before`, `bad_from`,
`bad_to` and `good_from` bound its latest failures on main without a pass between (0 where there is no such bound);
`outside` failing executions outside outages; `mixed` commits with both outcomes, the latest at run `mixed_run`; `clean`
passes since it last failed, `streak` failures on main since it last passed there; `episodes` breakages on main, `calm`
is 1 once the belief was below .2; `status` as a place in `status.CODES`, and `episode` how many it has had.
The bits say, by execution of the variant modulo WINDOW, whether it passed and failed (outside outages); they are true
up to execution `anchor`.
"""
Records = np.ndarray[tuple[int], np.dtype[np.void]]
Places = NDArray[np.intp]


def check_version(found: int | None, expected: int) -> None:
    """Refuse a state of another model: read as this one's it would be nonsense.

    Raises:
        FlakeGuardError: it is of another.
    """
    if found != expected:
        message = f"The stored state is of scoring model {found}, not {expected}: rebuild it from the stored runs."
        raise FlakeGuardError(message)


class ActiveCases:
    """The cases of one variant that ever failed, in the order in which they did.

    `beliefs` has shape (3, hypotheses, room): the hypothesis, bad code at main's head given it, and the same where it
    last failed on main (in the published model: one main commit earlier). `records` has shape (room,). The first
    `count` columns are in use.
    """

    __slots__ = ("beliefs", "case_ids", "count", "records")

    def __init__(self, hypotheses: int) -> None:
        self.count = 0
        self.case_ids = np.empty(0, dtype=np.int32)
        self.beliefs: Floats = np.empty((3, hypotheses, 0))
        self.records: Records = np.zeros(0, dtype=RECORD)

    def add(self, case_ids: NDArray[np.int32]) -> Places:
        """Make room for new cases; returns their places."""
        start, self.count = self.count, self.count + len(case_ids)
        room = len(self.case_ids)
        if self.count > room:
            more = max(self.count - room, room // 2, 16)
            self.case_ids = np.concatenate([self.case_ids, np.zeros(more, dtype=np.int32)])
            self.records = np.concatenate([self.records, np.zeros(more, dtype=RECORD)])
            self.beliefs = np.concatenate([self.beliefs, np.zeros((3, self.beliefs.shape[1], more))], axis=2)
        self.case_ids[start : self.count] = case_ids
        return np.arange(start, self.count)

    def pack(self, positions: Places, version: int) -> list[bytes]:
        """The state of cases, one text of bytes each."""
        beliefs = self.beliefs[:, :, positions].transpose(2, 0, 1).reshape(len(positions), 3 * self.beliefs.shape[1])
        row = np.dtype([("version", "u1"), ("beliefs", "<f8", beliefs.shape[1]), ("record", RECORD)])
        rows = np.zeros(len(positions), dtype=row)
        rows["version"] = version
        rows["beliefs"] = beliefs
        rows["record"] = self.records[positions]
        data = rows.tobytes()
        return [data[at : at + row.itemsize] for at in range(0, len(data), row.itemsize)]

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
