"""The addresses of the page: one to look at, and one for each kind of thing that people do there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Protocol
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.sandbox import json_object
from bot.sandbox.page import hub, render
from bot.sandbox.slack import model
from bot.sandbox.slack.errors import WebApiError
from bot.sandbox.slack.workspace import SlackWorkspace

_FIRST_PLACE = "C0CIFLAKES"
_SETTLE_SECONDS = 0.5
_POLICY = "default-src 'self'; img-src * data:; style-src 'self'; script-src 'self'; form-action 'self'"
_Act = Callable[[str, Mapping[str, str], FormData], None]


class Shown(Protocol):
    """What the page shows and what its buttons do."""

    slack: SlackWorkspace

    @property
    def version(self) -> int:
        """Grows with every change."""

    def column(self) -> hub.Column:
        """Return the GitHub side."""

    def run(self, run_id: int) -> hub.Run | None:
        """Return one workflow run."""

    def run_ci(self) -> None:
        """Make a new commit and run CI on it."""

    def rerun(self, run_id: int, *, failed_only: bool) -> None:
        """Run a workflow run once more."""

    def press_check_action(self, check_id: int, identifier: str, user: str) -> None:
        """Press a button of a check run."""


def routes(sandbox: Shown) -> list[BaseRoute]:
    """Return the routes of the page."""
    page = _Page(sandbox)
    posts: dict[str, _Act] = {
        "/act": page.act,
        "/say": page.say,
        "/home": page.open_home,
        "/shortcut": page.shortcut,
        "/run-ci": page.run_ci,
        "/rerun": page.rerun,
        "/check-action": page.check_action,
    }
    return [
        Route("/", page.show),
        Route("/version", page.version),
        Route("/suggest", page.suggest),
        Route("/{owner}/{repository}/actions/runs/{run:int}", page.run),
        *(Route(path, page.post(act), methods=["POST"]) for path, act in posts.items()),
        Mount("/static", StaticFiles(directory=render.STATIC)),
    ]


class _Names(Mapping[str, str]):
    """What people and channels are called, as they are now."""

    def __init__(self, slack: SlackWorkspace) -> None:
        self._slack = slack

    def _all(self) -> dict[str, str]:
        people = {user.id: user.real_name for user in self._slack.users.values()}
        return people | {channel.id: channel.name for channel in list(self._slack.channels.values())}

    def __getitem__(self, key: str) -> str:
        return self._all()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


class _Page:
    def __init__(self, sandbox: Shown) -> None:
        self._sandbox = sandbox
        self._slack = sandbox.slack
        self._renderer = render.Renderer(_Names(sandbox.slack))

    def show(self, request: Request) -> Response:
        person, place = self._who(request.query_params.get("as")), request.query_params.get("at", _FIRST_PLACE)
        html = self._renderer.page("page.html", self._context(person, place, request.query_params.get("thread")))
        return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"})

    def version(self, request: Request) -> Response:
        del request
        return JSONResponse({"version": self._sandbox.version})

    def run(self, request: Request) -> Response:
        found = self._sandbox.run(request.path_params["run"])
        if found is None:
            return PlainTextResponse("There is no such run.", status_code=404)
        html = self._renderer.page("run.html", {"run": found, "artifacts": found.artifacts})
        return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY})

    def suggest(self, request: Request) -> Response:
        """Return the options that the bot has for what is typed into one of its menus."""
        asked = request.query_params
        person, action, typed = self._who(asked.get("as")).id, asked.get("action", ""), asked.get("typed", "")
        try:
            if asked.get("view"):
                found = self._slack.suggestions(person, asked["view"], action, typed)
            else:
                found = self._slack.suggestions_of(person, asked.get("channel", ""), asked.get("ts", ""), action, typed)
        except LookupError:
            found = []
        options = [
            {
                "value": json_object.string(one, "value"),
                "text": json_object.string(json_object.child(one, "text"), "text"),
            }
            for one in found
        ]
        return JSONResponse({"options": options}, headers={"Cache-Control": "no-store"})

    def post(self, act: _Act) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            # Another site's page must not be able to click here.
            if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
                return PlainTextResponse("Use the sandbox's own page.", status_code=403)
            form = await request.form()
            fields = {key: value for key, value in form.items() if isinstance(value, str)}
            person = self._who(fields.get("as")).id
            await run_in_threadpool(self._perform, act, person, fields, form)
            place = "home" if act == self.open_home else fields.get("at", _FIRST_PLACE)
            query = {"as": person, "at": place} | ({"thread": fields["thread"]} if fields.get("thread") else {})
            return RedirectResponse(f"/?{urlencode(query)}", status_code=303)

        return answer

    def act(self, person: str, fields: Mapping[str, str], form: FormData) -> None:
        entered: dict[str, str | list[str]] = {}
        for key in {key for key in form if key.startswith("f:")}:
            values = [value for value in form.getlist(key) if isinstance(value, str) and value]
            entered[key[2:]] = values if len(values) > 1 else "".join(values)
        view_id, do = fields.get("view"), fields.get("do")
        if view_id and do == "close":
            self._slack.close(person, view_id)
        elif view_id and (do == "submit" or "press" not in fields):
            self._slack.submit(person, view_id, entered)
        else:
            self._press(person, fields, entered)

    def say(self, person: str, fields: Mapping[str, str], form: FormData) -> None:
        del form
        line = fields.get("line", "").strip()
        if line.startswith("/"):
            self._slack.command(person, fields["channel"], line)
        elif line:
            self._slack.say(person, fields["channel"], line, fields.get("thread") or None)

    def shortcut(self, person: str, fields: Mapping[str, str], form: FormData) -> None:
        del form
        if fields.get("ts"):
            self._slack.message_shortcut(person, fields["channel"], fields["ts"], fields["callback"])
        else:
            self._slack.shortcut(person, fields["callback"])

    def open_home(self, person: str, fields: Mapping[str, str], form: FormData) -> None:
        del fields, form
        self._slack.open_home(person)

    def run_ci(self, person: str, fields: Mapping[str, str], form: FormData) -> None:
        del person, fields, form
        self._sandbox.run_ci()

    def rerun(self, person: str, fields: Mapping[str, str], form: FormData) -> None:
        del person, form
        self._sandbox.rerun(int(fields["run"]), failed_only=bool(fields.get("failed")))

    def check_action(self, person: str, fields: Mapping[str, str], form: FormData) -> None:
        del form
        self._sandbox.press_check_action(int(fields["check"]), fields["identifier"], self._slack.users[person].name)

    def _press(self, person: str, fields: Mapping[str, str], entered: Mapping[str, str | list[str]]) -> None:
        pressed = json_object.decode(fields.get("press", ""))
        match pressed:
            case [str(block_id), str(action_id), option]:
                pass
            case _:
                return
        selected = option if isinstance(option, str) else entered.get(f"{block_id}/{action_id}")
        if fields.get("view"):
            self._slack.click_in_view(
                person, fields["view"], action_id, block_id=block_id, selected=selected, values=entered
            )
        else:
            self._slack.click(
                person,
                fields["channel"],
                fields["ts"],
                action_id,
                block_id=block_id,
                selected=selected,
                values=entered,
            )

    def _perform(self, act: _Act, person: str, fields: Mapping[str, str], form: FormData) -> None:
        before = self._sandbox.version
        try:
            act(person, fields, form)
        except (LookupError, WebApiError):
            return  # the message or the view has gone since the page was drawn; the fresh page shows that
        # Most answers come just after the acknowledgement; waiting for them saves people a second look.
        self._slack.wait_for(lambda: self._sandbox.version != before, _SETTLE_SECONDS)

    def _who(self, user: str | None) -> model.User:
        return next((person for person in model.PEOPLE if person.id == user), model.PEOPLE[0])

    def _context(self, person: model.User, place: str, thread_ts: str | None) -> dict[str, object]:
        slack = self._slack
        direct = slack.direct_channel(person.id)
        shared = [channel for channel in slack.channels.values() if channel.user is None]
        if place not in ("home", direct.id, *(channel.id for channel in shared)):
            place = _FIRST_PLACE
        everything = slack.ephemerals(person.id)
        here = [m for m in everything if m.channel == place]
        thread = slack.message(place, thread_ts) if thread_ts else None
        messages = [] if place == "home" else slack.messages(place) + [m for m in here if not m.thread_ts]
        replies = slack.replies(place, thread.ts) + [m for m in here if m.thread_ts == thread.ts] if thread else []
        channel = slack.channels.get(place)
        name = "App Home" if channel is None else "FlakeGuard" if channel.user else f"# {channel.name}"
        return {
            "me": person,
            "people": model.PEOPLE,
            "users": slack.users,
            "channels": shared,
            "shared": [one.id for one in shared],
            "direct": direct,
            "direct_count": len(slack.messages(direct.id)),
            "at": place,
            "place": name,
            "messages": sorted(messages, key=lambda m: m.ts),
            "thread": thread,
            "replies": sorted(replies, key=lambda m: m.ts),
            "reply_count": lambda m: len(slack.replies(m.channel, m.ts)),
            "home": slack.home(person.id),
            "view": slack.open_view(person.id),
            "hub": self._sandbox.column(),
            "version": self._sandbox.version,
        }
