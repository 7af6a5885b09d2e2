"""Incident windows: runs leave the scores, and what rested on them is taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.analysis.audit import AuditAction
from bot.analysis.incident import Kind, faulty_suites
from bot.analysis.model import Actor, ActorKind, Channel, Status, WorkspaceId
from bot.analysis.notice import KINDS, CheckRunNotice, IncidentNotice
from bot.analysis.quarantine.lifecycle import State
from bot.analysis.quarantine.proposal import Proposal
from bot.errors import ConflictError, InvalidInputError
from bot.jobs import rescore
from bot.queries import digest, explanation
from bot.services import incident
from bot.store.database import Database
from bot.store.decisions import audit as audit_store
from bot.store.decisions import quarantine as quarantine_store
from bot.store.scores import incident as incident_store
from bot.store.scores import score as score_store
from tests import stored_notices
from tests.store import deciding
from tests.store.rebuilt import context, everything
from tests.store.run_recorder import REPOSITORY, START, RunRecorder

OTHERS = dict.fromkeys((f"cart.test_{number}" for number in range(6)), ".")
ANA = Actor(ActorKind.SLACK, "U0ANA", "Ana")
HOUR = timedelta(hours=1)


@pytest.fixture
def recorder(db: Database) -> RunRecorder:
    made = RunRecorder(db)
    for _ in range(10):
        made.run({**OTHERS, "login.test_in": "."})
    return made


def outage(recorder: RunRecorder, runs: int = 4) -> None:
    for _ in range(runs):
        recorder.run({**OTHERS, "login.test_in": "F."})


def status(recorder: RunRecorder) -> Status:
    with recorder.db.begin() as session:
        statuses = score_store.list_statuses(session, REPOSITORY)
    return statuses.get(recorder.case_id("login.test_in"), Status.HEALTHY)


def propose(recorder: RunRecorder) -> None:
    proposal = Proposal(case_id=recorder.case_id("login.test_in"), days=14, reason="It is flaky.")
    with recorder.db.begin() as session:
        deciding.propose(session, REPOSITORY, proposal, ANA, recorder.now)


def test_runs_inside_an_open_window_say_nothing(recorder: RunRecorder) -> None:
    before = everything(recorder)["scores"]
    with recorder.db.begin() as session:
        incident.start(session, REPOSITORY, "the registry is down", ANA, recorder.now)
    outage(recorder)
    assert status(recorder) is Status.HEALTHY
    assert everything(recorder)["scores"] == before
    with recorder.db.begin() as session:
        ended = incident.end(session, REPOSITORY, ANA, recorder.now)
        assert not ended.is_open
        assert incident_store.find_open(session, REPOSITORY) is None


def test_a_window_marked_afterwards_takes_its_runs_out_of_every_score(recorder: RunRecorder) -> None:
    begun = recorder.now
    outage(recorder)
    assert status(recorder) is Status.FLAKY
    propose(recorder)
    with recorder.db.begin() as session:
        incident.start(session, REPOSITORY, "the registry was down", ANA, recorder.now, since=begun)
        incident.end(session, REPOSITORY, ANA, recorder.now)
    rescore.rescore(context(recorder), REPOSITORY)
    assert status(recorder) is Status.HEALTHY
    with recorder.db.begin() as session:
        quarantine = quarantine_store.find_latest(session, REPOSITORY, recorder.case_id("login.test_in"))
        assert quarantine is not None
        assert quarantine.state is State.WITHDRAWN
        trail = audit_store.list_case(session, REPOSITORY, recorder.case_id("login.test_in"))
        assert "It rested on runs of an incident: Ana marked " in trail[-1].reason
        assert trail[-1].reason.endswith("(the registry was down). Without them the test is healthy.")
        explained = explanation.of_case(session, recorder.case_id("login.test_in"), recorder.now)
    assert any("4 failures discounted: Ana marked " in line for line in explained.lines)


def test_a_proposal_that_rests_on_other_runs_too_stays(recorder: RunRecorder) -> None:
    outage(recorder)
    begun = recorder.now
    outage(recorder, 2)
    propose(recorder)
    with recorder.db.begin() as session:
        incident.start(session, REPOSITORY, "", ANA, recorder.now, since=begun)
    rescore.rescore(context(recorder), REPOSITORY)
    with recorder.db.begin() as session:
        quarantine = quarantine_store.find_latest(session, REPOSITORY, recorder.case_id("login.test_in"))
        assert quarantine is not None
        assert quarantine.state is State.PROPOSED


def test_a_window_that_ended_earlier_gives_its_runs_back(recorder: RunRecorder) -> None:
    begun = recorder.now
    with recorder.db.begin() as session:
        incident.start(session, REPOSITORY, "", ANA, recorder.now)
    outage(recorder)
    assert status(recorder) is Status.HEALTHY
    with recorder.db.begin() as session:
        incident.end(session, REPOSITORY, ANA, recorder.now, until=begun)
    rescore.rescore(context(recorder), REPOSITORY)
    assert status(recorder) is not Status.HEALTHY


def test_a_second_start_says_who_was_first_and_a_second_end_what_to_do(recorder: RunRecorder) -> None:
    with recorder.db.begin() as session:
        incident.start(session, REPOSITORY, "", ANA, recorder.now)
    with recorder.db.begin() as session, pytest.raises(ConflictError, match="started already by Ana"):
        incident.start(session, REPOSITORY, "", ANA, recorder.now)
    with recorder.db.begin() as session:
        incident.end(session, REPOSITORY, ANA, recorder.now)
    with recorder.db.begin() as session, pytest.raises(ConflictError, match="No incident is open"):
        incident.end(session, REPOSITORY, ANA, recorder.now)


def test_a_window_begins_in_the_past_and_ends_after_it_began(recorder: RunRecorder) -> None:
    with recorder.db.begin() as session, pytest.raises(InvalidInputError):
        incident.start(session, REPOSITORY, "", ANA, recorder.now, since=recorder.now + HOUR)
    with recorder.db.begin() as session, pytest.raises(InvalidInputError):
        incident.start(session, REPOSITORY, "x" * 501, ANA, recorder.now)
    with recorder.db.begin() as session:
        incident.start(session, REPOSITORY, "", ANA, recorder.now)
    with recorder.db.begin() as session, pytest.raises(InvalidInputError):
        incident.end(session, REPOSITORY, ANA, recorder.now, until=recorder.now - HOUR)


def test_a_run_in_which_far_more_fails_than_usual_is_an_incident_by_itself(recorder: RunRecorder) -> None:
    many = {f"cart.test_{number}": "." for number in range(40)}
    for _ in range(5):
        recorder.run(many)
    recorder.run(dict.fromkeys(many, "F"))
    with recorder.db.begin() as session:
        incidents = incident_store.list_since(session, [REPOSITORY], recorder.now - HOUR)
        explained = explanation.of_case(session, recorder.case_id("cart.test_7"), recorder.now)
    assert {(one.kind, one.failed, one.ran) for one in incidents} >= {(Kind.RUN, 40, 40)}
    assert explained.status in {Status.INFRA, Status.HEALTHY}
    assert "40 of 40 failed in run #16" in " ".join((explained.sentence, *explained.lines))


def test_an_incident_is_one_notice_and_no_alert_per_case(recorder: RunRecorder) -> None:
    many = {f"cart.test_{number}": "." for number in range(60)}
    for _ in range(5):
        recorder.run(many)
    recorder.default_channel = Channel(WorkspaceId(1), "C0CIFLAKES")
    recorder.run(dict.fromkeys(many, "F"))
    recorder.run(dict.fromkeys(many, "."), again=True)
    recorder.run(many)
    with recorder.db.begin() as session:
        assert len(stored_notices.list_of_kind(session, IncidentNotice)) == 1
        others = {*KINDS} - {IncidentNotice, CheckRunNotice}
        assert not [notice for kind in others for notice in stored_notices.list_of_kind(session, kind)]


def test_a_suite_that_fails_as_a_whole_again_and_again_is_reported_as_a_fault_of_its_fixture(
    recorder: RunRecorder,
) -> None:
    elsewhere = dict.fromkeys((f"web/test_page.py::test_{number}" for number in range(400)), ".")
    for number in range(12):
        inside = dict.fromkeys(
            (f"api/test_call.py::test_{case}" for case in range(14)), "F" if number % 4 == 3 else "."
        )
        recorder.run({**elsewhere, **inside})
        if number == 7:  # twice by now
            with recorder.db.begin() as session:
                assert (
                    faulty_suites(incident_store.list_since(session, [REPOSITORY], recorder.now - timedelta(days=1)))
                    == ()
                )
    with recorder.db.begin() as session:
        (fault,) = faulty_suites(incident_store.list_since(session, [REPOSITORY], recorder.now - timedelta(days=1)))
        explained = explanation.of_case(session, recorder.case_id("api/test_call.py::test_3"), recorder.now)
        beside = explanation.of_case(session, recorder.case_id("web/test_page.py::test_3"), recorder.now)
    assert (fault.suite, fault.runs) == ("api", 3)
    assert "Suite api failed as a whole in 3 runs: look at its fixture first." in explained.lines
    assert "1 failure discounted: 14 of 14 of suite api failed in run #22." in explained.lines
    assert beside.lines == ("Clean on the last 12 commits of the default branch.",)


def count_notices(recorder: RunRecorder) -> int:
    with recorder.db.begin() as session:
        return len(stored_notices.list_of_kind(session, IncidentNotice))


def test_a_suite_that_is_out_on_the_default_branch_is_one_notice_a_day(recorder: RunRecorder) -> None:
    elsewhere = dict.fromkeys((f"web/test_page.py::test_{number}" for number in range(400)), ".")
    api = [f"api/test_call.py::test_{number}" for number in range(14)]
    calm, out = elsewhere | dict.fromkeys(api, "."), elsewhere | dict.fromkeys(api, "F")
    for _ in range(5):
        recorder.run(calm)
    recorder.default_channel = Channel(WorkspaceId(1), "C0CIFLAKES")
    recorder.run(out, branch="feature")
    assert count_notices(recorder) == 0  # what a pull request does to a suite is its author's
    for _ in range(3):
        recorder.run(out)
        recorder.run(calm)
    assert count_notices(recorder) == 1
    recorder.now += timedelta(days=2)
    recorder.run(out)
    assert count_notices(recorder) == 2


def test_a_runner_that_is_out_is_one_notice_on_a_pull_request_too(recorder: RunRecorder) -> None:
    names = [f"suite{number % 100}/test_a.py::test_{number}" for number in range(1500)]
    on = {name: "shard 1" if channel < 33 else "shard 2" for channel, name in enumerate(names)}
    calm = dict.fromkeys(names, ".")
    for _ in range(5):
        recorder.run(calm, runners=on)
    recorder.default_channel = Channel(WorkspaceId(1), "C0CIFLAKES")
    for _ in range(2):
        recorder.run(calm | dict.fromkeys(names[:33], "F"), branch="feature", runners=on)
    assert count_notices(recorder) == 1


def quarantined(recorder: RunRecorder) -> None:
    """Have the case flake, be quarantined, and then fail on until it is taken for broken."""
    outage(recorder)
    propose(recorder)
    with recorder.db.begin() as session:
        quarantine = quarantine_store.find_latest(session, REPOSITORY, recorder.case_id("login.test_in"))
        assert quarantine is not None
        deciding.approve(session, quarantine.id, Actor(ActorKind.SLACK, "U0BEN", "Ben"), recorder.now)


def state(recorder: RunRecorder) -> State:
    with recorder.db.begin() as session:
        quarantine = quarantine_store.find_latest(session, REPOSITORY, recorder.case_id("login.test_in"))
        assert quarantine is not None
        return quarantine.state


def fail_on(recorder: RunRecorder, runs: int = 25) -> None:
    for _ in range(runs):
        recorder.run({**OTHERS, "login.test_in": "F"})


def test_a_quarantine_that_runs_of_an_incident_suspended_is_resumed_by_whoever_marked_it(recorder: RunRecorder) -> None:
    quarantined(recorder)
    begun = recorder.now
    fail_on(recorder)
    assert (status(recorder), state(recorder)) == (Status.BROKEN, State.SUSPENDED)
    with recorder.db.begin() as session:
        incident.start(session, REPOSITORY, "the registry was down", ANA, recorder.now, since=begun)
        incident.end(session, REPOSITORY, ANA, recorder.now)
    rescore.rescore(context(recorder), REPOSITORY)
    assert (status(recorder), state(recorder)) == (Status.FLAKY, State.ACTIVE)
    with recorder.db.begin() as session:
        (*_, last) = audit_store.list_case(session, REPOSITORY, recorder.case_id("login.test_in"))
        assert digest.list_ledgers(session, [REPOSITORY], START, recorder.now)[0].masked == ()
    assert (last.action, last.actor) == (AuditAction.RESUME, ANA)
    assert "the registry was down" in last.reason


def test_a_quarantine_that_other_runs_suspended_stays_suspended(recorder: RunRecorder) -> None:
    quarantined(recorder)
    fail_on(recorder)
    begun = recorder.now
    for _ in range(12):
        recorder.run({**OTHERS, "login.test_in": "."})
    fail_on(recorder, 1)
    with recorder.db.begin() as session:
        incident.start(session, REPOSITORY, "", ANA, recorder.now, since=begun)
    rescore.rescore(context(recorder), REPOSITORY)
    assert state(recorder) is State.SUSPENDED
