"""A repository of many tests that one channel is subscribed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar, get_args

from bot.analysis.case_state import StatusChange
from bot.analysis.model import Actor, ActorKind, CaseId, Channel, QuarantineId, RunId, Status
from bot.analysis.notice import (
    CardNotice,
    Notice,
)
from bot.analysis.quarantine.proposal import Proposal
from bot.analysis.subscription import Filters
from bot.services import notice, subscription
from bot.store.conversation import message as message_store
from bot.store.conversation.message import PostedMessage
from bot.store.conversation.notice import StoredNotice
from bot.store.database import Database
from bot.store.runs import run as run_store
from bot.store.scores import score as score_store
from bot.store.workspaces import workspace as workspace_store
from tests import stored_notices
from tests.store import deciding
from tests.store.run_recorder import REPOSITORY, RunRecorder

ANA = Actor(ActorKind.SLACK, "U0ANA", "Ana")


BEN = Actor(ActorKind.SLACK, "U0BEN", "Ben")


N = TypeVar("N", bound=Notice)


NAMES = [f"t{number}" for number in range(210)]


class SubscribedChannel(RunRecorder):
    """A repository of 210 tests with one subscribed channel."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.run_id: RunId = self.run(dict.fromkeys(NAMES, "."))
        with db.begin() as session:
            workspace = workspace_store.put_by_token(session, sees_all=True, now=self.now)
            self.channel = self.default_channel = Channel(workspace.id, "C0CIFLAKES")
            subscription.subscribe(session, self.channel, REPOSITORY, Filters(), ANA, self.now)

    def turn_flaky(self, names: Sequence[str]) -> None:
        ids = [self.case_id(name) for name in names]
        with self.db.begin() as session:
            run = run_store.get(session, REPOSITORY, self.run_id)
            notice.post_changes(
                session, run, [StatusChange(one, Status.HEALTHY, Status.FLAKY) for one in ids], None, self.now
            )

    def stored(self, kind: type[Notice]) -> list[StoredNotice]:
        with self.db.begin() as session:
            return list(stored_notices.list_of_kind(session, kind))

    def notices(self, kind: type[N]) -> list[N]:
        with self.db.begin() as session:
            decoded = [one.decode() for each in get_args(Notice) for one in stored_notices.list_of_kind(session, each)]
        return [notice for notice in decoded if isinstance(notice, kind)]

    def post_card(self, name: str) -> CaseId:
        """A card of a flaky test, posted now."""
        case_id = self.case_id(name)
        with self.db.begin() as session:
            key = CardNotice(repository_id=REPOSITORY, case_id=case_id, channel=self.channel).key()
            message = PostedMessage(self.channel, "1.2", case_id)
            message_store.insert_if_new(session, key, message, REPOSITORY, self.now)
        return case_id

    def propose(self, name: str, actor: Actor, days: int = 14, owner: str | None = "U0ANA") -> QuarantineId:
        proposal = Proposal(case_id=self.case_id(name), days=days, reason="it is slow", owner=owner)
        with self.db.begin() as session:
            return deciding.propose(session, REPOSITORY, proposal, actor, self.now, channel=self.channel)


def mark_flaky(channels: SubscribedChannel, case_id: CaseId) -> None:
    with channels.db.begin() as session:
        rows = score_store.list_stored(session, channels.repository_id, case_ids=[case_id])
        flaky = [replace(row, score=replace(row.score, status=Status.FLAKY)) for row in rows]
        score_store.put(session, channels.repository_id, flaky, channels.now)
