"""What a change asks to be said, and where: the notices behind every card, thread line and check run."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.analysis.model import CaseId, Place, RepositoryId, RunId, Status
from bot.services import judge
from bot.store import notices, results
from bot.store.database import Session
from bot.store.notices import Kind

CHECK_AGE = timedelta(days=7)
"""Check runs of commits older than this are left as they are."""
IMPORT_DELAY = timedelta(seconds=3)
"""How long the message about imported history waits for more of it."""


def check(session: Session, repository_id: RepositoryId, head_sha: str, now: datetime) -> None:
    """Bring the check run of a commit up to date."""
    notices.put(
        session,
        kind=Kind.CHECK,
        key=f"check:{repository_id}:{head_sha}",
        repository_id=repository_id,
        detail=head_sha,
        now=now,
        again=True,
    )


def checks_of_case(session: Session, repository_id: RepositoryId, case_id: CaseId, now: datetime) -> None:
    """Bring the check runs of recent commits on which a case failed up to date."""
    for head_sha in results.list_failing_heads(session, repository_id, case_id, now - CHECK_AGE):
        check(session, repository_id, head_sha, now)


def card_key(repository_id: RepositoryId, case_id: CaseId, place: Place) -> str:
    """The natural key of the one living card of a case in a channel."""
    return f"card:{repository_id}:{case_id}:{place}"


def card(session: Session, repository_id: RepositoryId, case_id: CaseId, place: Place, now: datetime) -> None:
    """Post the card of a case in a channel, or bring it up to date."""
    notices.put(
        session,
        kind=Kind.CARD,
        key=card_key(repository_id, case_id, place),
        repository_id=repository_id,
        ref=case_id,
        place=place,
        now=now,
        again=True,
    )


def cards(
    session: Session, repository_id: RepositoryId, case_id: CaseId, now: datetime, *, opening: Place | None = None
) -> list[Place]:
    """Bring every card of a case up to date, and open one at `opening`; returns the places."""
    places = set(notices.list_card_places(session, repository_id, case_id))
    if opening:
        places.add(opening)
    for place in sorted(places):
        card(session, repository_id, case_id, place, now)
    return sorted(places)


def move(
    session: Session,
    repository_id: RepositoryId,
    case_id: CaseId,
    entry: int,
    now: datetime,
    *,
    opening: Place | None = None,
) -> None:
    """Tell of a move of a quarantine: cards, their threads, and the check runs it turns."""
    for place in cards(session, repository_id, case_id, now, opening=opening):
        notices.put(
            session,
            kind=Kind.HISTORY,
            key=f"history:{entry}:{place}",
            repository_id=repository_id,
            ref=entry,
            place=place,
            now=now,
        )
    checks_of_case(session, repository_id, case_id, now)


def status_change(
    session: Session, repository_id: RepositoryId, change: judge.Change, place: Place | None, now: datetime
) -> None:
    """Tell of a case whose status moved; only a flaky one opens a card.

    A broken one is the check run's and the author's business; one with a card has it brought up to date.
    """
    opening = place if change.after is Status.FLAKY else None
    for where in cards(session, repository_id, change.case_id, now, opening=opening):
        notices.put(
            session,
            kind=Kind.STATUS,
            key=f"alert:{change.case_id}:{change.episode}:{where}",
            repository_id=repository_id,
            ref=change.case_id,
            detail=f"{change.before}>{change.after}",
            place=where,
            now=now,
        )


def incident(session: Session, repository_id: RepositoryId, run_id: RunId, place: Place | None, now: datetime) -> None:
    """Tell once that far more failed in a run than usual."""
    if place:
        notices.put(
            session,
            kind=Kind.INCIDENT,
            key=f"incident:{repository_id}:{run_id}:{place}",
            repository_id=repository_id,
            ref=run_id,
            place=place,
            now=now,
        )


def unreadable(
    session: Session, repository_id: RepositoryId, run_id: RunId, place: Place | None, now: datetime
) -> None:
    """Tell once that parts of a run could not be read."""
    if place:
        notices.put(
            session,
            kind=Kind.UNREADABLE,
            key=f"unreadable:{repository_id}:{run_id}:{place}",
            repository_id=repository_id,
            ref=run_id,
            place=place,
            now=now,
        )


def imported(session: Session, repository_id: RepositoryId, place: Place | None, now: datetime) -> None:
    """Fold a run that is history into the one message of the day about imported history."""
    if place:
        notices.put(
            session,
            kind=Kind.IMPORTED,
            key=f"imported:{repository_id}:{now:%Y-%m-%d}:{place}",
            repository_id=repository_id,
            place=place,
            now=now,
            again=True,
            at=now + IMPORT_DELAY,
        )
