"""One Slack client per workspace."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bot.analysis.model import WorkspaceId
from bot.slack import client
from bot.slack.client import Slack


class Registry:
    """The clients of all workspaces. Safe to share between threads.

    `token_of` says with which token to speak for a workspace at the moment; it may ask Slack for a new one, so
    call `of` with no transaction open.
    """

    def __init__(
        self, token_of: Callable[[WorkspaceId], str], *, base_url: str, open_seconds: float = client.OPEN_SECONDS
    ) -> None:
        self._token_of = token_of
        self._open_seconds = open_seconds
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
            held = self._clients.get(workspace_id)
            if held is None or held[0] != token:
                held = (token, Slack(token, base_url=self._base_url, open_seconds=self._open_seconds))
                self._clients[workspace_id] = held
        return held[1]
