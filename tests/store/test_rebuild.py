"""Re-scoring from the stored runs: the same to the last bit, harmless when killed, and nothing is lost meanwhile."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.analysis.incident import Kind
from bot.analysis.model import Actor, ActorKind, Status
from bot.jobs import rescore
from bot.queries import explanation
from bot.services import author, rebuild
from bot.store.database import Database
from bot.store.runs import execution as execution_store
from bot.store.scores import incident as incident_store
from bot.store.scores import rescore as rescore_store
from bot.store.scores import score as score_store
from bot.store.scores import scorer as scorer_store
from bot.store.scores import status_change as status_change_store
from tests.presence import present
from tests.store.rebuilt import context, everything
from tests.store.run_recorder import REPOSITORY, START, RunRecorder

ANA = Actor(ActorKind.GITHUB, "ana", "Ana")
CASES = [f"{module}.test_{number}" for module in ("cart", "login", "pay") for number in range(14)]


@pytest.fixture
def recorder(db: Database) -> RunRecorder:
    return RunRecorder(db)


def ask(recorder: RunRecorder, reason: str = "test") -> None:
    with recorder.db.begin() as session:
        rescore_store.request(session, [REPOSITORY], reason, recorder.now)


def live(recorder: RunRecorder, seed: int, runs: int = 70) -> None:
    """A history with flaky, broken and fixed cases, outages, late results, re-runs and reports that are not whole."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    shas: list[str] = []
    for number in range(runs):
        branch = chance.choice(["main", "main", "main", "feature", "fix"])
        again = bool(shas) and chance.random() < 0.15
        late = branch == "main" and bool(shas) and chance.random() < 0.1
        sha = chance.choice(shas) if late else f"{seed:08x}{number:032x}"
        variants = {variant: _outcomes(chance, number) for variant in ("linux", "windows") if chance.random() < 0.8}
        recorder.variants(
            variants,
            branch=branch,
            event="push" if branch == "fix" else "",
            sha=sha,
            base_sha=chance.choice(shas) if shas and branch != "main" else "",
            partial=("windows",) if chance.random() < 0.1 else (),
            again=again,
        )
        if branch == "main":
            shas.append(sha)
        if any("F" in variants[variant].get("login.test_3", "") for variant in variants) and chance.random() < 0.5:
            own_up(recorder, "login.test_3", sha)


def own_up(recorder: RunRecorder, name: str, sha: str) -> None:
    """Have an author say that a failure is theirs."""
    case_id = recorder.case_id(name)
    with recorder.db.begin() as session:
        author.claim_failures(session, REPOSITORY, [case_id], sha, ANA, recorder.now)


def _outcomes(chance: random.Random, number: int) -> Mapping[str, str]:
    outage = chance.random() < 0.06
    suite = chance.choice(["cart", "login"]) if chance.random() < 0.08 else ""
    outcomes = {}
    for case in CASES:
        if chance.random() < 0.05:
            continue
        if (outage and chance.random() < 0.8) or (suite and case.startswith(suite)):
            outcomes[case] = "F"
        elif case == "login.test_3" and chance.random() < 0.15:
            outcomes[case] = chance.choice(["F", "F.", "FF.", "FF"])
        elif case == "pay.test_1" and 20 <= number < 32:
            outcomes[case] = "F"
        elif case == "cart.test_2" and chance.random() < 0.3:
            outcomes[case] = "s"
        else:
            outcomes[case] = "F" if chance.random() < 0.002 else "."
    return outcomes


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_rebuild_gives_what_live_ingestion_gave_to_the_last_bit(recorder: RunRecorder, seed: int) -> None:
    live(recorder, seed)
    before = everything(recorder)
    assert len(before["scores"]) > 5
    assert before["incidents"]
    ask(recorder)
    assert rescore.rescore(context(recorder), REPOSITORY) == 70
    assert everything(recorder) == before


def outage_of_a_shard(recorder: RunRecorder, names: list[str], on: Mapping[str, str] | None) -> None:
    """Three runs in which every one of the first 33 tests fails, all but one that is skipped, after a calm time."""
    calm = dict.fromkeys(names, ".") | {names[7]: "s"}
    out = calm | {name: "F" for name in names[:33] if name != names[7]}
    for outcomes in [calm] * 8 + [out, calm] * 3:
        recorder.run(outcomes, runners=on)


def test_a_runner_that_is_out_accuses_no_case_and_a_rebuild_finds_the_same(recorder: RunRecorder) -> None:
    # The tests of every suite are on both, and far more pass than fail: no suite is out, and no run.
    names = [f"suite{number % 100}/test_a.py::test_{number}" for number in range(1500)]
    outage_of_a_shard(
        recorder, names, {name: "shard 1" if position < 33 else "shard 2" for position, name in enumerate(names)}
    )
    before = everything(recorder)
    with recorder.db.begin() as session:
        incidents = incident_store.list_since(session, [REPOSITORY], START)
        shown = score_store.list_statuses(session, REPOSITORY)
        explained = explanation.of_case(session, recorder.case_id(names[0]), recorder.now)
    assert [(one.kind, one.suite, one.failed, one.ran) for one in incidents] == [(Kind.RUNNER, "shard 1", 32, 32)] * 3
    assert set(shown.values()) <= {Status.HEALTHY, Status.INFRA}
    assert "32 of 32 on shard 1 failed in run #13" in " ".join((explained.sentence, *explained.lines))
    ask(recorder)
    assert rescore.rescore(context(recorder), REPOSITORY) == 14
    assert everything(recorder) == before


def test_the_same_failures_are_held_against_the_cases_where_no_runner_is_told(recorder: RunRecorder) -> None:
    names = [f"suite{number % 100}/test_a.py::test_{number}" for number in range(1500)]
    outage_of_a_shard(recorder, names, None)
    with recorder.db.begin() as session:
        shown = score_store.list_statuses(session, REPOSITORY)
    assert not set(shown.values()) <= {Status.HEALTHY, Status.INFRA}


def test_a_rebuild_that_nobody_asked_for_does_nothing(recorder: RunRecorder) -> None:
    recorder.run({"cart.test_0": "."})
    assert rescore.rescore(context(recorder), REPOSITORY) == 0


def test_a_rebuild_that_is_killed_has_changed_nothing_and_begins_anew(recorder: RunRecorder) -> None:
    live(recorder, 4, 30)
    before = everything(recorder)
    ask(recorder)
    with recorder.db.begin() as session:
        killed = rebuild.begin(session, REPOSITORY)
        rebuild.advance(session, killed)
    assert everything(recorder) == before
    with recorder.db.begin() as session:
        assert rescore_store.list_pending(session) == [REPOSITORY]
    assert rescore.rescore(context(recorder), REPOSITORY) == 30
    assert everything(recorder) == before


def test_runs_that_come_during_a_rebuild_are_judged_once(recorder: RunRecorder) -> None:
    live(recorder, 5, 20)
    ask(recorder)
    with recorder.db.begin() as session:
        going = rebuild.begin(session, REPOSITORY)
        rebuild.advance(session, going, 50)
    live(recorder, 6, 10)
    before = everything(recorder)
    with recorder.db.begin() as session:
        assert rescore.finish(session, going, None, recorder.now)
    assert everything(recorder) == before


def test_what_is_said_during_a_rebuild_is_heard(recorder: RunRecorder) -> None:
    others = {f"cart.test_{number}": "." for number in range(6)}
    for number in range(20):
        recorder.run({**others, "login.test_3": "F." if number % 5 == 2 else "."})
    recorder.run({**others, "login.test_3": "F"}, branch="feature", sha="f" * 40)
    for first in (True, False):
        ask(recorder)
        with recorder.db.begin() as session:
            going = rebuild.begin(session, REPOSITORY)
            rebuild.advance(session, going, 50)
        recorder.run({**others, "login.test_3": "F"}, branch="another", sha="e" * 40) if first else None
        own_up(recorder, "login.test_3", ("f" if first else "e") * 40)
        before = everything(recorder)
        with recorder.db.begin() as session:
            assert rescore.finish(session, going, None, recorder.now)
        assert everything(recorder) == before


def test_what_is_asked_for_during_a_rebuild_is_not_taken_for_answered(recorder: RunRecorder) -> None:
    live(recorder, 7, 5)
    ask(recorder)
    with recorder.db.begin() as session:
        going = rebuild.begin(session, REPOSITORY)
    ask(recorder, "again")
    with recorder.db.begin() as session:
        assert not rescore.finish(session, going, None, recorder.now)
    rescore.rescore(context(recorder), REPOSITORY)
    with recorder.db.begin() as session:
        assert rescore_store.list_pending(session) == []


def _age_the_model(recorder: RunRecorder) -> None:
    with recorder.db.begin() as session:
        scorer = present(scorer_store.find(session, REPOSITORY))
        scorer_store.put(session, REPOSITORY, replace(scorer, model=1), recorder.now)


def test_scores_of_another_model_stay_readable_until_the_history_is_scored_anew(recorder: RunRecorder) -> None:
    live(recorder, 8, 40)
    before = everything(recorder)
    _age_the_model(recorder)
    with recorder.db.begin() as session:
        assert rebuild.request_outdated(session, recorder.now) == [REPOSITORY]
        assert rebuild.request_outdated(session, recorder.now) == []
        assert score_store.list_statuses(session, REPOSITORY)
    rescore.rescore(context(recorder), REPOSITORY)
    after = everything(recorder)
    keys = [row[2] for row in after["scorers"]]
    assert keys == [len(CASES) * 2]
    assert {row[1:3] for row in after["scores"]} == {row[1:3] for row in before["scores"]}


def test_a_repository_that_has_outgrown_its_number_of_cases_is_scored_anew_with_the_present_one(
    recorder: RunRecorder,
) -> None:
    live(recorder, 10, 12)
    with recorder.db.begin() as session:
        scorer = present(scorer_store.find(session, REPOSITORY))
        scorer_store.put(session, REPOSITORY, replace(scorer, outgrown=True), recorder.now)
        assert rebuild.request_outdated(session, recorder.now) == [REPOSITORY]
    rescore.rescore(context(recorder), REPOSITORY)
    with recorder.db.begin() as session:
        scorer = present(scorer_store.find(session, REPOSITORY))
        assert rebuild.request_outdated(session, recorder.now) == []
    assert (scorer.keys, scorer.outgrown) == (len(CASES) * 2, False)


def test_runs_that_come_while_the_scores_are_of_another_model_are_judged_by_the_rebuild(recorder: RunRecorder) -> None:
    flaky = {f"cart.test_{number}": "." for number in range(6)}
    for number in range(20):
        recorder.run({**flaky, "login.test_3": "F." if number == 9 else "."})
    _age_the_model(recorder)
    for number in range(12):
        recorder.run({**flaky, "login.test_3": "F." if number in {3, 6, 9} else "."})
    with recorder.db.begin() as session:
        assert len(execution_store.list_unjudged(session, REPOSITORY)) == 12
        assert rescore_store.list_pending(session) == [REPOSITORY]
        waiting = score_store.list_statuses(session, REPOSITORY)
    rescore.rescore(context(recorder), REPOSITORY)
    case = recorder.case_id("login.test_3")
    with recorder.db.begin() as session:
        assert waiting[case] is not Status.FLAKY
        assert score_store.list_statuses(session, REPOSITORY)[case] is Status.FLAKY
        assert execution_store.list_unjudged(session, REPOSITORY) == []
        changes = status_change_store.list_between(session, [REPOSITORY], START, recorder.now + timedelta(seconds=1))
        assert [change.case_id for change in changes if change.after is Status.FLAKY] == [case]
