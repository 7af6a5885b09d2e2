"""What an explanation foretells comes true: the clean commits are really run, the day is really left out."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.analysis.explanation.counterfactual import Counterfactual, ReleaseAfter, StatusAfter, StatusWithoutDay
from bot.analysis.model import Actor, ActorKind, CaseId, QuarantineId, Status
from bot.analysis.quarantine.lifecycle import State
from bot.analysis.quarantine.proposal import Proposal
from bot.jobs import rescore
from bot.queries import case_state, explanation
from bot.services import incident
from bot.store import embedded
from bot.store.cases import case as case_store
from bot.store.database import Database
from bot.store.decisions import quarantine as quarantine_store
from tests.store import deciding
from tests.store.rebuilt import context
from tests.store.recorded import recording
from tests.store.run_recorder import REPOSITORY, RunRecorder

ANA = Actor(ActorKind.SLACK, "U0ANA", "Ana")
BEN = Actor(ActorKind.SLACK, "U0BEN", "Ben")
LEGS = ("linux", "mac")
CASES = [f"{module}.test_{number}" for module in ("cart", "login", "pay") for number in range(8)]
RATES = {
    ("cart.test_0", "linux"): 0.4,
    ("cart.test_0", "mac"): 0.1,
    ("cart.test_1", "linux"): 0.15,
    ("cart.test_1", "mac"): 0.15,
    ("login.test_0", "mac"): 0.3,
    ("login.test_1", "linux"): 0.05,
}
BROKEN = "pay.test_0"
CLEAN = {variant: dict.fromkeys(CASES, ".") for variant in LEGS}


def live(recorder: RunRecorder, seed: int, runs: int) -> None:
    """A history in which some tests fail for no reason, differently in each variant, and one breaks at the end."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    for number in range(runs):
        variants = {
            variant: {
                case: "F"
                if case == BROKEN and number >= runs - 5
                else chance.choice(["F", "F."])
                if chance.random() < RATES.get((case, variant), 0.002)
                else "."
                for case in CASES
            }
            for variant in LEGS
        }
        recorder.variants(variants, branch=chance.choice(["main", "main", "feature"]))
        recorder.now += timedelta(hours=chance.choice([0, 2, 5]))


def statuses(recorder: RunRecorder, case_ids: Collection[CaseId]) -> dict[CaseId, Status]:
    with recorder.db.begin() as session:
        states = case_state.list_states(session, {REPOSITORY: case_ids}, recorder.now)
    return {case_id: states[case_id].status for case_id in case_ids}


def affected(recorder: RunRecorder) -> dict[CaseId, Status]:
    """The cases that are neither healthy nor too young, with their status."""
    with recorder.db.begin() as session:
        ids, _ = case_store.list_titles(session, REPOSITORY)
    status_of = statuses(recorder, [CaseId(number) for number in ids])
    return {
        case_id: status for case_id, status in status_of.items() if status not in {Status.HEALTHY, Status.INSUFFICIENT}
    }


def counterfactuals(recorder: RunRecorder, case_id: CaseId) -> tuple[Counterfactual, ...]:
    with recorder.db.begin() as session:
        return explanation.of_case(session, case_id, recorder.now).counterfactuals


def turns(recorder: RunRecorder, case_id: CaseId, within: int) -> list[tuple[int, Status]]:
    """The turns an explanation foretells, as far as they are looked at."""
    return [
        (one.commits, one.status)
        for one in counterfactuals(recorder, case_id)
        if isinstance(one, StatusAfter) and one.commits is not None and one.commits <= within
    ]


@pytest.mark.parametrize("seed", [2, 3])
def test_clean_commits_do_what_was_foretold_for_all_variants_together(db: Database, seed: int) -> None:
    recorder, within = RunRecorder(db), 70
    live(recorder, seed, 60)
    before: dict[CaseId, Status] = {
        case_id: status for case_id, status in affected(recorder).items() if status is not Status.INFRA
    }
    assert len(before) > 3
    foretold = {case_id: turns(recorder, case_id, within) for case_id in before}
    seen: list[Mapping[CaseId, Status]] = [before]
    for _ in range(within):
        recorder.variants(CLEAN)
        seen.append(statuses(recorder, before))
    for case_id in before:
        really = [
            (at, seen[at][case_id]) for at in range(1, within + 1) if seen[at][case_id] is not seen[at - 1][case_id]
        ]
        assert foretold[case_id] == really, case_id


def test_a_day_that_is_left_out_does_what_was_foretold(server: embedded.Server, template: str) -> None:
    with recording(server, template, lambda recorder: live(recorder, 5, 70)) as recorded:
        with recorded.copy() as recorder:
            foretold = [
                (case_id, one)
                for case_id in affected(recorder)
                for one in counterfactuals(recorder, case_id)
                if isinstance(one, StatusWithoutDay)
            ]
        assert len(foretold) >= 4
        for case_id, without in foretold[:4]:
            with recorded.copy() as recorder:
                leave_out(recorder, without.day)
                assert statuses(recorder, [case_id]) == {case_id: without.status}


def leave_out(recorder: RunRecorder, day: date) -> None:
    """Say that there was an incident on this day."""
    since = datetime.combine(day, time(), UTC)
    with recorder.db.begin() as session:
        incident.start(session, REPOSITORY, "", ANA, recorder.now, since=since)
        until = min(recorder.now, since + timedelta(hours=23, minutes=54))  # a run takes five minutes
        incident.end(session, REPOSITORY, ANA, recorder.now, until=until)
    rescore.rescore(context(recorder), REPOSITORY)


def test_a_release_takes_what_the_variant_that_is_furthest_behind_takes(db: Database) -> None:
    recorder = RunRecorder(db)
    live(recorder, 3, 60)
    case_id = recorder.case_id("cart.test_0")
    proposal = Proposal(case_id=case_id, days=14, reason="It flakes.")
    with db.begin() as session:
        quarantine_id = deciding.propose(session, REPOSITORY, proposal, ANA, recorder.now)
        deciding.approve(session, quarantine_id, BEN, recorder.now)
    (foretold,) = [one for one in counterfactuals(recorder, case_id) if isinstance(one, ReleaseAfter)]
    assert commits_until_release(recorder, quarantine_id) == foretold.commits


def commits_until_release(recorder: RunRecorder, quarantine_id: QuarantineId) -> int:
    for commits in range(1, 201):
        recorder.variants(CLEAN)
        rescore.release(context(recorder), REPOSITORY)
        with recorder.db.begin() as session:
            if quarantine_store.get(session, quarantine_id).state is State.LIFTED:
                return commits
    raise AssertionError
