"""Labels become a model in the background, and the model an order of what to fix."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from bot.analysis import audit
from bot.analysis.audit import AuditAction
from bot.analysis.learning import feature, training
from bot.analysis.learning.label import LabelVerdict
from bot.analysis.model import Actor, ActorKind, WorkspaceId
from bot.jobs import upkeep
from bot.jobs.context import Context
from bot.queries import case_item, learned_model
from bot.services import event, learning
from bot.slack.registry import Registry
from bot.store import queue
from bot.store.database import Database
from bot.store.scores import label as label_store
from tests.store.run_recorder import RunRecorder

pytest.importorskip("sklearn", reason="scikit-learn is an optional extra: pip install '.[learn]'")
PEOPLE = [Actor(ActorKind.SLACK, f"U{number}", f"Person {number}") for number in range(4)]


@pytest.fixture
def recorder(db: Database) -> RunRecorder:
    """Thirty tests flake by timeouts and pass when tried again; thirty fail an assertion, and not only once."""
    recorder = RunRecorder(db)
    dice = random.Random(3)  # noqa: S311  # a simulation
    for _ in range(30):
        ran = {}
        for number in range(30):
            ran[f"wait.{number}"] = "F." if dice.random() < 0.2 else "."
            ran[f"sum.{number}"] = "FF." if dice.random() < 0.2 else "."
        recorder.run(
            ran, messages={name: "timed out waiting for the server" for name in ran if name.startswith("wait")}
        )
    return recorder


def _say(recorder: RunRecorder, name: str, verdict: LabelVerdict, actor: Actor) -> None:
    case_id = recorder.case_id(name)
    given = audit.of_case(AuditAction.LABEL, recorder.repository_id, case_id, actor, recorder.now, verdict=verdict)
    with recorder.db.begin() as session:
        event.record(session, given)
    with recorder.db.begin() as session:
        assert learning.compute_features(session, recorder.repository_id, recorder.now) == 1
    recorder.now += timedelta(minutes=1)


def _waiting(recorder: RunRecorder) -> int:
    with recorder.db.begin() as session:
        found: int = session.exec_driver_sql(
            "select count(*) from procrastinate_jobs where task_name = %s", (queue.LEARN,)
        ).scalar_one()
    return found


def _no_token(_workspace: WorkspaceId) -> str:
    return ""


def test_enough_verdicts_train_a_model_that_reorders_what_to_fix(recorder: RunRecorder) -> None:
    with recorder.db.begin() as session:
        untaught = learned_model.report(session, recorder.repository_id)
        assert learned_model.predict(session, recorder.repository_id, [recorder.case_id("sum.1")], recorder.now) == {}
    assert not untaught.is_used
    assert "0 of the 60 verdicts" in untaught.reason
    for number in range(30):
        _say(recorder, f"wait.{number}", LabelVerdict.FLAKY, PEOPLE[number % 4])
        _say(recorder, f"sum.{number}", LabelVerdict.BUG, PEOPLE[(number + 1) % 4])
    assert _waiting(recorder) == 1
    upkeep.learn(
        Context(recorder.db, None, Registry(_no_token, base_url=""), None, clock=lambda: recorder.now),
        recorder.repository_id,
    )
    with recorder.db.begin() as session:
        report = learned_model.report(session, recorder.repository_id)
        by_model = learned_model.predict(
            session, recorder.repository_id, [recorder.case_id("wait.2"), recorder.case_id("sum.2")], recorder.now
        )
        items = case_item.list_of(session, recorder.repository_id, recorder.now)
        learned = learned_model.predict(session, recorder.repository_id, [item.lead for item in items], recorder.now)
    assert report.is_used, report.reason
    assert report.held_back == 18
    assert by_model[recorder.case_id("wait.2")] > 0.8
    assert by_model[recorder.case_id("sum.2")] < 0.2
    assert items
    assert learned.keys() == {item.lead for item in items}


def test_a_label_keeps_the_features_of_the_moment(recorder: RunRecorder) -> None:
    _say(recorder, "wait.0", LabelVerdict.FLAKY, PEOPLE[0])
    with recorder.db.begin() as session:
        (label,) = label_store.list_newest(session, recorder.repository_id, 5)
    assert label.features is not None
    named = dict(zip(feature.NAMES, label.features, strict=True))
    assert named["share of failures by timing or order"] == 1.0
    assert named["share of retries that passed"] == 1.0
    assert label.features_version == feature.VERSION


def test_a_model_is_trained_anew_only_after_enough_new_verdicts(recorder: RunRecorder) -> None:
    for number in range(training.MIN_LABELS - 1):
        _say(recorder, f"wait.{number % 30}", LabelVerdict.FLAKY, PEOPLE[number % 4])
    assert _waiting(recorder) == 0
    with recorder.db.begin() as session:
        assert "59 of the 60 verdicts" in learned_model.report(session, recorder.repository_id).reason
    _say(recorder, "wait.0", LabelVerdict.FLAKY, PEOPLE[0])
    assert _waiting(recorder) == 1
