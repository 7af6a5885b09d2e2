"""The audit trail is the event: versions per aggregate, one writer after another, subscribers in their order."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy.exc import IntegrityError

from bot.analysis import audit
from bot.analysis.audit import AuditAction, AuditEvent, RecordedEvent
from bot.analysis.learning.label import LabelVerdict
from bot.analysis.model import Actor, ActorKind, CaseId, Channel, QuarantineId, RepositoryId, WorkspaceId
from bot.analysis.notice import AuditLineNotice
from bot.app import SUBSCRIBERS
from bot.services import author, event
from bot.store.database import Database, Session
from bot.store.decisions import audit as audit_store
from bot.store.scores import label as label_store
from bot.store.scores import score as score_store
from tests import stored_notices
from tests.store.run_recorder import REPOSITORY, START, RunRecorder

ANA = Actor(ActorKind.SLACK, "U0ANA", "Ana")
OTHER_REPOSITORY = RepositoryId(78)


@pytest.fixture
def no_subscribers() -> Iterator[None]:
    event.subscribe(())
    yield
    event.subscribe(SUBSCRIBERS)


def mute(case: int, repository_id: RepositoryId = REPOSITORY) -> AuditEvent:
    return audit.of_case(AuditAction.MUTE, repository_id, CaseId(case), ANA, START)


def incident(number: int) -> AuditEvent:
    return AuditEvent(
        action=AuditAction.START_INCIDENT, repository_id=REPOSITORY, aggregate_id=number, actor=ANA, at=START
    )


def extension(quarantine: int, version: int) -> AuditEvent:
    return AuditEvent(
        action=AuditAction.EXTEND,
        repository_id=REPOSITORY,
        aggregate_id=quarantine,
        version=version,
        actor=ANA,
        at=START,
    )


@pytest.mark.usefixtures("no_subscribers")
def test_versions_count_from_1_for_each_aggregate(db: Database) -> None:
    with db.begin() as session:
        of_case = [event.record(session, mute(1)).version for _ in range(3)]
        others = [mute(2), mute(1, OTHER_REPOSITORY), incident(1)]
        of_others = [recorded.version for recorded in event.record_all(session, others)]
        again = event.record_all(session, [mute(2), mute(1)])
    assert of_case == [1, 2, 3]
    assert of_others == [1, 1, 1]
    assert {recorded.aggregate_id: recorded.version for recorded in again} == {2: 2, 1: 4}


@pytest.mark.usefixtures("no_subscribers")
def test_an_event_with_the_version_of_its_quarantine_keeps_it(db: Database) -> None:
    with db.begin() as session:
        assert event.record(session, extension(1, 5)).version == 5
        latest = audit_store.find_latest(session, REPOSITORY, QuarantineId(1))
    assert latest is not None
    assert latest.version == 5


@pytest.mark.usefixtures("no_subscribers")
def test_of_two_writers_of_one_aggregate_the_second_waits_for_the_first(db: Database) -> None:
    versions: list[int | None] = []

    def write() -> None:
        with db.begin() as session:
            versions.append(event.record(session, mute(1)).version)

    second = threading.Thread(target=write)
    with db.begin() as session:
        first = event.record(session, mute(1)).version
        second.start()
        second.join(0.5)
        assert versions == []
    second.join(10)
    assert (first, versions) == (1, [2])


@pytest.mark.usefixtures("no_subscribers")
def test_writers_of_different_aggregates_do_not_wait_for_each_other(db: Database) -> None:
    with db.begin() as first, db.begin() as second:
        assert event.record(first, mute(1)).version == 1
        assert event.record(second, mute(2)).version == 1


@pytest.mark.usefixtures("no_subscribers")
def test_two_writers_of_one_version_of_a_quarantine_cannot_both_commit(db: Database) -> None:
    with db.begin() as session:
        event.record(session, extension(1, 2))
    with pytest.raises(IntegrityError), db.begin() as session:
        event.record(session, extension(1, 2))


@pytest.mark.usefixtures("no_subscribers")
def test_subscribers_react_in_their_order_to_the_events_of_one_repository(db: Database) -> None:
    reactions: list[tuple[str, list[int]]] = []

    def reacting(name: str) -> event.Subscriber:
        def react(_session: Session, events: Sequence[RecordedEvent]) -> None:
            assert len({recorded.repository_id for recorded in events}) == 1
            reactions.append((name, [recorded.aggregate_id for recorded in events]))

        return react

    event.subscribe([reacting("first"), reacting("second")])
    with db.begin() as session:
        event.record_all(session, [mute(1), mute(3, OTHER_REPOSITORY), mute(2)])
    assert reactions == [("first", [1, 2]), ("second", [1, 2]), ("first", [3]), ("second", [3])]


@pytest.mark.usefixtures("no_subscribers")
def test_an_event_is_not_recorded_if_a_subscriber_fails(db: Database) -> None:
    def fail(_session: Session, _events: Sequence[RecordedEvent]) -> None:
        raise ValueError

    event.subscribe([fail])
    with pytest.raises(ValueError, match=r"^$"), db.begin() as session:
        event.record(session, extension(1, 1))
    with db.begin() as session:
        assert audit_store.find_latest(session, REPOSITORY, QuarantineId(1)) is None


def test_the_bot_keeps_a_verdict_before_it_weighs_it_and_posts_it_last(db: Database) -> None:
    recorder = RunRecorder(db)
    recorder.default_channel = Channel(WorkspaceId(1), "C0DEV")
    for number in range(20):
        recorder.run({"cart": "F." if number % 6 == 2 else "."})
    sha = "f" * 40
    recorder.run({"cart": "F"}, branch="feature", sha=sha)
    case_id = recorder.case_id("cart")
    with db.begin() as session:
        (before,) = score_store.list_of_cases(session, [REPOSITORY], [case_id])
        author.claim_failures(session, REPOSITORY, [case_id], sha, ANA, recorder.now)
        (label,) = label_store.list_newest(session, REPOSITORY, 5)
        (applied,) = label_store.list_applied(session, REPOSITORY)
        (after,) = score_store.list_of_cases(session, [REPOSITORY], [case_id])
        lines = stored_notices.list_of_kind(session, AuditLineNotice)
    assert (label.verdict, label.p_flaky, label.id) == (LabelVerdict.MINE, before.p_flaky, applied.label_id)
    assert after.p_flaky < before.p_flaky
    assert len(lines) == 1
