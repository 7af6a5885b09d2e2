"""One Slack client per workspace."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bot.analysis.model import WorkspaceId
from bot.slack.client import Slack


class Registry:
    """The clients of all workspaces. Safe to share between threads.

    `token_of` returns the current token of a workspace; it may ask Slack for a new one, so call `of` with no
    transaction open.
    """

    def __init__(self, token_of: Callable[[WorkspaceId], str], *, base_url: str) -> None:
        self._token_of = token_of
        self._base_url = base_url
        self.anonymous = Slack("", base_url=base_url)
        self._lock = threading.Lock()
        self._clients: dict[WorkspaceId, tuple[str, Slack]] = {}

    def of(self, workspace_id: WorkspaceId) -> Slack:
        """The client of a workspace; the same one as long as its token stays.

        Raises:
            PermanentUpstreamError: the workspace has no token (any more).
        """
        token = self._token_of(workspace_id)
        with self._lock:
            known, slack = self._clients.get(workspace_id, ("", None))
            if slack is None or known != token:
                slack = Slack(token, base_url=self._base_url)
                self._clients[workspace_id] = (token, slack)
        return slack
