"""What makes rows of two tables belong together, and rows belong to a channel."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from bot.analysis.model import Channel, RepositoryId, RunId
from bot.store import record
from bot.store.tables.judging import clusters
from bot.store.tables.results import cases, fingerprints, runs


def run_of(table: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a run is the one a row names."""
    return sa.and_(runs.c.repository_id == table.c.repository_id, runs.c.id == table.c.run_id)


def case_of(table: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a case is the one a row names."""
    return sa.and_(cases.c.repository_id == table.c.repository_id, cases.c.id == table.c.case_id)


def cluster_of(table: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a cluster is the one a row names."""
    return sa.and_(clusters.c.repository_id == table.c.repository_id, clusters.c.id == table.c.cluster_id)


def fingerprint_of(table: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a fingerprint is the one a row names."""
    return sa.and_(fingerprints.c.repository_id == table.c.repository_id, fingerprints.c.id == table.c.fingerprint_id)


def same_case(table: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether two rows name the same case."""
    return sa.and_(table.c.repository_id == other.c.repository_id, table.c.case_id == other.c.case_id)


def is_of_cases(
    table: sa.FromClause, repository_ids: Iterable[RepositoryId], case_ids: Iterable[int]
) -> sa.ColumnElement[bool]:
    """Whether a row names one of some cases of repositories."""
    return sa.and_(table.c.repository_id.in_(repository_ids), record.is_any(table.c.case_id, case_ids))


def is_of_runs(table: sa.FromClause, repository_id: RepositoryId, run_ids: Iterable[RunId]) -> sa.ColumnElement[bool]:
    """Whether a row names one of some runs of a repository."""
    return sa.and_(table.c.repository_id == repository_id, record.is_any(table.c.run_id, run_ids))


def is_channel(table: sa.FromClause, channel: Channel) -> sa.ColumnElement[bool]:
    """Whether a row is of a channel."""
    return sa.and_(table.c.workspace_id == channel.workspace_id, table.c.channel == channel.id)


def same_run(table: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether two rows are about attempts of the same run of GitHub."""
    return sa.and_(table.c.repository_id == other.c.repository_id, table.c.github_run_id == other.c.github_run_id)


def same_variant(table: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether two rows of a repository are about the same variant of the same run."""
    return sa.and_(table.c.run_id == other.c.run_id, table.c.variant == other.c.variant)


def same_channel(table: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether two rows are of the same channel."""
    return sa.and_(table.c.workspace_id == other.c.workspace_id, table.c.channel == other.c.channel)


def is_one_of(table: sa.FromClause, channels: Iterable[Channel]) -> sa.ColumnElement[bool]:
    """Whether a row is of one of some channels."""
    keys = [(channel.workspace_id, channel.id) for channel in channels]
    return sa.tuple_(table.c.workspace_id, table.c.channel).in_(keys)


def key_of(channel: Channel) -> dict[str, str | int]:
    """The columns that name a channel."""
    return {"workspace_id": channel.workspace_id, "channel": channel.id}
