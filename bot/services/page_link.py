"""The addresses of our own pages about one case: signed, for one workspace, and good for a while."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from bot.analysis.model import CaseId, WorkspaceId
from bot.errors import NotFoundError

LIFE = timedelta(days=30)
PATH = "/t/"
_LONGEST = 500
_GONE = "This link is not complete, or older than 30 days. Ask FlakeGuard for the test again."


@dataclass(frozen=True, slots=True)
class PageLinks:
    """Makes and reads the addresses; `key` is a secret of this installation, `address` where others reach it."""

    address: str
    key: bytes = field(repr=False)

    def of_case(self, workspace_id: WorkspaceId, case_id: CaseId, uid: str, now: datetime) -> str:
        """The address of the page of a case, for everybody it is given to."""
        until = int((now + LIFE).timestamp())
        signed = self._sign(workspace_id, case_id, uid, until)
        query = urlencode({"w": workspace_id, "c": case_id, "e": until, "s": signed})
        return f"{self.address}{PATH}{uid}?{query}"

    def read(self, uid: str, query: Mapping[str, str], now: datetime) -> tuple[WorkspaceId, CaseId]:
        """The workspace and the case of an address.

        Raises:
            NotFoundError: forged, truncated or expired; the error does not say which.
        """
        numbers = [query.get(name, "") for name in ("w", "c", "e")]
        if not all(number.isascii() and number.isdecimal() and len(number) < 18 for number in numbers):  # noqa: PLR2004  # digits
            raise NotFoundError(_GONE)
        workspace_id, case_id, until = (int(number) for number in numbers)
        expected = self._sign(WorkspaceId(workspace_id), CaseId(case_id), uid[:_LONGEST], until)
        if not hmac.compare_digest(expected.encode(), query.get("s", "").encode()) or now.timestamp() >= until:
            raise NotFoundError(_GONE)
        return WorkspaceId(workspace_id), CaseId(case_id)

    def read_url(self, url: str, now: datetime) -> tuple[WorkspaceId, CaseId] | None:
        """The workspace and the case of an address that somebody shared; None where it is none of ours that holds."""
        parts = urlsplit(url)
        ours = urlsplit(self.address)
        if (parts.scheme, parts.netloc) != (ours.scheme, ours.netloc) or not parts.path.startswith(ours.path + PATH):
            return None
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        try:
            return self.read(parts.path.removeprefix(ours.path + PATH), query, now)
        except NotFoundError:
            return None

    def _sign(self, workspace_id: WorkspaceId, case_id: CaseId, uid: str, until: int) -> str:
        signed = f"{workspace_id}:{case_id}:{uid}:{until}".encode()
        return hmac.new(self.key, signed, hashlib.sha256).hexdigest()[:40]
