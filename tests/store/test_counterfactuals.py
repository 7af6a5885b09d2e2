"""What an explanation foretells comes true: the clean commits are really run, the day is really left out."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.analysis.explanation.explanation import Explanation
from bot.analysis.incident import Incident
from bot.analysis.model import Actor, ActorKind, Status
from bot.analysis.quarantine.lifecycle import State
from bot.analysis.quarantine.proposal import Proposal
from bot.jobs import rescore
from bot.queries import explanation
from bot.services import incident
from bot.store import tables
from bot.store.database import Database
from bot.store.decisions import quarantine as quarantine_store
from bot.store.scores import rescore as rescore_store
from tests.store import deciding
from tests.store.past import REPOSITORY, START, Past
from tests.store.rebuilt import context

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
SHOWN = {"only watched": Status.SUSPECT, "put down to infrastructure": Status.INFRA}


def live(past: Past, seed: int, runs: int) -> None:
    """A past in which some tests fail for no reason, differently in each variant, and one breaks at the end."""
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
        past.variants(variants, branch=chance.choice(["main", "main", "feature"]))
        past.now += timedelta(hours=chance.choice([0, 2, 5]))


def told(past: Past, name: str, *, ahead: bool = True) -> Explanation:
    case_id = past.case_id(name)
    with past.db.begin() as session:
        return explanation.of_case(session, case_id, past.now, ahead=ahead)


def turns(found: Explanation, within: int) -> list[tuple[int, Status]]:
    """The turns an explanation foretells, as far as they are looked at."""
    said = []
    for line in found.counterfactuals:
        if foretold := re.fullmatch(r"(\d+) more clean commits? would make it (.*)\.", line):
            word = foretold[2]
            said.append((int(foretold[1]), SHOWN.get(word) or Status(word)))
    return [one for one in said if one[0] <= within]


@pytest.mark.parametrize("seed", [2, 3])
def test_clean_commits_do_what_was_foretold_for_all_variants_together(db: Database, seed: int) -> None:
    past, within = Past(db), 70
    live(past, seed, 60)
    before = {case: told(past, case) for case in CASES}
    troubled = [case for case, one in before.items() if one.status in {Status.FLAKY, Status.BROKEN, Status.SUSPECT}]
    assert len(troubled) > 3
    seen = {case: [before[case].status] for case in troubled}
    for _ in range(within):
        past.variants(CLEAN)
        for case in troubled:
            seen[case].append(told(past, case, ahead=False).status)
    for case in troubled:
        really = [(at, now) for at, now in enumerate(seen[case]) if at and now is not seen[case][at - 1]]
        assert turns(before[case], within) == really, case


def test_a_day_that_is_left_out_does_what_was_foretold(db: Database) -> None:
    past = Past(db)
    live(past, 5, 70)
    checked = 0
    for case in CASES:
        for line in told(past, case).counterfactuals:
            foretold = re.fullmatch(r"Without the runs of (.*) it would be (.*)\.", line)
            if foretold is None or checked == 4:
                continue
            day = datetime.strptime(f"{foretold[1]} 2026", "%d %b %Y").replace(tzinfo=UTC)
            with db.begin() as session:
                incident.start(session, [REPOSITORY], "", ANA, past.now, since=day)
                until = min(past.now, day + timedelta(hours=23, minutes=54))  # a run takes five minutes
                (window,) = incident.end(session, [REPOSITORY], ANA, past.now, until=until)
            rescore.rescore(context(past), REPOSITORY)
            assert told(past, case, ahead=False).status is (SHOWN.get(foretold[2]) or Status(foretold[2]))
            _forget(past, window)
            checked += 1
    assert checked == 4


def _forget(past: Past, window: Incident) -> None:
    """Let a window end before any run began, so that it covers none."""
    with past.db.begin() as session:
        session.execute(
            sa.update(tables.judging.incidents)
            .where(tables.judging.incidents.c.id == window.id)
            .values(started_at=START - timedelta(days=2), ended_at=START - timedelta(days=1))
        )
        rescore_store.request(session, REPOSITORY, "the window was wrong", past.now)
    rescore.rescore(context(past), REPOSITORY)


def test_a_release_takes_what_the_variant_that_is_furthest_behind_takes(db: Database) -> None:
    past = Past(db)
    live(past, 3, 60)
    case_id = past.case_id("cart.test_0")
    proposal = Proposal(case_id=case_id, days=14, reason="It flakes.")
    with db.begin() as session:
        held = deciding.propose(session, REPOSITORY, proposal, ANA, past.now)
        deciding.approve(session, held, BEN, past.now)
    commits = 0
    (promise,) = [line for line in told(past, "cart.test_0").counterfactuals if line.endswith("release it.")]
    for _ in range(200):
        past.variants(CLEAN)
        commits += 1
        rescore.release(context(past), REPOSITORY)
        with db.begin() as session:
            found = quarantine_store.find_latest(session, REPOSITORY, case_id)
        assert found is not None
        if found.state is State.LIFTED:
            break
    assert commits == int(promise.split()[0])
