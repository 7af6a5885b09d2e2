"""What waits is said more loudly: a mention, a direct message, reminders before a quarantine ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.analysis import channel_schedule
from bot.analysis.model import ActorKind, CaseId, Channel, RepositoryId, WorkspaceId
from bot.analysis.quarantine import escalation
from bot.analysis.quarantine.escalation import EXPIRING, MENTION_AFTER
from bot.analysis.quarantine.lifecycle import Quarantine, State
from bot.analysis.quarantine.owner import is_person
from bot.queries import owner
from bot.store.cases import waiting as waiting_store
from bot.store.cases.waiting import OpenCard
from bot.store.conversation import card as card_store
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation import subscription as subscription_store
from bot.store.conversation.notice import Kind
from bot.store.database import Session
from bot.store.decisions import audit as audit_store
from bot.store.decisions import quarantine as quarantine_store

FORGOTTEN = timedelta(days=14)
"""What waits for longer is neither mentioned nor listed any more: nobody misses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """A card that waits for a decision, and since when."""

    repository_id: RepositoryId
    case_id: CaseId
    title: str
    channel: Channel
    since: datetime


def list_waiting(session: Session, now: datetime) -> Sequence[Undecided]:
    """What has waited for a decision for a day or more, the longest first."""
    found = []
    for card in waiting_store.list_cards(session, now - FORGOTTEN, now - MENTION_AFTER, now):
        since = _since(card)
        if since is not None and MENTION_AFTER <= now - since <= FORGOTTEN:
            found.append(
                Undecided(
                    repository_id=card.repository_id,
                    case_id=card.case_id,
                    title=card.title,
                    channel=card.channel,
                    since=since,
                )
            )
    return sorted(found, key=lambda one: (one.since, one.case_id, one.channel))


def climb(session: Session, now: datetime) -> int:
    """Ask for the next step of everything that waits, once each; returns how many were new."""
    found = 0
    undecided = list_waiting(session, now)
    hours = subscription_store.list_channels(session, sorted({one.channel for one in undecided}))
    paused = channel_pause_store.list_of(session, sorted({one.channel for one in undecided}))
    for one in undecided:
        rung = escalation.rung(one.since, now)
        if rung is None or one.channel in paused:
            continue
        channel = hours.get(one.channel)
        found += notice_store.put(
            session,
            kind=Kind.ESCALATION,
            key=f"escalation:{rung}:{one.repository_id}:{one.case_id}:{one.since:%Y%m%d%H%M}:{one.channel}",
            repository_id=one.repository_id,
            ref=one.case_id,
            detail=f"{rung}:{one.since.isoformat()}",
            channel=one.channel,
            now=now,
            at=channel_schedule.loud_from(channel.hours.quiet, channel.hours.zone, now) if channel else now,
        )
    return found


def remind(session: Session, now: datetime) -> int:
    """Ask for the reminders of quarantines that end soon, once each; returns how many were new."""
    found = 0
    for held in quarantine_store.list_ending(session, now, now + EXPIRING):
        days = reminder_due(held, now)
        if days is None or held.expires_at is None:
            continue
        channels = card_store.list_channels(session, held.repository_id, held.case_id)
        for channel in sorted(set(channels) - channel_pause_store.list_of(session, channels)):
            hours = subscription_store.get_channel(session, channel).hours
            found += notice_store.put(
                session,
                kind=Kind.REMINDER,
                key=f"reminder:{held.id}:{days}:{held.expires_at:%Y%m%d}:{channel}",
                repository_id=held.repository_id,
                ref=held.id,
                detail=str(days),
                channel=channel,
                now=now,
                at=channel_schedule.loud_from(hours.quiet, hours.zone, now),
            )
    return found


def reminder_due(quarantine: Quarantine, now: datetime) -> int | None:
    """How many days before its end a quarantine is reminded of now; None for not, or not any more."""
    if quarantine.expires_at is None:
        return None
    return escalation.reminder(quarantine.decided_at or quarantine.proposed_at, quarantine.expires_at, now)


def still_waits(
    session: Session, repository_id: RepositoryId, case_id: CaseId, channel: Channel, now: datetime
) -> bool:
    """Whether a case still waits for a decision: what was put to be said may be settled by the time it is said."""
    return any(
        one.repository_id == repository_id and one.case_id == case_id and one.channel == channel
        for one in list_waiting(session, now)
    )


def find_owners(
    session: Session, workspace_id: WorkspaceId, repository_id: RepositoryId, case_id: CaseId
) -> tuple[str, ...]:
    """Who answers for a case, as a workspace can mention them; none where nobody does."""
    named = owner.of_cases(session, repository_id, [case_id]).get(case_id, ())
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
    return since if card.said_at is None or card.said_at < since else None
