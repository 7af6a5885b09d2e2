"""A person's browser, in which they link their GitHub account to Slack."""

from __future__ import annotations

import re

import httpx

from bot.sandbox import json_object
from bot.sandbox.slack.workspace import SlackWorkspace

_STATE = re.compile(r'name="state" value="([^"]+)"')
_INSTALLATION = re.compile(r'name="installation" value="(\d+)"')
_SECONDS = 10


class LinkError(Exception):
    """The account was not linked; the message is the last page that the person saw."""


class Browser:
    """The browser of the person with this login on GitHub, with its cookies."""

    def __init__(self, login: str) -> None:
        self._login = login
        self._http = httpx.Client(timeout=_SECONDS, follow_redirects=True, trust_env=False)

    def open(self, url: str) -> httpx.Response:
        """Open a URL, authorize the App on GitHub if it asks for that, and return the last page."""
        page = self._http.get(url)
        if page.url.path.endswith("/login/oauth/authorize"):
            page = self._http.get(page.url.copy_merge_params({"as": self._login}))
        return page

    def agree(self, page: httpx.Response, *, everything: bool = True) -> httpx.Response:
        """Confirm on the page that links the account, with all installations that it offers or with none."""
        state = _STATE.search(page.text)
        if state is None:
            raise LinkError(page.text)
        form = {"state": state[1], "installation": _INSTALLATION.findall(page.text) if everything else []}
        return self._http.post(str(page.url.join("/github/connect")), data=form)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()


def find_link_url(slack: SlackWorkspace, user: str) -> str:
    """Return the URL of the newest button that offers a person to link their account, or an empty string."""
    urls = [
        json_object.string(element, "url")
        for message in slack.ephemerals(user)
        for block in message.blocks
        for element in json_object.children(block, "elements")
        if element.get("action_id") == "fg_connect"
    ]
    return urls[-1] if urls else ""


def link_account(slack: SlackWorkspace, user: str, channel: str, login: str) -> None:
    """Type the command, follow the button, authorize on GitHub and confirm."""
    previous = find_link_url(slack, user)
    slack.command(user, channel, "/flakeguard connect")
    if not slack.wait_for(lambda: find_link_url(slack, user) not in {"", previous}, _SECONDS):
        message = f"The bot did not offer {user} to link their account."
        raise LinkError(message)
    browser = Browser(login)
    try:
        page = browser.agree(browser.open(find_link_url(slack, user)))
    finally:
        browser.close()
    if not page.is_success:
        raise LinkError(page.text)
