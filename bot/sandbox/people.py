"""What a person does in their browser: link their GitHub account, starting from what the bot showed them in Slack."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx

from bot.sandbox.slack import payload
from bot.sandbox.slack.events import Slack

_STATE = re.compile(r'name="state" value="([^"]+)"')
_CHOICE = re.compile(r'name="installation" value="(\d+)"')
_SECONDS = 10


class LinkingError(Exception):
    """The person did not get to the end; the text is what they saw last."""


class Browser:
    """One person's browser, with its cookies."""

    def __init__(self, login: str) -> None:
        self._login = login
        self._http = httpx.Client(timeout=_SECONDS, follow_redirects=True, trust_env=False)

    def open(self, url: str) -> httpx.Response:
        """Open an address, authorize the App on GitHub where that is asked for, and return the page at the end."""
        found = self._http.get(url)
        if found.url.path.endswith("/login/oauth/authorize"):
            found = self._http.get(found.url.copy_merge_params({"as": self._login}))
        return found

    def agree(self, shown: httpx.Response, *, everything: bool = True) -> httpx.Response:
        """Say yes on the page that asks who somebody is, and tick `everything` it offers."""
        state = _STATE.search(shown.text)
        if state is None:
            raise LinkingError(shown.text)
        form = {"state": state[1], "installation": _CHOICE.findall(shown.text) if everything else []}
        return self._http.post(str(shown.url.join("/github/connect")), data=form)

    def close(self) -> None:
        """Close every connection."""
        self._http.close()


def invitation(slack: Slack, user: str) -> str:
    """The address behind the newest button with which the bot invites a person to link their account."""
    found = [url for message in slack.ephemerals(user) for url in _urls(list(message.blocks))]
    return found[-1] if found else ""


def link(slack: Slack, user: str, channel: str, login: str) -> None:
    """Type the command, follow the button, authorize, say yes."""
    before = invitation(slack, user)
    slack.command(user, channel, "/flakeguard connect")
    if not slack.wait_for(lambda: invitation(slack, user) not in {"", before}, _SECONDS):
        message = f"the bot did not invite {user}"
        raise LinkingError(message)
    browser = Browser(login)
    try:
        done = browser.agree(browser.open(invitation(slack, user)))
    finally:
        browser.close()
    if not done.is_success:
        raise LinkingError(done.text)


def _urls(blocks: list[payload.JsonObject]) -> Iterator[str]:
    for block in blocks:
        for element in payload.children(block, "elements"):
            if element.get("action_id") == "fg_connect":
                yield payload.string(element, "url")
