"""Linking a person of Slack with a GitHub account: each step is taken with a secret, once, within ten minutes.

Slack shows the first secret to the person alone; GitHub vouches for the account; and since a stranger could be lured
into taking somebody else's steps, the one in front of the browser confirms who is linked with whom.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.analysis.model import Actor, ActorKind
from bot.errors import ConflictError
from bot.queries.access import PermissionUnknownError
from bot.store.database import Session
from bot.store.workspaces import account_link as account_link_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.account_link import AccountLink, Step, StoredPermission
from bot.store.workspaces.workspace import Workspace

LIFE: Final = timedelta(minutes=10)
_EXPIRED: Final = (
    "This link was used already, or is older than ten minutes. Type /flakeguard connect in Slack to get a new one."
)


class Stage(StrEnum):
    """Which step a secret takes."""

    AUTHORIZE = "authorize"
    CONFIRM = "confirm"


def begin(session: Session, workspace: Workspace, actor: Actor, now: datetime, *, hint: str = "") -> str:
    """Let a person link their account; returns the secret of the first step. `hint` is the login they may have."""
    account_link_store.forget_steps(session, now)
    detail = {"verifier": secrets.token_urlsafe(48), "hint": hint}
    step = Step(
        workspace_id=workspace.id,
        slack_user=actor.id,
        slack_name=actor.name,
        step=Stage.AUTHORIZE.value,
        detail=detail,
    )
    return _insert(session, step, now)


def get_step(session: Session, secret: str, now: datetime) -> Step:
    """The first step of this secret, not taken yet.

    Raises:
        ConflictError: taken already, too old, or never given.
    """
    return _require(account_link_store.find_step(session, _key(secret), Stage.AUTHORIZE.value, now))


def authorize(session: Session, secret: str, now: datetime) -> Step:
    """Take the first step, which nobody can take again.

    Raises:
        ConflictError: taken already, too old, or never given.
    """
    return _require(account_link_store.take_step(session, _key(secret), Stage.AUTHORIZE.value, now))


def ask_to_confirm(
    session: Session, step: Step, github_id: int, login: str, administered: Mapping[int, str], now: datetime
) -> str:
    """Ask the person to confirm that they are the account GitHub names; returns the secret of that step.

    `administered` are the installations, by number, whose every repository they administer.
    """
    detail = {
        "github_id": github_id,
        "login": login,
        "administered": {str(number): account for number, account in administered.items()},
    }
    return _insert(session, replace(step, step=Stage.CONFIRM.value, detail=detail), now)


def confirm(
    session: Session, secret: str, chosen: Sequence[int], now: datetime
) -> tuple[AccountLink, Sequence[str], Sequence[str]]:
    """Link the person, and let their workspace see the installations they chose among those they administer.

    Returns the link, whose link with the same account it replaces, and the accounts of the installations.

    Raises:
        ConflictError: confirmed already, too old, or never given.
    """
    step = _require(account_link_store.take_step(session, _key(secret), Stage.CONFIRM.value, now))
    number, login, administered = step.detail["github_id"], step.detail["login"], step.detail["administered"]
    if not isinstance(number, int) or not isinstance(administered, dict):
        raise ConflictError(_EXPIRED)
    link = AccountLink(step.workspace_id, step.slack_user, number, str(login))
    former = account_link_store.put(session, link, now)
    actor = Actor(ActorKind.GITHUB, link.github_login, link.github_login)
    accounts = {int(number): str(account) for number, account in administered.items() if int(number) in chosen}
    bound = workspace_store.bind(session, step.workspace_id, accounts, actor, now)
    return link, former, [account for number, account in accounts.items() if number in bound]


def put_permission(
    session: Session, unknown: PermissionUnknownError, permission: str, teams: frozenset[str], now: datetime
) -> None:
    """Keep what GitHub says of an account; `teams` are those it is in, as `org/slug`."""
    stored = StoredPermission(permission, teams, now)
    account_link_store.put_permission(session, unknown.repository.id, unknown.account.id, stored)


def _insert(session: Session, step: Step, now: datetime) -> str:
    secret = secrets.token_urlsafe(32)
    account_link_store.insert_step(session, _key(secret), step, now + LIFE)
    return secret


def _key(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _require(step: Step | None) -> Step:
    if step is None:
        raise ConflictError(_EXPIRED)
    return step
