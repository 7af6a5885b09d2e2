from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.analysis.learning.error_ledger import StatusErrors, count_errors
from bot.analysis.learning.label import Label, LabelSource, LabelVerdict
from bot.analysis.model import Actor, ActorKind, CaseId, RepositoryId, Status

START = datetime(2026, 3, 2, tzinfo=UTC)


def _label(number: int, case: int, actor: str, verdict: LabelVerdict, status: Status = Status.FLAKY) -> Label:
    return Label(
        id=number,
        repository_id=RepositoryId(1),
        case_id=CaseId(case),
        verdict=verdict,
        source=LabelSource.CARD,
        actor=Actor(ActorKind.SLACK, actor, actor),
        status=status,
        p_flaky=0.9,
        head_sha=None,
        features=None,
        features_version=0,
        created_at=START + timedelta(minutes=number),
    )


def test_a_case_counts_once_by_the_majority_of_people() -> None:
    said = [
        _label(1, 7, "ana", LabelVerdict.FLAKY),
        _label(2, 7, "ben", LabelVerdict.FLAKY),
        _label(3, 7, "eve", LabelVerdict.BUG),
    ]
    assert count_errors(said) == (StatusErrors(Status.FLAKY, confirmed=1, wrong=0, disputed=0),)


def test_one_person_has_one_vote_however_often_they_click() -> None:
    said = [_label(number, 7, "eve", LabelVerdict.BUG) for number in range(20)]
    said.append(_label(21, 7, "ana", LabelVerdict.FLAKY))
    assert count_errors(said) == (StatusErrors(Status.FLAKY, confirmed=0, wrong=0, disputed=1),)


def test_who_changes_their_mind_is_counted_by_the_last_word() -> None:
    said = [_label(1, 7, "ana", LabelVerdict.FLAKY), _label(2, 7, "ana", LabelVerdict.FIXED)]
    (line,) = count_errors(reversed(said))
    assert (line.wrong, line.error_rate) == (1, 1.0)


def test_never_quarantine_claims_nothing_and_suspect_cannot_be_wrong() -> None:
    said = [
        _label(1, 7, "ana", LabelVerdict.NEVER),
        _label(2, 8, "ana", LabelVerdict.BUG, Status.SUSPECT),
        _label(3, 9, "ana", LabelVerdict.FLAKY, Status.INSUFFICIENT),
    ]
    assert count_errors(said) == ()


def test_the_worst_error_rate_comes_first() -> None:
    said = [
        _label(1, 1, "ana", LabelVerdict.FLAKY),
        _label(2, 2, "ana", LabelVerdict.BUG),
        _label(3, 3, "ana", LabelVerdict.FLAKY, Status.BROKEN),
        _label(4, 4, "ana", LabelVerdict.MINE, Status.HEALTHY),
    ]
    lines = count_errors(said)
    assert [(line.status, line.error_rate) for line in lines] == [
        (Status.BROKEN, 1.0),
        (Status.FLAKY, 0.5),
        (Status.HEALTHY, 0.0),
    ]
