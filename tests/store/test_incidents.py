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
from tests.store.past import REPOSITORY, START, Past
from tests.store.rebuilt import context, everything

OTHERS = dict.fromkeys((f"cart.test_{number}" for number in range(6)), ".")
ANA = Actor(ActorKind.SLACK, "U0ANA", "Ana")
HOUR = timedelta(hours=1)


@pytest.fixture
def past(db: Database) -> Past:
    made = Past(db)
    for _ in range(10):
        made.run({**OTHERS, "login.test_in": "."})
    return made


def outage(past: Past, runs: int = 4) -> None:
    for _ in range(runs):
        past.run({**OTHERS, "login.test_in": "F."})


def status(past: Past) -> Status:
    with past.db.begin() as session:
        statuses = score_store.list_statuses(session, REPOSITORY)
    return statuses.get(past.case_id("login.test_in"), Status.HEALTHY)


def propose(past: Past) -> None:
    proposal = Proposal(case_id=past.case_id("login.test_in"), days=14, reason="It is flaky.")
    with past.db.begin() as session:
        deciding.propose(session, REPOSITORY, proposal, ANA, past.now)


def test_runs_inside_an_open_window_say_nothing(past: Past) -> None:
    before = everything(past)["scores"]
    with past.db.begin() as session:
        incident.start(session, [REPOSITORY], "the registry is down", ANA, past.now)
    outage(past)
    assert status(past) is Status.HEALTHY
    assert everything(past)["scores"] == before
    with past.db.begin() as session:
        (ended,) = incident.end(session, [REPOSITORY], ANA, past.now)
        assert not ended.is_open
        assert incident_store.find_open(session, REPOSITORY) is None


def test_a_window_marked_afterwards_takes_its_runs_out_of_every_score(past: Past) -> None:
    begun = past.now
    outage(past)
    assert status(past) is Status.FLAKY
    propose(past)
    with past.db.begin() as session:
        incident.start(session, [REPOSITORY], "the registry was down", ANA, past.now, since=begun)
        incident.end(session, [REPOSITORY], ANA, past.now)
    rescore.rescore(context(past), REPOSITORY)
    assert status(past) is Status.HEALTHY
    with past.db.begin() as session:
        quarantine = quarantine_store.find_latest(session, REPOSITORY, past.case_id("login.test_in"))
        assert quarantine is not None
        assert quarantine.state is State.WITHDRAWN
        trail = audit_store.list_case(session, REPOSITORY, past.case_id("login.test_in"))
        assert "It rested on runs of an incident: Ana marked " in trail[-1].reason
        assert trail[-1].reason.endswith("(the registry was down). Without them the test is healthy.")
        explained = explanation.of_case(session, past.case_id("login.test_in"), past.now)
    assert any("4 failures discounted: Ana marked " in line for line in explained.lines)


def test_a_proposal_that_rests_on_other_runs_too_stays(past: Past) -> None:
    outage(past)
    begun = past.now
    outage(past, 2)
    propose(past)
    with past.db.begin() as session:
        incident.start(session, [REPOSITORY], "", ANA, past.now, since=begun)
    rescore.rescore(context(past), REPOSITORY)
    with past.db.begin() as session:
        quarantine = quarantine_store.find_latest(session, REPOSITORY, past.case_id("login.test_in"))
        assert quarantine is not None
        assert quarantine.state is State.PROPOSED


def test_a_window_that_ended_earlier_gives_its_runs_back(past: Past) -> None:
    begun = past.now
    with past.db.begin() as session:
        incident.start(session, [REPOSITORY], "", ANA, past.now)
    outage(past)
    assert status(past) is Status.HEALTHY
    with past.db.begin() as session:
        incident.end(session, [REPOSITORY], ANA, past.now, until=begun)
    rescore.rescore(context(past), REPOSITORY)
    assert status(past) is not Status.HEALTHY


def test_a_second_start_says_who_was_first_and_a_second_end_what_to_do(past: Past) -> None:
    with past.db.begin() as session:
        incident.start(session, [REPOSITORY], "", ANA, past.now)
    with past.db.begin() as session, pytest.raises(ConflictError, match="started already by Ana"):
        incident.start(session, [REPOSITORY], "", ANA, past.now)
    with past.db.begin() as session:
        incident.end(session, [REPOSITORY], ANA, past.now)
    with past.db.begin() as session, pytest.raises(ConflictError, match="No incident is open"):
        incident.end(session, [REPOSITORY], ANA, past.now)


def test_a_window_begins_in_the_past_and_ends_after_it_began(past: Past) -> None:
    with past.db.begin() as session, pytest.raises(InvalidInputError):
        incident.start(session, [REPOSITORY], "", ANA, past.now, since=past.now + HOUR)
    with past.db.begin() as session, pytest.raises(InvalidInputError):
        incident.start(session, [REPOSITORY], "x" * 501, ANA, past.now)
    with past.db.begin() as session:
        incident.start(session, [REPOSITORY], "", ANA, past.now)
    with past.db.begin() as session, pytest.raises(InvalidInputError):
        incident.end(session, [REPOSITORY], ANA, past.now, until=past.now - HOUR)


def test_a_run_in_which_far_more_fails_than_usual_is_an_incident_by_itself(past: Past) -> None:
    many = {f"cart.test_{number}": "." for number in range(40)}
    for _ in range(5):
        past.run(many)
    past.run(dict.fromkeys(many, "F"))
    with past.db.begin() as session:
        incidents = incident_store.list_since(session, [REPOSITORY], past.now - HOUR)
        explained = explanation.of_case(session, past.case_id("cart.test_7"), past.now)
    assert {(one.kind, one.failed, one.ran) for one in incidents} >= {(Kind.RUN, 40, 40)}
    assert explained.status in {Status.INFRA, Status.HEALTHY}
    assert "40 of 40 failed in run #16" in " ".join((explained.sentence, *explained.lines))


def test_an_incident_is_one_notice_and_no_alert_per_case(past: Past) -> None:
    many = {f"cart.test_{number}": "." for number in range(60)}
    for _ in range(5):
        past.run(many)
    past.default_channel = Channel(WorkspaceId(1), "C0CIFLAKES")
    past.run(dict.fromkeys(many, "F"))
    past.run(dict.fromkeys(many, "."), again=True)
    past.run(many)
    with past.db.begin() as session:
        assert len(stored_notices.list_of_kind(session, IncidentNotice)) == 1
        others = {*KINDS} - {IncidentNotice, CheckRunNotice}
        assert not [notice for kind in others for notice in stored_notices.list_of_kind(session, kind)]


def test_a_suite_that_fails_as_a_whole_again_and_again_is_reported_as_a_fault_of_its_fixture(past: Past) -> None:
    elsewhere = dict.fromkeys((f"web/test_page.py::test_{number}" for number in range(400)), ".")
    for number in range(12):
        inside = dict.fromkeys(
            (f"api/test_call.py::test_{case}" for case in range(14)), "F" if number % 4 == 3 else "."
        )
        past.run({**elsewhere, **inside})
        if number == 7:  # twice by now
            with past.db.begin() as session:
                assert (
                    faulty_suites(incident_store.list_since(session, [REPOSITORY], past.now - timedelta(days=1))) == ()
                )
    with past.db.begin() as session:
        (fault,) = faulty_suites(incident_store.list_since(session, [REPOSITORY], past.now - timedelta(days=1)))
        explained = explanation.of_case(session, past.case_id("api/test_call.py::test_3"), past.now)
        beside = explanation.of_case(session, past.case_id("web/test_page.py::test_3"), past.now)
    assert (fault.suite, fault.runs) == ("api", 3)
    assert "Suite api failed as a whole in 3 runs: look at its fixture first." in explained.lines
    assert "1 failure discounted: 14 of 14 of suite api failed in run #22." in explained.lines
    assert beside.lines == ("Clean on the last 12 commits of the default branch.",)


def count_notices(past: Past) -> int:
    with past.db.begin() as session:
        return len(stored_notices.list_of_kind(session, IncidentNotice))


def test_a_suite_that_is_out_on_the_default_branch_is_one_notice_a_day(past: Past) -> None:
    elsewhere = dict.fromkeys((f"web/test_page.py::test_{number}" for number in range(400)), ".")
    api = [f"api/test_call.py::test_{number}" for number in range(14)]
    calm, out = elsewhere | dict.fromkeys(api, "."), elsewhere | dict.fromkeys(api, "F")
    for _ in range(5):
        past.run(calm)
    past.default_channel = Channel(WorkspaceId(1), "C0CIFLAKES")
    past.run(out, branch="feature")
    assert count_notices(past) == 0  # what a pull request does to a suite is its author's
    for _ in range(3):
        past.run(out)
        past.run(calm)
    assert count_notices(past) == 1
    past.now += timedelta(days=2)
    past.run(out)
    assert count_notices(past) == 2


def test_a_runner_that_is_out_is_one_notice_on_a_pull_request_too(past: Past) -> None:
    names = [f"suite{number % 100}/test_a.py::test_{number}" for number in range(1500)]
    on = {name: "shard 1" if channel < 33 else "shard 2" for channel, name in enumerate(names)}
    calm = dict.fromkeys(names, ".")
    for _ in range(5):
        past.run(calm, runners=on)
    past.default_channel = Channel(WorkspaceId(1), "C0CIFLAKES")
    for _ in range(2):
        past.run(calm | dict.fromkeys(names[:33], "F"), branch="feature", runners=on)
    assert count_notices(past) == 1


def quarantined(past: Past) -> None:
    """Have the case flake, be quarantined, and then fail on until it is taken for broken."""
    outage(past)
    propose(past)
    with past.db.begin() as session:
        quarantine = quarantine_store.find_latest(session, REPOSITORY, past.case_id("login.test_in"))
        assert quarantine is not None
        deciding.approve(session, quarantine.id, Actor(ActorKind.SLACK, "U0BEN", "Ben"), past.now)


def state(past: Past) -> State:
    with past.db.begin() as session:
        quarantine = quarantine_store.find_latest(session, REPOSITORY, past.case_id("login.test_in"))
        assert quarantine is not None
        return quarantine.state


def fail_on(past: Past, runs: int = 25) -> None:
    for _ in range(runs):
        past.run({**OTHERS, "login.test_in": "F"})


def test_a_quarantine_that_runs_of_an_incident_suspended_is_resumed_by_whoever_marked_it(past: Past) -> None:
    quarantined(past)
    begun = past.now
    fail_on(past)
    assert (status(past), state(past)) == (Status.BROKEN, State.SUSPENDED)
    with past.db.begin() as session:
        incident.start(session, [REPOSITORY], "the registry was down", ANA, past.now, since=begun)
        incident.end(session, [REPOSITORY], ANA, past.now)
    rescore.rescore(context(past), REPOSITORY)
    assert (status(past), state(past)) == (Status.FLAKY, State.ACTIVE)
    with past.db.begin() as session:
        (*_, last) = audit_store.list_case(session, REPOSITORY, past.case_id("login.test_in"))
        assert digest.list_ledgers(session, [REPOSITORY], START, past.now)[0].masked == ()
    assert (last.action, last.actor) == (AuditAction.RESUME, ANA)
    assert "the registry was down" in last.reason


def test_a_quarantine_that_other_runs_suspended_stays_suspended(past: Past) -> None:
    quarantined(past)
    fail_on(past)
    begun = past.now
    for _ in range(12):
        past.run({**OTHERS, "login.test_in": "."})
    fail_on(past, 1)
    with past.db.begin() as session:
        incident.start(session, [REPOSITORY], "", ANA, past.now, since=begun)
    rescore.rescore(context(past), REPOSITORY)
    assert state(past) is State.SUSPENDED
