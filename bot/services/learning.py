"""What people teach: their verdicts are kept as labels, beside what was believed when they were given."""

from __future__ import annotations

from datetime import datetime

from bot.analysis.labels import LabelSource, LabelVerdict
from bot.analysis.model import Actor, CaseId, RepositoryId
from bot.services import judge
from bot.store import cases, labels
from bot.store.database import Session


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
    """Keep what a person said of a case, with its status at this moment; False where they said it before.

    The same person saying the same of the same case at the same commit is one label; `head_sha` is the commit whose
    failure is meant, None where the case as a whole is.
    """
    if head_sha is not None and labels.exists(session, repository_id, case_id, verdict, actor, head_sha):
        return False
    scored = cases.list_scores(session, repository_id, case_ids=[case_id])
    labels.insert(
        session,
        repository_id=repository_id,
        case_id=case_id,
        verdict=verdict,
        source=source,
        actor=actor,
        status=judge.worst(scored),
        p_flaky=max((row.p_flaky for row in scored), default=0.0),
        head_sha=head_sha,
        features=None,
        features_version=0,
        now=now,
    )
    return True
