"""What people teach: their verdicts are kept as labels, a model is trained of them, and used where it is better."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.analysis.learning import feature, learned_model, training
from bot.analysis.learning.label import LabelSource, LabelVerdict
from bot.analysis.learning.learned_model import LearnedModel, TrainingReport
from bot.analysis.model import Actor, CaseId, RepositoryId
from bot.queries import case_state
from bot.services import author_feedback
from bot.store import queue
from bot.store.database import Session
from bot.store.scores import evidence as evidence_store
from bot.store.scores import label as label_store
from bot.store.scores import learned_model as learned_model_store
from bot.store.scores import scorer as scorer_store

RETRAIN_AFTER = 10
"""New labels after which a model is trained anew."""
DELAY = timedelta(minutes=5)


def record_label(
    session: Session,
    repository_id: RepositoryId,
    case_id: CaseId,
    verdict: LabelVerdict,
    source: LabelSource,
    actor: Actor,
    now: datetime,
    *,
    head_sha: str | None = None,
) -> bool:
    """Keep what a person said of a case, with its status and features at this moment; False where they said it before.

    The same person saying the same of the same case at the same commit is one label; `head_sha` is the commit whose
    failure is meant, None where the case as a whole is. "It is me" counts against the flaky belief at once.
    """
    if head_sha is not None:
        scorer_store.lock(session, repository_id)  # two clicks at once are one label
    if head_sha is not None and label_store.list_claimed(session, repository_id, [case_id], verdict, actor, head_sha):
        return False
    state = case_state.get(session, repository_id, case_id, now)
    known = evidence_store.gather(session, repository_id, [case_id], now).get(case_id)
    heard_after: int | None = None
    heard_in: tuple[str, ...] = ()
    if verdict is LabelVerdict.MINE and head_sha is not None:
        heard_after, heard_in = author_feedback.hear(session, repository_id, case_id, head_sha, actor, now)
    label_store.insert(
        session,
        repository_id=repository_id,
        case_id=case_id,
        verdict=verdict,
        source=source,
        actor=actor,
        status=state.status,
        p_flaky=state.p_flaky if state.scored else 0.0,
        head_sha=head_sha,
        features=None if known is None else feature.extract(known),
        features_version=feature.VERSION,
        heard_after=heard_after,
        heard_in=heard_in,
        now=now,
    )
    _request_training(session, repository_id, now)
    return True


def keep_model(
    session: Session,
    repository_id: RepositoryId,
    model: LearnedModel | None,
    report: TrainingReport,
    count: int,
    now: datetime,
) -> None:
    """Store what training concluded, from so many labels."""
    learned_model_store.insert(session, repository_id, learned_model.to_document(model, report), count, now)


def _request_training(session: Session, repository_id: RepositoryId, now: datetime) -> None:
    """Have a model trained soon where there are enough new labels; asked for often, done once."""
    count = label_store.count(session, repository_id)
    stored = learned_model_store.find_latest(session, repository_id)
    if count < training.MIN_LABELS or (stored is not None and count < stored.labels + RETRAIN_AFTER):
        return
    queue.defer(
        session,
        queue.LEARN,
        lock=f"learn:{repository_id}",
        key=f"learn:{repository_id}",
        at=now + DELAY,
        repository_id=repository_id,
    )
