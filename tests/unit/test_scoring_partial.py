"""A variant that was read in part: its failures count, what passed in it gives no credit, and its size is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from bot.analysis import scoring
from bot.analysis.model import CaseId
from tests.unit.scored_repository import START, ScoredRepository, execution


def partial(repository: ScoredRepository, sha: str, ran: range, *failing: int) -> scoring.Observation:
    repository.hours += 1
    whole = execution(sha, ran, failing, hours=repository.hours, suites=[case // 50 for case in ran])
    return repository.scorer.observe(replace(whole, counted=whole.failed))


def calm(cases: int) -> ScoredRepository:
    repository = ScoredRepository(cases)
    for number in range(12):
        repository.run(f"c{number}")
    return repository


def test_what_passes_in_a_part_changes_nothing_about_a_case() -> None:
    left, partly = calm(60), calm(60)
    for repository in (left, partly):
        repository.run("broken", 7)
    before = partly.score(7)
    partial(partly, "after", range(60))
    assert partly.score(7, hours=left.hours) == before == left.score(7)
    assert partly.score(3) == left.score(3)


def test_what_fails_in_a_part_counts_and_a_few_failures_of_many_are_no_outage() -> None:
    repository = calm(400)
    seen = partial(repository, "cut", range(380), *range(0, 380, 32))
    assert seen.outage.run < scoring.INCIDENT
    assert not seen.is_incident
    at = START + timedelta(hours=repository.hours)
    scored = {one.case_id: one for one in scoring.readout.everything(repository.scorer, "linux", at)}
    assert scored[CaseId(32)].failures == 1
    assert scored[CaseId(32)].p_broken > scored[CaseId(33)].p_broken


def test_an_outage_in_a_part_is_one_all_the_same() -> None:
    repository = calm(400)
    assert partial(repository, "down", range(380), *range(250)).is_incident


def test_counting_everything_is_the_same_as_saying_nothing_of_it() -> None:
    one, other = calm(60), calm(60)
    whole = execution("c", range(60), (7,), hours=99)
    one.scorer.observe(whole)
    other.scorer.observe(replace(whole, counted=np.ones(60, dtype=np.bool_)))
    assert one.score(7, hours=99) == other.score(7, hours=99)
