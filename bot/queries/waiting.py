"""What waits for a decision, and who may make it."""

from __future__ import annotations

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


def list_undecided(session: Session, now: datetime) -> list[tuple[datetime, OpenCard]]:
    """The cards that have waited for a decision for a day or more, each with since when, the longest first."""
    cards = card_store.list_cards(session, now - FORGOTTEN, now - MENTION_AFTER, now)
    undecided = [(since, card) for card in cards if (since := _since(card)) is not None]
    return sorted(
        [(since, card) for since, card in undecided if MENTION_AFTER <= now - since <= FORGOTTEN],
        key=lambda pair: (pair[0], pair[1].case_id, pair[1].channel),
    )


def still_waits(
    session: Session, repository_id: RepositoryId, case_id: CaseId, channel: Channel, now: datetime
) -> bool:
    """Whether a case still waits for a decision when its message is due."""
    return any(
        (card.repository_id, card.case_id, card.channel) == (repository_id, case_id, channel)
        for _, card in list_undecided(session, now)
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
    owners = find_owners(session, channel.workspace_id, repository_id, case_id)
    people = [name for name in owners if is_person(name)]
    actors = (
        audit_store.find_person(session, repository_id, case_id),
        subscription_store.find_creator(session, channel),
    )
    people += [actor.id for actor in actors if actor is not None and actor.kind is ActorKind.SLACK]
    return list(dict.fromkeys(people))


def _since(card: OpenCard) -> datetime | None:
    """Since when a card waits; None where it was decided on."""
    if card.state is State.PROPOSED:
        return card.proposed_at
    if card.state in {State.ACTIVE, State.SUSPENDED} or not card.is_flaky:
        return None
    since = max(card.posted_at, card.flaky_at or card.posted_at)
    return since if card.acted_at is None or card.acted_at < since else None
