"""What an author says of a failure ("It is me") counts against the flaky belief at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from bot.analysis.case_state import VariantScore
from bot.analysis.learning.label import MINE_FACTOR
from bot.analysis.model import Actor, ActorKind, Status
from bot.jobs import rescore
from bot.services import author, rebuild
from bot.store import embedded
from bot.store.scores import label as label_store
from bot.store.scores import rescore as rescore_store
from bot.store.scores import score as score_store
from tests.store.recorded import Recorded, recording
from tests.store.run_recorder import RunRecorder

ANA = Actor(ActorKind.GITHUB, "ana", "ana")
BEN = Actor(ActorKind.GITHUB, "ben", "ben")


def _sha(word: str) -> str:
    return hashlib.sha1(word.encode(), usedforsecurity=False).hexdigest()


def _flake(recorder: RunRecorder) -> None:
    for number in range(40):
        recorder.run({"cart": "F." if number % 6 == 2 else ".", "tax": "."})
    recorder.run({"cart": "F", "tax": "."}, branch="feature", sha=_sha("feature"))


@pytest.fixture(scope="module")
def recorded(server: embedded.Server, template: str) -> Iterator[Recorded]:
    with recording(server, template, _flake) as recorded:
        yield recorded


@pytest.fixture
def recorder(recorded: Recorded) -> Iterator[RunRecorder]:
    """A shop whose `cart` is flaky, and a branch on which it failed."""
    with recorded.copy() as recorder:
        yield recorder


def _score(recorder: RunRecorder) -> VariantScore:
    with recorder.db.begin() as session:
        (row,) = score_store.list_of_cases(session, [recorder.repository_id], [recorder.case_id("cart")])
    return row


def _own_up(recorder: RunRecorder, actor: Actor, sha: str) -> bool:
    with recorder.db.begin() as session:
        case_id = recorder.case_id("cart")
        return bool(author.claim_failures(session, recorder.repository_id, [case_id], sha, actor, recorder.now))


def test_an_author_who_owns_up_to_a_failure_lowers_the_belief_by_the_odds(recorder: RunRecorder) -> None:
    before = _score(recorder)
    assert before.status is Status.FLAKY
    assert _own_up(recorder, ANA, _sha("feature"))
    after = _score(recorder)
    odds = before.p_flaky / (1 - before.p_flaky) * MINE_FACTOR
    assert after.p_flaky == pytest.approx(odds / (1 + odds))
    with recorder.db.begin() as session:
        (label,) = label_store.list_newest(session, recorder.repository_id, 5)
    assert label.p_flaky == before.p_flaky


def test_the_belief_goes_on_from_there_with_the_next_run(recorder: RunRecorder) -> None:
    before = _score(recorder).p_flaky
    _own_up(recorder, ANA, _sha("feature"))
    recorder.run({"cart": ".", "tax": "."})
    assert _score(recorder).p_flaky < before


def test_saying_it_twice_of_one_commit_or_of_one_that_did_not_fail_weighs_nothing(recorder: RunRecorder) -> None:
    _own_up(recorder, ANA, _sha("feature"))
    once = _score(recorder).p_flaky
    assert not _own_up(recorder, ANA, _sha("feature"))
    assert _own_up(recorder, ANA, _sha("another"))
    assert _score(recorder).p_flaky == once


def test_one_person_is_not_heard_without_end(recorder: RunRecorder) -> None:
    for number in range(4):
        recorder.run({"cart": "F", "tax": "."}, branch=f"feature-{number}", sha=_sha(str(number)))
    heard = []
    for number in range(4):
        before = _score(recorder).p_flaky
        _own_up(recorder, ANA, _sha(str(number)))
        heard.append(_score(recorder).p_flaky < before)
    assert heard == [True, True, False, False]
    before = _score(recorder).p_flaky
    _own_up(recorder, BEN, _sha("0"))
    assert _score(recorder).p_flaky < before


def test_a_rebuild_weighs_it_at_the_same_place_to_the_last_bit(recorder: RunRecorder) -> None:
    _own_up(recorder, ANA, _sha("feature"))
    for number in range(6):
        recorder.run({"cart": "F" if number == 2 else ".", "tax": "."})
    _own_up(recorder, BEN, _sha("feature"))
    live = _score(recorder)
    with recorder.db.begin() as session:
        rescore_store.request(session, [recorder.repository_id], "test", recorder.now)
        replay = rebuild.begin(session, recorder.repository_id)
        rebuild.advance(session, replay, 5)
    _own_up(recorder, ANA, _sha("later"))
    with recorder.db.begin() as session:
        assert rescore.finish(session, replay, None, recorder.now)
    assert _score(recorder) == live


def test_a_word_given_while_a_rebuild_reads_is_not_lost(recorder: RunRecorder) -> None:
    recorder.run({"cart": "F", "tax": "."}, branch="late", sha=_sha("late"))
    with recorder.db.begin() as session:
        rescore_store.request(session, [recorder.repository_id], "test", recorder.now)
        replay = rebuild.begin(session, recorder.repository_id)
        while rebuild.advance(session, replay, 5):
            pass
    _own_up(recorder, ANA, _sha("late"))
    recorder.run({"cart": ".", "tax": "."})
    live = _score(recorder)
    with recorder.db.begin() as session:
        assert rescore.finish(session, replay, None, recorder.now)
    assert _score(recorder) == live
