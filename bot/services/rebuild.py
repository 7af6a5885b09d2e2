"""Rebuilding the scores of a repository from its stored runs, after the model changed or runs left the scores (ADR 10).

The long part reads run after run into memory and holds no lock. The last runs, the replacement of the scores and what
follows from it are one transaction under the repository's lock. Until then the old scores stay in use, and runs that
arrive are judged by them and read here too, so a rebuild that is killed has changed nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.analysis import case_state, scoring
from bot.analysis import incident as incident_rules
from bot.analysis.audit import AuditAction, RecordedEvent
from bot.analysis.case_state import StatusChange
from bot.analysis.incident import LEFT_OUT, Incident
from bot.analysis.learning.label import MINE_FACTOR
from bot.analysis.model import CaseId, Channel, RepositoryId, RunId, Status
from bot.analysis.run import StoredRun
from bot.analysis.scoring.variant_results import VariantResults
from bot.queries import policy
from bot.services import notice
from bot.store.database import Session
from bot.store.runs import execution as execution_store
from bot.store.runs import history as history_store
from bot.store.runs import run as run_store
from bot.store.scores import incident as incident_store
from bot.store.scores import label as label_store
from bot.store.scores import rescore as rescore_store
from bot.store.scores import score as score_store
from bot.store.scores import scorer as scorer_store
from bot.store.scores.label import AppliedFeedback
from bot.store.scores.score import StoredScore
from bot.store.scores.scorer import Counts, StoredScorer

BATCH = 25
"""Runs read in one transaction."""


def request_for_incidents(session: Session, events: Sequence[RecordedEvent]) -> None:
    """Request a rebuild if an incident starts over runs that were judged, or ends before runs that were not.

    A subscriber of `event`. Locks the repository's scorer, so that no run is judged by the windows of before.
    """
    marked = {AuditAction.START_INCIDENT, AuditAction.END_INCIDENT}
    incident_ids = [event.aggregate_id for event in events if event.action in marked]
    if not incident_ids:
        return
    repository_id, now = events[0].repository_id, events[0].at
    scorer_store.lock(session, repository_id)
    windows = [window for window in incident_store.list_marked(session, repository_id) if window.id in incident_ids]
    since = min(window.ended_at or window.started_at for window in windows)
    if run_store.any_ended_since(session, repository_id, since):
        rescore_store.request(session, [repository_id], f"incident:{incident_ids[0]}", now)


def request_outdated(session: Session, now: datetime) -> list[RepositoryId]:
    """Ask for every repository whose scores are of another model, or of a number of cases it has outgrown.

    Requests that are not done yet are put in the queue again, in case their job was lost.
    """
    outdated = scorer_store.list_outdated(session, scoring.MODEL.version)
    requested = rescore_store.request_if_idle(session, outdated, "model", now)
    rescore_store.enqueue(session, rescore_store.list_pending(session))
    return requested


class SuiteNumbers:
    """The suites of the cases of a repository, numbered in the order of their names, as live ingestion numbers them."""

    def __init__(self, repository_id: RepositoryId) -> None:
        self._repository_id = repository_id
        self._names: list[str] = []
        self._of = np.empty(0, dtype=np.int32)
        self._kept: dict[bytes, tuple[NDArray[np.int32], tuple[str, ...]]] = {}

    def number(
        self, session: Session, kind: bytes, case_ids: NDArray[np.int32], *, whole: bool
    ) -> tuple[NDArray[np.int32], tuple[str, ...]]:
        """The suite of each case, numbered from 0 within this variant, and their names; kept for a `whole` variant."""
        if whole and kind in self._kept:
            return self._kept[kind]
        if len(case_ids) and case_ids[-1] >= len(self._of):
            self._load(session)
        used, numbers = np.unique(self._of[case_ids], return_inverse=True)
        suites = numbers.astype(np.int32), tuple(self._names[number] for number in used.tolist())
        if whole:
            self._kept[kind] = suites
        return suites

    def _load(self, session: Session) -> None:
        suite_of = history_store.list_suites(session, self._repository_id)
        self._names = sorted(set(suite_of.values()))
        numbers = {name: number for number, name in enumerate(self._names)}
        self._of = np.zeros(max(suite_of, default=-1) + 1, dtype=np.int32)
        for case_id, name in suite_of.items():
            self._of[case_id] = numbers[name]


@dataclass(slots=True)
class RepositoryReplay:
    """A rebuild in progress: the filter after the runs read so far, and the incidents found in them.

    `last_label` is the number of the last label that was weighed.
    """

    repository_id: RepositoryId
    wanted: int
    scorer: scoring.Scorer
    reader: execution_store.ExecutionReader
    windows: list[Incident]
    suites: SuiteNumbers
    terms: dict[RunId, float] = field(default_factory=dict)
    incidents: list[Incident] = field(default_factory=list)
    left_out: dict[RunId, Incident] = field(default_factory=dict)
    last_label: int = 0

    def apply_feedback(self, feedback: AppliedFeedback) -> None:
        """Weigh what an author said of a failure."""
        for variant in feedback.variants:
            self.scorer.apply_feedback(variant, feedback.case_id, MINE_FACTOR, feedback.given_at)
        self.last_label = feedback.label_id


@dataclass(frozen=True, slots=True)
class RebuiltScores:
    """What a rebuild came to: the statuses of the cases, and which of them changed.

    `unjudged` are the runs that nobody had judged before it, `moved_heads` the commits of runs whose outage changed.
    """

    statuses: Mapping[CaseId, Status]
    changes: tuple[StatusChange, ...]
    unjudged: Sequence[RunId]
    moved_heads: Sequence[str]


def begin(session: Session, repository_id: RepositoryId) -> RepositoryReplay:
    """Start a rebuild from the first run of a repository.

    The filter keeps its number of (case, variant), so that the same runs give the same scores to the last bit. It is
    counted again only if the model changed or the repository has outgrown it.
    """
    stored = scorer_store.find(session, repository_id)
    stays = stored is not None and stored.model == scoring.MODEL.version and not stored.outgrown
    keys = stored.keys if stored is not None and stays else execution_store.count_keys(session, repository_id)
    thresholds = policy.of_repository(session, repository_id).thresholds
    return RepositoryReplay(
        repository_id=repository_id,
        wanted=rescore_store.find(session, repository_id).wanted,
        scorer=scoring.Scorer(scoring.RepositoryMemory(keys), thresholds),
        reader=execution_store.ExecutionReader(repository_id),
        windows=incident_store.list_marked(session, repository_id),
        suites=SuiteNumbers(repository_id),
    )


def advance(session: Session, replay: RepositoryReplay, limit: int = BATCH) -> int:
    """Read the next runs and apply the author feedback between them; returns the number of runs, 0 at the end."""
    read = replay.reader.read(session, limit)
    # Read after the runs, so that all feedback given before one of them is included.
    waiting = deque(label_store.list_applied(session, replay.repository_id, replay.last_label))
    for run, executions in read:
        while waiting and waiting[0].after < run.ordinal:
            replay.apply_feedback(waiting.popleft())
        _take(session, replay, run, executions)
    return len(read)


def finish(session: Session, replay: RepositoryReplay, now: datetime) -> RebuiltScores | None:
    """Read the runs that arrived meanwhile, and replace the scores.

    Returns None, with nothing changed, if a rebuild was requested since this one began: it has to start again.
    """
    repository_id = replay.repository_id
    scorer_store.lock(session, repository_id)
    if rescore_store.find(session, repository_id).wanted != replay.wanted:
        return None
    while advance(session, replay):
        pass
    for feedback in label_store.list_applied(session, repository_id, replay.last_label):
        replay.apply_feedback(feedback)
    before = score_store.list_statuses(session, repository_id)
    unjudged = execution_store.list_unjudged(session, repository_id)
    replace_scores(session, repository_id, replay.scorer, now)
    after = score_store.list_statuses(session, repository_id)
    incident_store.delete_found(session, repository_id)
    incident_store.put_found(session, replay.incidents)
    moved_heads = execution_store.set_outages(session, repository_id, replay.terms, now - notice.CHECK_AGE)
    rescore_store.set_done(session, repository_id, replay.wanted, now)
    return RebuiltScores(after, case_state.changes(before, after), unjudged, moved_heads)


def replace_scores(session: Session, repository_id: RepositoryId, scorer: scoring.Scorer, now: datetime) -> None:
    """Store the whole state of a scorer instead of what is stored; it has seen every run that counts."""
    version = scorer.model.version
    scorer_store.delete(session, repository_id)
    score_store.delete(session, repository_id)
    counts: dict[str, Counts] = {}
    beliefs: list[tuple[str, int, bytes]] = []
    rows: list[StoredScore] = []
    for name, variant in sorted(scorer.variants.items()):
        counts[name] = Counts({})
        counts[name].set(variant.case_ids, variant.counts)
        beliefs += [
            (name, key, branch.to_bytes(version))
            for key, branch in variant.branches.items()
            if key in scorer.memory.branches
        ]
        rows += score_store.read_out(scorer, name)
    scorer_store.put_counts(session, repository_id, counts)
    scorer_store.put_branch_beliefs(session, repository_id, beliefs)
    score_store.put(session, repository_id, rows, now)
    scorer_store.put(session, repository_id, StoredScorer.of(scorer.memory), now)


def announce(
    session: Session, repository_id: RepositoryId, rebuilt: RebuiltScores, channel: Channel | None, now: datetime
) -> None:
    """Announce the changes of cases that failed in runs not judged before, and update what shows the others."""
    new = execution_store.list_failing_runs(session, repository_id, rebuilt.unjudged)
    if rebuilt.unjudged:
        latest = run_store.get(session, repository_id, rebuilt.unjudged[-1])
        changes = [change for change in rebuilt.changes if change.case_id in new]
        notice.post_changes(session, latest, changes, channel, now)
    rest = [change.case_id for change in rebuilt.changes if change.case_id not in new]
    notice.cards(session, repository_id, rest, now, head_shas=rebuilt.moved_heads)


def _take(
    session: Session, replay: RepositoryReplay, run: StoredRun, executions: tuple[execution_store.StoredExecution, ...]
) -> None:
    """Take one run in as live ingestion did, or leave it out where a marked window covers it."""
    window = incident_rules.covering(replay.windows, run)
    replay.terms[run.id] = 0.0 if window is None else LEFT_OUT
    if window is not None:
        replay.left_out[run.id] = window
        return
    for execution in executions:
        case_ids, failed, retries, runners = execution.judged()
        suites, names = replay.suites.number(
            session, execution.kind, case_ids, whole=len(case_ids) == len(execution.case_ids)
        )
        results = VariantResults(execution.variant, case_ids, suites, failed, retries, names, execution.whole, runners)
        observation = replay.scorer.observe(results.execution(run))
        replay.terms[run.id] = max(replay.terms[run.id], observation.outage.run)
        replay.incidents += results.incidents(run, observation)
