"""Labels: people's verdicts on cases, with who gave them, when and where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.analysis.model import Actor, CaseId, RepositoryId, Status

MINE_FACTOR = 1 / 6
"""How many times as likely a person is to say "It is me" of a flaky case as of one that is not.

An author owns up to a failure of their own nine times in ten, and takes a flake for their own in three of twenty.
"""


class LabelVerdict(StrEnum):
    """A verdict on a case; `mine` is an author's "It is me", `never` a wish and no claim about the case."""

    FLAKY = "flaky"
    BUG = "bug"
    INFRA = "infra"
    FIXED = "fixed"
    NEVER = "never"
    MINE = "mine"

    @property
    def says_flaky(self) -> bool | None:
        """Whether the case is flaky by this verdict; None if it does not say."""
        return None if self is LabelVerdict.NEVER else self is LabelVerdict.FLAKY


class LabelSource(StrEnum):
    """Where a verdict was given."""

    CARD = "card"
    PROPOSAL = "proposal"
    APPROVAL = "approval"
    REJECTION = "rejection"
    AUTHOR = "author"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLabel:
    """One verdict of one person, with the status and p_flaky of the worst variant at that moment.

    `head_sha` is the commit it is about, None for none.
    """

    repository_id: RepositoryId
    case_id: CaseId
    verdict: LabelVerdict
    source: LabelSource
    actor: Actor
    status: Status
    p_flaky: float
    head_sha: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Label(NewLabel):
    """A stored label; `features`, of the worst variant, are of the version `features_version`, None if not recorded."""

    id: int
    features: tuple[float, ...] | None
    features_version: int
