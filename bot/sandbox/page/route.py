"""The routes of the page: Slack and GitHub side by side, and one route for each kind of action."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TypeAlias
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.sandbox import json_object
from bot.sandbox.github.errors import RestApiError
from bot.sandbox.github.server import GitHubServer
from bot.sandbox.page import overview
from bot.sandbox.page.renderer import STATIC, Renderer
from bot.sandbox.slack import model
from bot.sandbox.slack.errors import WebApiError
from bot.sandbox.slack.workspace import SlackWorkspace

_DEFAULT_CHANNEL = "C0CIFLAKES"
_HOME = "home"
_RESPONSE_SECONDS = 0.5
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src * data:; style-src 'self'; script-src 'self'; form-action 'self'"
    ),
    "Cache-Control": "no-store",
}
_Values: TypeAlias = Mapping[str, str | list[str]]
_Action: TypeAlias = Callable[[str, Mapping[str, str], _Values], None]
"""Takes the acting user, the form's fields, and the values entered into Block Kit elements."""


def routes(slack: SlackWorkspace, github: GitHubServer, run_ci: Callable[[], object]) -> list[BaseRoute]:
    """Return the routes of the page; `run_ci` runs CI on a new commit."""
    page = _Page(slack, github, run_ci)
    actions: dict[str, _Action] = {
        "/act": page.act,
        "/say": page.say,
        "/home": page.open_home,
        "/shortcut": page.use_shortcut,
        "/run-ci": page.run_ci,
        "/rerun": page.rerun,
        "/check-action": page.click_check_action,
    }
    return [
        Route("/", page.show),
        Route("/version", page.show_version),
        Route("/suggest", page.suggest),
        Route("/{owner}/{repository}/actions/runs/{run:int}", page.show_run),
        *(Route(path, page.endpoint(action), methods=["POST"]) for path, action in actions.items()),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]


class _Names(Mapping[str, str]):
    """The current names of people and channels, by id."""

    def __init__(self, slack: SlackWorkspace) -> None:
        self._slack = slack

    def _by_id(self) -> dict[str, str]:
        people = {user.id: user.real_name for user in self._slack.users.values()}
        return people | {channel.id: channel.name for channel in list(self._slack.channels.values())}

    def __getitem__(self, key: str) -> str:
        return self._by_id()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id())

    def __len__(self) -> int:
        return len(self._by_id())


class _Page:
    def __init__(self, slack: SlackWorkspace, github: GitHubServer, run_ci: Callable[[], object]) -> None:
        self._slack = slack
        self._github = github
        self._run_ci = run_ci
        self._renderer = Renderer(_Names(slack))

    def show(self, request: Request) -> Response:
        query = request.query_params
        context = self._context(_person(query.get("as")), query.get("at", _DEFAULT_CHANNEL), query.get("thread", ""))
        return HTMLResponse(self._renderer.page("page.html", context), headers=_HEADERS)

    def show_version(self, _request: Request) -> Response:
        return JSONResponse({"version": self._version()})

    def show_run(self, request: Request) -> Response:
        run_id = request.path_params["run"]
        try:
            context = {"run": self._github.run(run_id), "artifacts": self._github.artifacts(run_id)}
        except RestApiError:
            return PlainTextResponse("There is no such run.", status_code=404)
        return HTMLResponse(self._renderer.page("run.html", context), headers=_HEADERS)

    def suggest(self, request: Request) -> Response:
        """Return the options that the bot suggests for what is typed into an external_select."""
        query = request.query_params
        user, action_id, text = _person(query.get("as")).id, query.get("action", ""), query.get("typed", "")
        try:
            if query.get("view"):
                options = self._slack.suggestions(user, query["view"], action_id, text)
            else:
                channel, ts = query.get("channel", ""), query.get("ts", "")
                options = self._slack.suggestions_of(user, channel, ts, action_id, text)
        except LookupError:
            options = []
        texts = [
            {
                "value": json_object.string(option, "value"),
                "text": json_object.string(json_object.child(option, "text"), "text"),
            }
            for option in options
        ]
        return JSONResponse({"options": texts}, headers={"Cache-Control": "no-store"})

    def endpoint(self, action: _Action) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            # The pages of other sites must not be able to submit these forms.
            if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
                return PlainTextResponse("Use the sandbox's own page.", status_code=403)
            form = await request.form()
            fields = {key: value for key, value in form.items() if isinstance(value, str)}
            user = _person(fields.get("as")).id
            await run_in_threadpool(self._perform, action, user, fields, _entered_values(form))
            place = _HOME if action == self.open_home else fields.get("at", _DEFAULT_CHANNEL)
            query = {"as": user, "at": place} | ({"thread": fields["thread"]} if fields.get("thread") else {})
            return RedirectResponse(f"/?{urlencode(query)}", status_code=303)

        return endpoint

    def act(self, user: str, fields: Mapping[str, str], values: _Values) -> None:
        """Close or submit a modal, or click an element of a message or a view."""
        view_id, button = fields.get("view"), fields.get("do")
        if view_id and button == "close":
            self._slack.close(user, view_id)
        elif view_id and (button == "submit" or "press" not in fields):
            self._slack.submit(user, view_id, values)
        else:
            self._click(user, fields, values)

    def say(self, user: str, fields: Mapping[str, str], _values: _Values) -> None:
        line = fields.get("line", "").strip()
        if line.startswith("/"):
            self._slack.command(user, fields["channel"], line)
        elif line:
            self._slack.say(user, fields["channel"], line, fields.get("thread") or None)

    def use_shortcut(self, user: str, fields: Mapping[str, str], _values: _Values) -> None:
        if fields.get("ts"):
            self._slack.message_shortcut(user, fields["channel"], fields["ts"], fields["callback"])
        else:
            self._slack.shortcut(user, fields["callback"])

    def open_home(self, user: str, _fields: Mapping[str, str], _values: _Values) -> None:
        self._slack.open_home(user)

    def run_ci(self, _user: str, _fields: Mapping[str, str], _values: _Values) -> None:
        threading.Thread(target=self._run_ci, name="sandbox-ci", daemon=True).start()

    def rerun(self, _user: str, fields: Mapping[str, str], _values: _Values) -> None:
        if self._github.on_rerun is not None:
            arguments = (int(fields["run"]), bool(fields.get("failed")))
            threading.Thread(target=self._github.on_rerun, args=arguments, name="sandbox-ci", daemon=True).start()

    def click_check_action(self, user: str, fields: Mapping[str, str], _values: _Values) -> None:
        """Click a button of a check run, as the person with the same name on GitHub."""
        self._github.click(int(fields["check"]), fields["identifier"], self._slack.users[user].name)

    def _click(self, user: str, fields: Mapping[str, str], values: _Values) -> None:
        match json_object.decode(fields.get("press", "")):
            case [str(block_id), str(action_id), option]:
                pass
            case _:
                return
        selected = option if isinstance(option, str) else values.get(f"{block_id}/{action_id}")
        if fields.get("view"):
            self._slack.click_in_view(
                user, fields["view"], action_id, block_id=block_id, selected=selected, values=values
            )
        else:
            channel, ts = fields["channel"], fields["ts"]
            self._slack.click(user, channel, ts, action_id, block_id=block_id, selected=selected, values=values)

    def _perform(self, action: _Action, user: str, fields: Mapping[str, str], values: _Values) -> None:
        version = self._version()
        try:
            action(user, fields, values)
        except (LookupError, WebApiError, RestApiError):
            return  # the message, view or button is gone since the page was rendered; the new page shows that
        # The bot's messages mostly come just after its response; waiting for them saves a second look at the page.
        self._slack.wait_for(lambda: self._version() != version, _RESPONSE_SECONDS)

    def _version(self) -> int:
        """Return a number that grows with every change of Slack or GitHub."""
        return self._slack.version + self._github.version

    def _context(self, person: model.User, place: str, thread_ts: str) -> dict[str, object]:
        slack = self._slack
        direct = slack.direct_channel(person.id)
        channels = [channel for channel in slack.channels.values() if channel.user is None]
        if place not in (_HOME, direct.id, *(channel.id for channel in channels)):
            place = _DEFAULT_CHANNEL
        channel = slack.channels.get(place)
        ephemerals = [message for message in slack.ephemerals(person.id) if message.channel == place]
        thread = slack.message(place, thread_ts)
        messages, replies = [], []
        if channel is not None:
            messages = slack.messages(place) + [message for message in ephemerals if not message.thread_ts]
        if thread is not None:
            replies = slack.replies(place, thread.ts) + [m for m in ephemerals if m.thread_ts == thread.ts]
        title = "App Home" if channel is None else "FlakeGuard" if channel.user else f"# {channel.name}"
        return {
            "me": person,
            "people": model.PEOPLE,
            "users": slack.users,
            "channels": channels,
            "channel_ids": [channel.id for channel in channels],
            "direct": direct,
            "direct_count": len(slack.messages(direct.id)),
            "place": place,
            "title": title,
            "messages": sorted(messages, key=lambda message: message.ts),
            "thread": thread,
            "replies": sorted(replies, key=lambda message: message.ts),
            "reply_count": lambda message: len(slack.replies(message.channel, message.ts)),
            "home": slack.home(person.id),
            "view": slack.open_view(person.id),
            "repository": overview.read(self._github),
            "version": self._version(),
        }


def _person(user: str | None) -> model.User:
    return next((person for person in model.PEOPLE if person.id == user), model.PEOPLE[0])


def _entered_values(form: FormData) -> _Values:
    """Return the values of Block Kit elements, whose fields are named `f:block_id/action_id`."""
    entered: dict[str, str | list[str]] = {}
    for key in {key for key in form if key.startswith("f:")}:
        values = [value for value in form.getlist(key) if isinstance(value, str) and value]
        entered[key.removeprefix("f:")] = values if len(values) > 1 else "".join(values)
    return entered
