"""Direct messages to the author of a commit whose every failure is known, and what the author answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from bot.analysis import audit, scoring
from bot.analysis.audit import AuditAction, RecordedEvent
from bot.analysis.learning.label import MINE_FACTOR, LabelVerdict
from bot.analysis.model import Actor, CaseId, Channel, RepositoryId
from bot.analysis.notice import AuthorNotice
from bot.analysis.run import StoredRun
from bot.errors import NotFoundError
from bot.queries import commit, policy
from bot.services import event
from bot.store.conversation import message as message_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation import silence as silence_store
from bot.store.database import Session
from bot.store.runs import result as result_store
from bot.store.runs import run as run_store
from bot.store.scores import label as label_store
from bot.store.scores import score as score_store
from bot.store.scores import scorer as scorer_store
from bot.store.scores.scorer import StoredScorer
from bot.store.workspaces import account_link as account_link_store
from bot.store.workspaces import workspace as workspace_store

SETTLE = timedelta(seconds=5)
"""How long other runs of the commit have to be reported before its state is read."""
MAX_APPLIED = 2
WINDOW = timedelta(days=30)
"""The feedback of one person on one case is weighed so often in this time; more is kept, and weighs nothing."""


def notify(session: Session, run: StoredRun, now: datetime, *, failed: bool) -> None:
    """Request a notice to the author of a run's commit, or its update, if they are linked and want it.

    After a run without failures only authors who were notified of the commit are notified again.
    """
    links = account_link_store.list_of_accounts(session, [run.actor]) if run.actor is not None else ()
    if not links:
        return
    visible = workspace_store.list_seeing(session, run.repository_id, {link.workspace_id for link in links})
    people = {Channel(link.workspace_id, link.slack_user) for link in links if link.workspace_id in visible}
    people -= silence_store.list_of(session, people)
    notices = [
        AuthorNotice(repository_id=run.repository_id, head_sha=run.head_sha, channel=person) for person in people
    ]
    if not failed:
        posted = message_store.list_posted(session, [notice.key() for notice in notices])
        notices = [notice for notice in notices if notice.key() in posted]
    notice_store.put_all(session, notices, now, at=now + SETTLE)


def claim(session: Session, notice: AuthorNotice, actor: Actor, now: datetime) -> None:
    """Keep that the author says it is them: it counts against the flaky belief in every failure of the commit.

    Raises:
        NotFoundError: nothing fails on the commit any more.
    """
    state = commit.state(session, notice.repository_id, notice.head_sha, now)
    case_ids = {failure.case_id for failure in state.failures}
    if not case_ids:
        message = "Nothing fails on this commit any more."
        raise NotFoundError(message)
    claim_failures(session, notice.repository_id, case_ids, notice.head_sha, actor, now)
    notice_store.put(session, notice, now)


def claim_failures(
    session: Session,
    repository_id: RepositoryId,
    case_ids: Collection[CaseId],
    head_sha: str,
    actor: Actor,
    now: datetime,
) -> set[CaseId]:
    """Record that somebody's change broke cases at a commit; returns those they had not claimed before."""
    scorer_store.lock(session, repository_id)  # two clicks at the same time are one label
    claimed = label_store.list_claimed(session, repository_id, case_ids, LabelVerdict.MINE, actor, head_sha)
    new = set(case_ids) - claimed
    event.record_all(
        session,
        [
            audit.of_case(
                AuditAction.LABEL,
                repository_id,
                case_id,
                actor,
                now,
                reason=f"It is me: my change broke it at {head_sha[:7]}.",
                verdict=LabelVerdict.MINE,
                head_sha=head_sha,
            )
            for case_id in sorted(new)
        ],
    )
    return new


def weigh_claims(session: Session, events: Sequence[RecordedEvent]) -> None:
    """Weigh the feedback of an author on the failures of a commit: a subscriber of `event`, after the labels.

    Locks the repository's scorer until the transaction ends, so that its place among the runs is certain.
    """
    claims = [event for event in events if event.verdict is LabelVerdict.MINE and event.head_sha is not None]
    if not claims:
        return
    first = claims[0]
    repository_id, actor, head_sha, now = first.repository_id, first.actor, first.head_sha or "", first.at
    case_ids = [event.case_id for event in claims if event.case_id is not None]
    stored = scorer_store.lock(session, repository_id)
    applied = label_store.count_applied(session, repository_id, case_ids, actor, now - WINDOW)
    failed = result_store.list_failed_variants(session, repository_id, case_ids, head_sha)
    variants = {case_id: names for case_id, names in failed.items() if applied.get(case_id, 0) < MAX_APPLIED}
    if not variants:
        return
    after = run_store.last_ordinal(session, repository_id)
    label_store.set_applied(session, repository_id, head_sha, actor, after, variants)
    # Scores of another model are about to be recomputed, and the rebuild applies the label.
    if stored is not None and stored.model == scoring.MODEL.version:
        _weigh(session, repository_id, stored, variants, now)


def _weigh(
    session: Session,
    repository_id: RepositoryId,
    stored: StoredScorer,
    variants: Mapping[CaseId, Sequence[str]],
    now: datetime,
) -> None:
    model = scoring.MODEL
    thresholds = policy.of_repository(session, repository_id).thresholds
    scorer = scoring.Scorer(scoring.RepositoryMemory.from_bytes(stored.state, model), thresholds)
    names = sorted({name for of_case in variants.values() for name in of_case})
    known = score_store.list_stored(session, repository_id, variants=names, case_ids=variants.keys())
    rows = {name: [row for row in known if row.score.variant == name] for name in names}
    ids = {name: np.array([row.score.case_id for row in rows[name]], dtype=np.int32) for name in names if rows[name]}
    counts = scorer_store.get_counts(session, repository_id, ids)
    changed: list[score_store.StoredScore] = []
    for name, case_ids in ids.items():
        active = scoring.ActiveCases.unpack([(row.score.case_id, row.state) for row in rows[name]], model)
        scorer.variant(name).load(case_ids, counts[name].get(case_ids), active)
        weighed = [row.score.case_id for row in rows[name] if name in variants[row.score.case_id]]
        for case_id in weighed:
            scorer.apply_feedback(name, case_id, MINE_FACTOR, now)
        changed += score_store.read_out(scorer, name, np.array(weighed, dtype=np.int32))
    score_store.put(session, repository_id, changed, now)
