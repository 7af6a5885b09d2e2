"""Who answers for a case."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bot.analysis.model import CaseId, RepositoryId, WorkspaceId
from bot.analysis.quarantine import owner
from bot.analysis.quarantine.policy import Policy
from bot.queries import policy
from bot.store.cases import case as case_store
from bot.store.cases import cluster as cluster_store
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.workspaces import account_link as account_link_store


def of_cases(
    session: Session, repository_ids: Collection[RepositoryId], case_ids: Collection[CaseId]
) -> dict[CaseId, tuple[str, ...]]:
    """The owner named on the latest quarantine of each case, else that of its cluster, else those of CODEOWNERS.

    Cases without an owner are left out.
    """
    named = {
        **cluster_store.list_owned(session, repository_ids, case_ids),
        **quarantine_store.list_owners(session, repository_ids, case_ids),
    }
    owners: dict[CaseId, tuple[str, ...]] = {case_id: (name,) for case_id, name in named.items()}
    others = [case_id for case_id in case_ids if case_id not in named]
    rest = case_store.list_by_id(session, list(repository_ids), others)
    codeowners = policy.list_codeowners(session, {case.repository_id for case in rest})
    for case in rest:
        if case.file and (of_path := owner.of_path(codeowners[case.repository_id], case.file)):
            owners[case.id] = of_path
    return owners


def with_groups(rules: Policy, owners: Mapping[CaseId, tuple[str, ...]]) -> dict[CaseId, tuple[str, ...]]:
    """Owners with the user groups that a policy names for their teams, by which people ask for them too."""
    return {
        case_id: (*names, *(group for name in names if (group := rules.group_of(name))))
        for case_id, names in owners.items()
    }


def mentionable(
    session: Session, workspace_id: WorkspaceId, repository_id: RepositoryId, names: Sequence[str]
) -> tuple[str, ...]:
    """Owners as a workspace can mention them: linked people and the policy's user groups by their ids of Slack.

    Anybody else stays a name.
    """
    rules = policy.of_repository(session, repository_id)
    accounts = {
        name: name.removeprefix("@").lower() for name in names if not owner.is_person(name) and not owner.is_group(name)
    }
    links = account_link_store.list_of_accounts(session, accounts.values()) if accounts else ()
    users = {link.github_login.lower(): link.slack_user for link in links if link.workspace_id == workspace_id}
    mentions = {name: users.get(login) or rules.group_of(name) or name for name, login in accounts.items()}
    return tuple(dict.fromkeys(mentions.get(name, name) for name in names))
