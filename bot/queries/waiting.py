"""What waits for a decision, and who may make it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.analysis.model import ActorKind, CaseId, Channel, RepositoryId, WorkspaceId
from bot.analysis.quarantine.escalation import MENTION_AFTER
from bot.analysis.quarantine.lifecycle import State
from bot.analysis.quarantine.owner import is_person
from bot.queries import owner
from bot.store.conversation import card as card_store
from bot.store.conversation import subscription as subscription_store
from bot.store.conversation.card import OpenCard
from bot.store.database import Session
from bot.store.decisions import audit as audit_store

FORGOTTEN = timedelta(days=14)
"""What waits for longer is neither mentioned nor listed any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """A card that waits for a decision, and since when."""

    repository_id: RepositoryId
    case_id: CaseId
    title: str
    channel: Channel
    since: datetime


def list_undecided(session: Session, now: datetime) -> Sequence[Undecided]:
    """What has waited for a decision for a day or more, the longest first."""
    undecided = []
    for card in card_store.list_cards(session, now - FORGOTTEN, now - MENTION_AFTER, now):
        since = _since(card)
        if since is not None and MENTION_AFTER <= now - since <= FORGOTTEN:
            undecided.append(
                Undecided(
                    repository_id=card.repository_id,
                    case_id=card.case_id,
                    title=card.title,
                    channel=card.channel,
                    since=since,
                )
            )
    return sorted(undecided, key=lambda card: (card.since, card.case_id, card.channel))


def still_waits(
    session: Session, repository_id: RepositoryId, case_id: CaseId, channel: Channel, now: datetime
) -> bool:
    """Whether a case still waits for a decision when its message is due."""
    return any(
        (card.repository_id, card.case_id, card.channel) == (repository_id, case_id, channel)
        for card in list_undecided(session, now)
    )


def find_owners(
    session: Session, workspace_id: WorkspaceId, repository_id: RepositoryId, case_id: CaseId
) -> tuple[str, ...]:
    """The owners of a case, as a workspace can mention them; none where it has none."""
    named = owner.of_cases(session, [repository_id], [case_id]).get(case_id, ())
    return owner.mentionable(session, workspace_id, repository_id, named)


def find_people(session: Session, channel: Channel, repository_id: RepositoryId, case_id: CaseId) -> list[str]:
    """Who may be asked in person to decide, the first before the others; empty for nobody.

    The people who own the case; else who acted on it last, such as an approver or the proposer; else who subscribed the
    channel.
    """
    owning = find_owners(session, channel.workspace_id, repository_id, case_id)
    people = [name for name in owning if is_person(name)]
    acted = (
        audit_store.find_person(session, repository_id, case_id),
        subscription_store.find_creator(session, channel),
    )
    people += [actor.id for actor in acted if actor is not None and actor.kind is ActorKind.SLACK]
    return list(dict.fromkeys(people))


def _since(card: OpenCard) -> datetime | None:
    """Since when a card waits; None where it was decided on."""
    if card.state is State.PROPOSED:
        return card.proposed_at
    if card.state in {State.ACTIVE, State.SUSPENDED} or not card.is_flaky:
        return None
    since = max(card.posted_at, card.flaky_at or card.posted_at)
    return since if card.acted_at is None or card.acted_at < since else None
