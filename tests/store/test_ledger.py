"""Labels and the error ledger, on the real tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.analysis import audit
from bot.analysis.audit import AuditAction
from bot.analysis.learning.label import LabelSource, LabelVerdict
from bot.analysis.model import Actor, ActorKind, QuarantineId, Status
from bot.analysis.quarantine.lifecycle import RejectReason
from bot.analysis.quarantine.proposal import Proposal
from bot.queries import digest
from bot.services import author, event, quarantine
from bot.store import embedded
from bot.store.scores import label as label_store
from tests.store import deciding
from tests.store.recorded import Recorded, recording
from tests.store.run_recorder import RunRecorder

ANA = Actor(ActorKind.SLACK, "U01", "Ana")
BEN = Actor(ActorKind.SLACK, "U02", "Ben")


def _flake(recorder: RunRecorder) -> None:
    for number in range(40):
        recorder.run({"cart": "F." if number % 5 == 2 else ".", "tax": "."})


@pytest.fixture(scope="module")
def recorded(server: embedded.Server, template: str) -> Iterator[Recorded]:
    with recording(server, template, _flake) as recorded:
        yield recorded


@pytest.fixture
def recorder(recorded: Recorded) -> Iterator[RunRecorder]:
    """A shop whose `cart` fails now and then on the same code."""
    with recorded.copy() as recorder:
        yield recorder


def _propose(recorder: RunRecorder, name: str = "cart") -> QuarantineId:
    proposal = Proposal(case_id=recorder.case_id(name), days=14, reason="It flakes.")
    with recorder.db.begin() as session:
        return deciding.propose(session, recorder.repository_id, proposal, ANA, recorder.now)


def test_a_rejection_as_a_real_bug_counts_against_flaky_at_the_time(recorder: RunRecorder) -> None:
    quarantine_id = _propose(recorder)
    with recorder.db.begin() as session:
        quarantine.reject(
            session, deciding.of_quarantine(session, quarantine_id, BEN), RejectReason.BUG, "Real bug", recorder.now
        )
        given = label_store.list_newest(session, recorder.repository_id, 10)
    assert [(label.verdict, label.source, label.status, label.actor.name) for label in given] == [
        (LabelVerdict.FLAKY, LabelSource.PROPOSAL, Status.FLAKY, "Ana"),
        (LabelVerdict.BUG, LabelSource.REJECTION, Status.FLAKY, "Ben"),
    ]
    with recorder.db.begin() as session:
        line = digest.list_ledgers(
            session, [recorder.repository_id], recorder.now - timedelta(days=1), recorder.now + timedelta(seconds=1)
        )[0].of(Status.FLAKY)
    assert (line.confirmed, line.wrong, line.disputed) == (0, 0, 1)


def test_the_period_leaves_out_what_was_said_before_it(recorder: RunRecorder) -> None:
    quarantine_id = _propose(recorder)
    with recorder.db.begin() as session:
        deciding.approve(session, quarantine_id, BEN, recorder.now)
        later = recorder.now + timedelta(days=2)
        assert digest.list_ledgers(session, [recorder.repository_id], recorder.now + timedelta(days=1), later)[
            0
        ].is_empty
        line = digest.list_ledgers(session, [recorder.repository_id], recorder.now, later)[0].of(Status.FLAKY)
    assert (line.confirmed, line.error_rate) == (1, 0.0)


def test_a_regression_that_a_quarantine_masked_is_named_with_its_first_failure(recorder: RunRecorder) -> None:
    quarantine_id = _propose(recorder)
    with recorder.db.begin() as session:
        deciding.approve(session, quarantine_id, BEN, recorder.now)
    broke_at = recorder.now
    for _ in range(12):
        recorder.run({"cart": "FFF", "tax": "."})
    with recorder.db.begin() as session:
        (masked,) = digest.list_ledgers(session, [recorder.repository_id], broke_at, recorder.now)[0].masked
    assert masked.quarantine_id == quarantine_id
    assert masked.first_failure_at == broke_at
    assert broke_at <= masked.detected_at < recorder.now
    assert masked.title == "tests/test_cart.py::cart"


def test_a_real_bug_that_a_person_finds_under_a_quarantine_is_a_masked_regression(recorder: RunRecorder) -> None:
    quarantine_id = _propose(recorder)
    with recorder.db.begin() as session:
        deciding.approve(session, quarantine_id, BEN, recorder.now)
    recorder.run({"cart": "F", "tax": "."}, branch="feature")
    with recorder.db.begin() as session:
        authorized = deciding.of_case(session, recorder.repository_id, recorder.case_id("cart"), ANA)
        quarantine.label(session, authorized, RejectReason.BUG, "A bug", recorder.now)
        later = recorder.now + timedelta(minutes=1)
        (masked,) = digest.list_ledgers(session, [recorder.repository_id], recorder.now - timedelta(hours=2), later)[
            0
        ].masked
        before = digest.list_ledgers(session, [recorder.repository_id], recorder.now - timedelta(days=9), recorder.now)[
            0
        ].masked
    assert (masked.quarantine_id, masked.detected_at) == (quarantine_id, recorder.now)
    assert masked.first_failure_at == recorder.now - timedelta(hours=1)
    assert before == ()


def test_the_same_person_says_the_same_of_one_commit_once(recorder: RunRecorder) -> None:
    case_id = recorder.case_id("cart")

    def say(actor: Actor, sha: str) -> bool:
        with recorder.db.begin() as session:
            return bool(author.claim_failures(session, recorder.repository_id, [case_id], sha, actor, recorder.now))

    assert [say(ANA, "a" * 40), say(ANA, "a" * 40), say(BEN, "a" * 40), say(ANA, "b" * 40)] == [True, False, True, True]


def test_a_test_that_only_failed_in_an_outage_is_counted_as_it_was_shown(recorder: RunRecorder) -> None:
    many = {f"stock.{number}": "." for number in range(60)}
    for _ in range(5):
        recorder.run(many)
    recorder.run(dict.fromkeys(many, "F"))
    with recorder.db.begin() as session:
        for name, verdict in (("stock.3", LabelVerdict.INFRA), ("stock.4", LabelVerdict.MINE)):
            given = audit.of_case(
                AuditAction.LABEL, recorder.repository_id, recorder.case_id(name), ANA, recorder.now, verdict=verdict
            )
            event.record(session, given)
        (ledger,) = digest.list_ledgers(
            session, [recorder.repository_id], recorder.now - timedelta(days=1), recorder.now + timedelta(seconds=1)
        )
    assert (ledger.of(Status.INFRA).confirmed, ledger.of(Status.INFRA).wrong) == (1, 1)
    assert ledger.of(Status.HEALTHY).judged == 0
