"""Everything a card, a list or a page shows of one case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.analysis.case_state import CaseState, VariantScore
from bot.analysis.model import CaseId, ClusterKind, OrderKind, RepositoryId, RunId, Status
from bot.analysis.quarantine.lifecycle import Quarantine


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureExcerpt:
    """The latest failure of a case, as a card shows it; `evidence` are the words that indicate the likely cause.

    `red_run` is its run while that is red and was not run again.
    """

    message: str
    text: str
    fingerprint_id: int | None
    variant: str
    sha: str
    run_number: int
    run_url: str
    occurred_at: datetime
    category: str = ""
    evidence: str = ""
    red_run: RunId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterMembership:
    """The cluster of one case as its card shows it: `others` names up to three more cases of `size` in all."""

    cluster_id: int
    kind: ClusterKind
    title: str
    size: int
    times: int
    owner: str | None
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NamedOrder:
    """An order-dependent suspect as its card shows it: the cases it follows or misses by name, and how many fit."""

    kind: OrderKind
    variant: str
    follows: tuple[str, ...]
    candidates: int
    failed: int
    passed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseProfile:
    """One case: its state, its latest failure, and the cases it fails with.

    `order` is set where its failures hang on the order of cases, `muted_until` while somebody muted it.
    """

    repository_id: RepositoryId
    repository: str
    case_id: CaseId
    uid: str
    title: str
    state: CaseState
    last_failure: FailureExcerpt | None
    first_seen_at: datetime
    cluster: ClusterMembership | None = None
    order: NamedOrder | None = None
    muted_until: datetime | None = None

    @property
    def status(self) -> Status:
        """The status of the case as people see it."""
        return self.state.status

    @property
    def variants(self) -> tuple[VariantScore, ...]:
        """Every variant, the worst first."""
        return self.state.variants

    @property
    def worst(self) -> VariantScore | None:
        """The variant whose figures stand for the case; None for a case that was never judged."""
        return self.state.worst


@dataclass(frozen=True, slots=True)
class ListedCase:
    """A case as a list shows it, with its latest quarantine; `stands_for` counts the cases that are one item."""

    profile: CaseProfile
    quarantine: Quarantine | None = None
    stands_for: int = 1
