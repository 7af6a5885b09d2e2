"""The past of the shop: three weeks of pushes, pull requests, flakes, one broken main and one outage.

Every run of it is really run, in the world it met, and announced through the bot's front door in order of time.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.ci import CALM, FLAKING, VARIANTS, Ci, Conditions
from bot.sandbox.github import server
from bot.sandbox.github.model import Commit, PullRequest, WorkflowRun

DAYS = 21
AGE = timedelta(hours=26)
"""The last run of the history is at least this old, so that all of it counts as history."""
_BROKEN_DAY = 8
_OUTAGE_DAY = 4
_LATE_DAYS = frozenset({3, 7, 10, 13, 17, 19})
_SLOW = 0.08
_HOURS = (9, 12, 15)
_DURATIONS = (110, 190)
_SERVICES = ("database", "warehouse")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Push:
    """One push of the plan: to main, or to the branch of a pull request; the last one there merges it."""

    at: datetime
    message: str
    author: str
    branch: str = "main"
    code: tuple[str, ...] = ()
    outage: bool = False


def plan(now: datetime, days: int = DAYS) -> list[_Push]:
    """The pushes of the days before `now`, oldest first."""
    chance = random.Random(7)  # noqa: S311  # a plan, not a secret
    last_day = (now - AGE - timedelta(hours=24)).replace(hour=0, minute=0, second=0, microsecond=0)
    pushes: list[_Push] = []
    works = list(_WORKS)
    for day in range(days):
        midnight = last_day - timedelta(days=days - 1 - day)
        code = ("shipping",) if day == _BROKEN_DAY else ()
        title, author, branch = works[day % len(works)]
        own = ("tax",) if day == 5 else ("search",) if day == 16 else ()  # noqa: PLR2004  # the days two people slipped
        at = [midnight + timedelta(hours=hour, minutes=chance.randrange(50)) for hour in _HOURS]
        name = f"{branch}-{day + 1}"
        pushes.append(_Push(at=at[0], message=f"{title}: first step", author=author, branch=name, code=own))
        broken = ("Ship free only above fifty", "ben") if code else (_CHORES[day % len(_CHORES)], "chloe")
        pushes.append(_Push(at=at[1], message=broken[0], author=broken[1], code=code, outage=day == _OUTAGE_DAY))
        late = day in _LATE_DAYS
        merge = midnight + timedelta(hours=22, minutes=chance.randrange(5, 40)) if late else at[2]
        if own:
            pushes.append(_Push(at=at[2], message=f"{title}: mend what broke", author=author, branch=name))
        elif not code:
            pushes.append(_Push(at=merge, message=title, author=author))
        else:
            for hours, work in ((15, "Update dependencies"), (16, "Translate the imprint"), (18, "Sort the imports")):
                later = midnight + timedelta(hours=hours, minutes=5)
                pushes.append(_Push(at=later, message=work, author="ana", code=code))
            pushes.append(_Push(at=midnight + timedelta(hours=20), message="Ship free from fifty again", author="ben"))
    return pushes


def play(
    ci: Ci,
    now: datetime | None = None,
    *,
    days: int = DAYS,
    on_progress: Callable[[int, int], object] | None = None,
) -> list[WorkflowRun]:
    """Run the whole history and deliver every run; returns the attempts in order of time."""
    chance = random.Random(23)  # noqa: S311
    pushes = plan(now or server.now(), days)
    played: list[WorkflowRun] = []
    pulls: dict[str, PullRequest] = {}
    ci.commit("Open the shop", "chloe", pushes[0].at - timedelta(days=1))
    for number, push in enumerate(pushes):
        played += _play(ci, push, number, pulls, chance)
        if on_progress is not None:
            on_progress(number + 1, len(pushes))
    return played


def go_live(ci: Ci, now: datetime | None = None) -> list[WorkflowRun]:
    """Run the last half hour: a test that never failed fails and passes on the same code, on four commits.

    It comes in with a pull request, is merged with it, and meets the next one: enough to be sure that it is a flake.
    """
    end = now or server.now()
    title = "Ask the discount service for the rate"
    branch = "discount-service"
    opened = ci.commit(title, "ana", end - timedelta(minutes=30), branch=branch)
    pull = ci.open_pull_request(title, opened)
    runs = _fail_and_pass(ci, opened, pull)
    pushed = ci.commit("Name the discount service's codes", "ana", end - timedelta(minutes=23), branch=branch)
    pull = ci.push(pull, pushed)
    runs += _fail_and_pass(ci, pushed, pull)
    merged = ci.commit(title, "ana", end - timedelta(minutes=16))
    ci.merge(pull, merged.created_at)
    runs += _fail_and_pass(ci, merged, None)
    title = "Show the discount on the receipt"
    next_one = ci.commit(title, "ben", end - timedelta(minutes=9), branch="receipt-discount")
    return runs + _fail_and_pass(ci, next_one, ci.open_pull_request(title, next_one))


def _fail_and_pass(ci: Ci, commit: Commit, pull: PullRequest | None) -> list[WorkflowRun]:
    run = ci.run(commit, FLAKING, pull=pull, started_at=commit.created_at + timedelta(seconds=5), seconds=80)
    return [run, ci.rerun(run.id, True, started_at=run.updated_at + timedelta(seconds=95), seconds=70)]


def _play(ci: Ci, push: _Push, number: int, pulls: dict[str, PullRequest], chance: random.Random) -> list[WorkflowRun]:
    commit = ci.commit(push.message, push.author, push.at, branch=push.branch, code=push.code)
    pull: PullRequest | None = None
    if push.branch != "main":
        known = pulls.get(push.branch)
        title = push.message.partition(":")[0]
        pull = ci.open_pull_request(title, commit) if known is None else ci.push(known, commit)
        pulls[push.branch] = pull
    met = Conditions(
        seed=1000 + number,
        slow={variant: ("warehouse",) for variant in VARIANTS if chance.random() < _SLOW},
        down=_SERVICES if push.outage else (),
    )
    seconds = chance.randrange(*_DURATIONS)
    run = ci.run(commit, met, pull=pull, started_at=push.at, seconds=seconds, steps=False)
    if push.branch == "main":
        _merge(ci, push, pulls)
    if run.conclusion == "success" or (push.code and chance.random() < 0.5):  # noqa: PLR2004
        return [run]
    evening = push.at.hour >= 22  # noqa: PLR2004  # whoever pushes that late looks at it the next morning
    wait = timedelta(hours=9, minutes=30) if evening else timedelta(minutes=chance.randrange(12, 35))
    again = Conditions(seed=5000 + number) if push.code else CALM
    return [run, ci.rerun(run.id, True, again, started_at=push.at + wait, seconds=seconds - 20, steps=False)]


def _merge(ci: Ci, push: _Push, pulls: dict[str, PullRequest]) -> None:
    """Close the pull request that this push to main is the merge of."""
    for branch, pull in list(pulls.items()):
        if pull.title == push.message and pull.state == "open":
            pulls[branch] = ci.merge(pull, push.at)


_CHORES = (
    "Update dependencies",
    "Translate the imprint",
    "Name the van's departure",
    "Write the price list in one place",
    "Log searches",
    "Sort the imports",
    "Raise the photo quality",
)
_WORKS = (
    ("Let customers rate a tea", "ana", "rate-tea"),
    ("Remember the last address", "ben", "last-address"),
    ("Send the receipt by mail", "chloe", "mail-receipt"),
    ("Sell teapots in sets", "ana", "teapot-sets"),
    ("Count external_users without cookies", "ben", "count-external_users"),
    ("Charge French tax", "ana", "french-tax"),
    ("Offer tea towels", "chloe", "tea-towels"),
    ("Refill reminders", "ben", "refill"),
)
