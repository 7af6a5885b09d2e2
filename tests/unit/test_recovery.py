"""Release by evidence, never by silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.case_history import CaseResult
from bot.analysis.model import SYSTEM, QuarantineId, RepositoryId
from bot.analysis.quarantine import release
from bot.analysis.quarantine.lifecycle import Quarantine, Scope, State
from bot.analysis.quarantine.policy import QuarantineRules
from tests.unit.made_history import CASE, START, incident, result, run

RULES = QuarantineRules(release_after=5)
HELD = Quarantine(
    id=QuarantineId(1),
    repository_id=RepositoryId(1),
    case_id=CASE,
    state=State.ACTIVE,
    scope=Scope.CASE,
    variant=None,
    fingerprint_id=None,
    days=14,
    reason="flaky",
    owner=None,
    proposed_by=SYSTEM,
    proposed_at=START,
    decided_by=SYSTEM,
    decided_at=START,
    decision=None,
    expires_at=START + timedelta(days=14),
    version=2,
)
CALM = {"linux": 0.1}


def clean(commits: int, *, variant: str = "linux") -> list[CaseResult]:
    return [result(run(number), variant=variant) for number in range(1, commits + 1)]


def test_enough_clean_commits_and_little_doubt_release() -> None:
    assert release.progress(HELD, clean(5), CALM, RULES).is_released
    assert not release.progress(HELD, clean(4), CALM, RULES).is_released
    assert not release.progress(HELD, clean(5), {"linux": 0.2}, RULES).is_released


def test_a_flaky_commit_begins_the_count_anew() -> None:
    assert release.progress(HELD, [*clean(4), result(run(5), "F."), result(run(6))], CALM, RULES).streak == 1


def test_what_passed_before_the_approval_does_not_count() -> None:
    late = replace(HELD, decided_at=START + timedelta(hours=3))
    assert release.progress(late, clean(5), CALM, RULES).streak == 3


def test_every_variant_in_which_it_failed_has_to_be_clean() -> None:
    both = {"linux": 0.1, "windows": 0.1}
    assert not release.progress(HELD, clean(9), both, RULES).is_released
    assert release.progress(HELD, [*clean(9), *clean(9, variant="windows")], both, RULES).is_released


def test_a_quarantine_of_one_variant_looks_at_that_variant() -> None:
    one = replace(HELD, scope=Scope.VARIANT, variant="linux")
    assert release.progress(one, clean(5), {"linux": 0.1, "windows": 0.9}, RULES).is_released


def test_a_suspended_quarantine_is_not_released() -> None:
    assert not release.progress(replace(HELD, state=State.SUSPENDED), clean(9), CALM, RULES).is_released


@given(st.lists(st.sampled_from(["skipped", "part", "pull request", "incident"]), max_size=40))
def test_silence_never_releases(kinds: list[str]) -> None:
    silent = []
    for number, kind in enumerate(kinds, start=1):
        match kind:
            case "skipped":
                silent.append(result(run(number), "s"))
            case "part":
                silent.append(result(run(number), whole=False))
            case "pull request":
                silent.append(result(run(number, branch="feature")))
            case _:
                silent.append(replace(result(run(number)), incidents=(incident(),)))
    assert release.progress(HELD, silent, CALM, RULES).streak == 0
    assert not release.progress(HELD, [], {}, QuarantineRules(release_after=1)).is_released
