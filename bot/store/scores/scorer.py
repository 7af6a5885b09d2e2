"""The state of the filter: the part that a repository shares, counts in blocks of cases, beliefs of branches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from bot.analysis.model import CaseId, RepositoryId
from bot.analysis.scoring import MODEL, RepositoryMemory
from bot.analysis.scoring.inactive import COUNTS
from bot.store import record
from bot.store.database import Session
from bot.store.tables.judging import branch_beliefs, pass_counts, scorers

BLOCK = 4096
"""How many neighbouring case numbers have their counts in one row, so that a run writes its own cases only."""
ROWS = COUNTS


@dataclass(frozen=True, slots=True)
class StoredScorer:
    """The repository's part of the state, and the model it is of."""

    state: bytes
    model: int
    keys: int
    outgrown: bool

    @classmethod
    def of(cls, memory: RepositoryMemory) -> StoredScorer:
        """The part of a scorer of the model of today."""
        return cls(memory.to_bytes(MODEL.version), MODEL.version, memory.keys, memory.is_outgrown)


class Counts:
    """The counts of the blocks in which some cases of a variant are."""

    __slots__ = ("_blocks",)

    def __init__(self, blocks: dict[int, NDArray[np.int32]]) -> None:
        self._blocks = blocks

    def get(self, case_ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """The counts of cases, of shape (ROWS, cases); zeros where nothing is known."""
        counts = np.zeros((ROWS, len(case_ids)), dtype=np.int32)
        blocks = case_ids // BLOCK
        for number, block in self._blocks.items():
            inside = blocks == number
            counts[:, inside] = block[:, case_ids[inside] % BLOCK]
        return counts

    def set(self, case_ids: NDArray[np.int32], counts: NDArray[np.int32]) -> None:
        """Replace the counts of cases."""
        blocks = case_ids // BLOCK
        for number in np.unique(blocks).tolist():
            inside = blocks == number
            block = self._blocks.setdefault(number, np.zeros((ROWS, BLOCK), dtype=np.int32))
            block[:, case_ids[inside] % BLOCK] = counts[:, inside]

    def rows(self) -> list[tuple[int, bytes]]:
        """Every block, packed."""
        return [(number, block.tobytes()) for number, block in sorted(self._blocks.items())]


def lock(session: Session, repository_id: RepositoryId) -> StoredScorer | None:
    """The repository's part of the state; locks it until the transaction ends, so runs are judged one after another."""
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(repository_id)))
    return find(session, repository_id)


def find(session: Session, repository_id: RepositoryId) -> StoredScorer | None:
    """The repository's part of the state as it is stored; None before the first run was judged."""
    query = sa.select(*record.columns(scorers, StoredScorer)).where(scorers.c.repository_id == repository_id)
    return record.find(session, StoredScorer, query)


def put(session: Session, repository_id: RepositoryId, scorer: StoredScorer, now: datetime) -> None:
    """Store the repository's part of the state."""
    record.put(session, scorers, {"repository_id": repository_id}, {**record.values(scorer), "updated_at": now})


def get_keys(session: Session, repository_id: RepositoryId) -> int:
    """The number of (case, variant) the scores were computed with; 1 before the first run."""
    query = sa.select(scorers.c["keys"]).where(scorers.c.repository_id == repository_id)
    return record.find_value(session, query) or 1


def list_outdated(session: Session, model: int) -> list[RepositoryId]:
    """The repositories whose scores are of another model, or of a number of cases they have outgrown."""
    rows = session.execute(
        sa.select(scorers.c.repository_id)
        .where(sa.or_(scorers.c.model != model, scorers.c.outgrown))
        .order_by(scorers.c.repository_id)
    )
    return [RepositoryId(row[0]) for row in rows]


def get_counts(
    session: Session, repository_id: RepositoryId, case_ids: Mapping[str, NDArray[np.int32]]
) -> dict[str, Counts]:
    """By variant the counts of the blocks in which these cases of it are."""
    blocks = [(variant, block) for variant, ids in case_ids.items() for block in np.unique(ids // BLOCK).tolist()]
    query = sa.select(pass_counts.c.variant, pass_counts.c.block, pass_counts.c.counts).where(
        pass_counts.c.repository_id == repository_id,
        sa.tuple_(pass_counts.c.variant, pass_counts.c.block).in_(blocks),
    )
    counts: dict[str, dict[int, NDArray[np.int32]]] = {variant: {} for variant in case_ids}
    for variant, block, data in session.execute(query):
        counts[variant][block] = np.frombuffer(data, dtype=np.int32).reshape(ROWS, BLOCK).copy()
    return {variant: Counts(of_variant) for variant, of_variant in counts.items()}


def put_counts(session: Session, repository_id: RepositoryId, counts: Mapping[str, Counts]) -> None:
    """Store the blocks of counts of variants."""
    rows = [
        {"repository_id": repository_id, "variant": variant, "block": number, "counts": data}
        for variant, of_variant in counts.items()
        for number, data in of_variant.rows()
    ]
    record.put_all(session, pass_counts, rows, value="counts")


def list_counts(
    session: Session, case_ids: Mapping[RepositoryId, Collection[CaseId]]
) -> Iterator[tuple[RepositoryId, str, list[CaseId], NDArray[np.int32]]]:
    """The counts of cases: by repository, variant and block its cases, and their counts of shape (ROWS, cases)."""
    blocks: dict[tuple[int, int], list[CaseId]] = {}
    for repository_id, of_repository in case_ids.items():
        for case_id in sorted(set(of_repository)):
            blocks.setdefault((repository_id, case_id // BLOCK), []).append(case_id)
    if not blocks:
        return
    rows = session.execute(
        sa.select(pass_counts.c.repository_id, pass_counts.c.variant, pass_counts.c.block, pass_counts.c.counts)
        .where(sa.tuple_(pass_counts.c.repository_id, pass_counts.c.block).in_(blocks))
        .order_by(pass_counts.c.repository_id, pass_counts.c.variant, pass_counts.c.block)
    )
    for repository_id, variant, block, data in rows:
        cases = blocks[repository_id, block]
        counts = np.frombuffer(data, dtype=np.int32).reshape(ROWS, BLOCK)
        yield RepositoryId(repository_id), variant, cases, counts[:, [case_id % BLOCK for case_id in cases]]


def list_blocks(
    session: Session, repository_ids: Collection[RepositoryId]
) -> Iterator[tuple[RepositoryId, int, NDArray[np.int32]]]:
    """The counts of all cases of repositories: block by block and variant by variant, each of shape (ROWS, BLOCK)."""
    query = sa.select(pass_counts.c.repository_id, pass_counts.c.block, pass_counts.c.counts).where(
        pass_counts.c.repository_id.in_(repository_ids)
    )
    for repository_id, block, data in session.execute(query):
        yield RepositoryId(repository_id), block, np.frombuffer(data, dtype=np.int32).reshape(ROWS, BLOCK)


def list_branch_beliefs(
    session: Session, repository_id: RepositoryId, variants: Collection[str], branch: int
) -> dict[str, bytes]:
    """By variant what is believed of a branch, packed; `branch` is the hash of its name."""
    query = sa.select(branch_beliefs.c.variant, branch_beliefs.c.beliefs).where(
        branch_beliefs.c.repository_id == repository_id,
        branch_beliefs.c.variant.in_(variants),
        branch_beliefs.c.branch == _signed(branch),
    )
    return {row[0]: row[1] for row in session.execute(query)}


def put_branch_beliefs(
    session: Session, repository_id: RepositoryId, beliefs: Iterable[tuple[str, int, bytes]]
) -> None:
    """Store what is believed of branches, by variant and the hash of the name."""
    rows = [
        {"repository_id": repository_id, "variant": variant, "branch": _signed(branch), "beliefs": data}
        for variant, branch, data in beliefs
    ]
    record.put_all(session, branch_beliefs, rows, value="beliefs")


def delete_branches(session: Session, repository_id: RepositoryId, branches: Collection[int]) -> None:
    """Remove branches that the filter remembers no longer."""
    if branches:
        session.execute(
            sa.delete(branch_beliefs).where(
                branch_beliefs.c.repository_id == repository_id,
                branch_beliefs.c.branch.in_([_signed(branch) for branch in branches]),
            )
        )


def delete(session: Session, repository_id: RepositoryId) -> None:
    """Remove the state of a repository, to be written again."""
    for table in (scorers, pass_counts, branch_beliefs):
        session.execute(sa.delete(table).where(table.c.repository_id == repository_id))


def _signed(number: int) -> int:
    """A 64-bit hash as PostgreSQL's bigint."""
    return number - 2**64 if number >= 2**63 else number
