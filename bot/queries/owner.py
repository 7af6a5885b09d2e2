"""Who answers for a case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.analysis.model import CaseId, RepositoryId, WorkspaceId
from bot.analysis.quarantine import owner
from bot.queries import policy as policies
from bot.store.cases import case as case_store
from bot.store.cases import cluster as cluster_store
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.workspaces import account_link as account_link_store


def of_cases(
    session: Session, repository_id: RepositoryId, case_ids: Iterable[CaseId]
) -> Mapping[CaseId, tuple[str, ...]]:
    """The owner named on the latest quarantine of each case, else that of its cluster, else those of CODEOWNERS.

    Cases nobody was named for are left out.
    """
    wanted = list(case_ids)
    named = {
        **cluster_store.list_owned(session, repository_id, wanted),
        **quarantine_store.list_owners(session, repository_id, wanted),
    }
    found = {case_id: (name,) for case_id, name in named.items()}
    files = {
        one.id: one
        for one in case_store.list_by_id(session, [repository_id], [one for one in wanted if one not in found])
    }
    of_path = policies.owners_of_paths(session, repository_id, {one.file for one in files.values()})
    return found | {case_id: of_path[one.file] for case_id, one in files.items() if of_path.get(one.file)}


def aliases(
    session: Session, repository_id: RepositoryId, named: Mapping[CaseId, tuple[str, ...]]
) -> Mapping[CaseId, tuple[str, ...]]:
    """Owners with the user groups that the policy names for their teams, by which people ask for them too."""
    policy = policies.of_repository(session, repository_id)
    known = {}
    for case_id, names in named.items():
        groups = [group for name in names if (group := policy.group_of(name))]
        known[case_id] = (*names, *groups)
    return known


def mentionable(
    session: Session, workspace_id: WorkspaceId, repository_id: RepositoryId, names: Sequence[str]
) -> tuple[str, ...]:
    """Owners as a workspace can mention them: linked people and the policy's user groups by their ids of Slack.

    Anybody else stays a name.
    """
    policy = policies.of_repository(session, repository_id)
    found = []
    for name in names:
        if owner.is_person(name) or owner.is_group(name):
            found.append(name)
            continue
        linked = [
            one.slack_user
            for one in account_link_store.list_of_account(session, name.removeprefix("@"))
            if one.workspace_id == workspace_id
        ]
        found.append(linked[0] if linked else policy.group_of(name) or name)
    return tuple(dict.fromkeys(found))
