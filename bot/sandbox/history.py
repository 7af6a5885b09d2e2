"""The shop's history: three weeks of pushes, pull requests and flakes, one broken main and one outage.

Each run is really run and delivered to the bot's webhook endpoint, oldest first.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.ci import CALM, FLAKING, VARIANTS, Ci, Conditions
from bot.sandbox.github import model
from bot.sandbox.github.model import Commit, PullRequest, WorkflowRun

DAYS = 21
_AGE = timedelta(hours=26)
"""The last run of the history is at least this old, so that the bot takes all of it as history."""
_BROKEN_MAIN_DAY = 8
_OUTAGE_DAY = 4
_LATE_MERGE_DAYS = frozenset({3, 7, 10, 13, 17, 19})
_LATE_HOUR = 22
_DEFECT_OF_PULL_REQUEST = {5: "tax", 16: "search"}
_SLOW_PROBABILITY = 0.08
_RERUN_PROBABILITY = 0.5  # of a run that fails because of a defect
_PUSH_HOURS = (9, 12, 15)
_DURATIONS = (110, 190)  # seconds
_OUTAGE_SERVICES = ("database", "warehouse")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Push:
    """A planned push: to main or to the branch of a pull request; a push to main with its title merges it."""

    at: datetime
    message: str
    author: str
    branch: str = "main"
    defects: tuple[str, ...] = ()
    is_outage: bool = False


def play(
    ci: Ci,
    now: datetime | None = None,
    *,
    days: int = DAYS,
    on_progress: Callable[[int, int], object] | None = None,
) -> list[WorkflowRun]:
    """Run the whole history and return its attempts, oldest first.

    `on_progress` is called with the number of pushes done and of all.
    """
    generator = random.Random(23)  # noqa: S311  # not for cryptography
    pushes = _plan(now or model.now(), days)
    runs: list[WorkflowRun] = []
    pulls: dict[str, PullRequest] = {}
    ci.commit("Open the shop", "chloe", pushes[0].at - timedelta(days=1))
    for number, push in enumerate(pushes):
        runs += _play_push(ci, push, number, pulls, generator)
        if on_progress is not None:
            on_progress(number + 1, len(pushes))
    return runs


def play_live(ci: Ci, now: datetime | None = None) -> list[WorkflowRun]:
    """Run the last half hour: a test that never failed before fails and passes on each of four commits.

    A pull request introduces it and is merged, and it fails the next pull request: enough evidence for a flake.
    """
    end = now or model.now()
    title = "Ask the discount service for the rate"
    branch = "discount-service"
    first_commit = ci.commit(title, "ana", end - timedelta(minutes=30), branch=branch)
    pull = ci.open_pull_request(title, first_commit)
    runs = _fail_and_pass(ci, first_commit, pull)
    second_commit = ci.commit("Name the discount service's codes", "ana", end - timedelta(minutes=23), branch=branch)
    pull = ci.push(pull, second_commit)
    runs += _fail_and_pass(ci, second_commit, pull)
    merge_commit = ci.commit(title, "ana", end - timedelta(minutes=16))
    ci.merge(pull, merge_commit.created_at)
    runs += _fail_and_pass(ci, merge_commit, None)
    title = "Show the discount on the receipt"
    next_commit = ci.commit(title, "ben", end - timedelta(minutes=9), branch="receipt-discount")
    return runs + _fail_and_pass(ci, next_commit, ci.open_pull_request(title, next_commit))


def _plan(now: datetime, days: int) -> list[_Push]:
    """Plan the pushes of the days before `now`, oldest first."""
    generator = random.Random(7)  # noqa: S311  # not for cryptography
    last_day = (now - _AGE - timedelta(hours=24)).replace(hour=0, minute=0, second=0, microsecond=0)
    pushes: list[_Push] = []
    for day in range(days):
        midnight = last_day - timedelta(days=days - 1 - day)
        times = [midnight + timedelta(hours=hour, minutes=generator.randrange(50)) for hour in _PUSH_HOURS]
        title, author, branch = _PULL_REQUESTS[day % len(_PULL_REQUESTS)]
        branch = f"{branch}-{day + 1}"
        defects = (_DEFECT_OF_PULL_REQUEST[day],) if day in _DEFECT_OF_PULL_REQUEST else ()
        pushes.append(_Push(at=times[0], message=f"{title}: first step", author=author, branch=branch, defects=defects))
        if day == _BROKEN_MAIN_DAY:
            pushes += _broken_main(midnight, times[1])
            continue
        chore = _CHORES[day % len(_CHORES)]
        pushes.append(_Push(at=times[1], message=chore, author="chloe", is_outage=day == _OUTAGE_DAY))
        if defects:
            pushes.append(_Push(at=times[2], message=f"{title}: fix what broke", author=author, branch=branch))
        else:
            merged_at = times[2]
            if day in _LATE_MERGE_DAYS:
                merged_at = midnight + timedelta(hours=_LATE_HOUR, minutes=generator.randrange(5, 40))
            pushes.append(_Push(at=merged_at, message=title, author=author))
    return pushes


def _broken_main(midnight: datetime, broken_at: datetime) -> list[_Push]:
    """Plan a defect on main, three pushes on top of it, and its fix."""
    defects = ("shipping",)
    chores = ((15, "Update dependencies"), (16, "Translate the imprint"), (18, "Sort the imports"))
    later = [
        _Push(at=midnight + timedelta(hours=hour, minutes=5), message=chore, author="ana", defects=defects)
        for hour, chore in chores
    ]
    return [
        _Push(at=broken_at, message="Ship free only above fifty", author="ben", defects=defects),
        *later,
        _Push(at=midnight + timedelta(hours=20), message="Ship free from fifty again", author="ben"),
    ]


def _play_push(
    ci: Ci, push: _Push, number: int, pulls: dict[str, PullRequest], generator: random.Random
) -> list[WorkflowRun]:
    """Push a commit and run the workflow for it, with a rerun if it fails."""
    commit = ci.commit(push.message, push.author, push.at, branch=push.branch, defects=push.defects)
    pull: PullRequest | None = None
    if push.branch != "main":
        opened = pulls.get(push.branch)
        title = push.message.partition(":")[0]
        pull = ci.open_pull_request(title, commit) if opened is None else ci.push(opened, commit)
        pulls[push.branch] = pull
    conditions = Conditions(
        seed=1000 + number,
        slow={variant: ("warehouse",) for variant in VARIANTS if generator.random() < _SLOW_PROBABILITY},
        down=_OUTAGE_SERVICES if push.is_outage else (),
    )
    seconds = generator.randrange(*_DURATIONS)
    run = ci.run(commit, conditions, pull=pull, started_at=push.at, seconds=seconds, announce_start=False)
    if push.branch == "main":
        _merge(ci, push, pulls)
    if run.conclusion == "success" or (push.defects and generator.random() < _RERUN_PROBABILITY):
        return [run]
    if push.at.hour >= _LATE_HOUR:
        delay = timedelta(hours=9, minutes=30)  # after a late push, the author looks at the run the next morning
    else:
        delay = timedelta(minutes=generator.randrange(12, 35))
    conditions = Conditions(seed=5000 + number) if push.defects else CALM
    started_at = push.at + delay
    rerun = ci.rerun(run.id, True, conditions, started_at=started_at, seconds=seconds - 20, announce_start=False)
    return [run, rerun]


def _merge(ci: Ci, push: _Push, pulls: dict[str, PullRequest]) -> None:
    """Close the pull request whose merge this push to main is."""
    for branch, pull in list(pulls.items()):
        if pull.title == push.message and pull.state == "open":
            pulls[branch] = ci.merge(pull, push.at)


def _fail_and_pass(ci: Ci, commit: Commit, pull: PullRequest | None) -> list[WorkflowRun]:
    run = ci.run(commit, FLAKING, pull=pull, started_at=commit.created_at + timedelta(seconds=5), seconds=80)
    return [run, ci.rerun(run.id, True, started_at=run.updated_at + timedelta(seconds=95), seconds=70)]


_CHORES = (
    "Update dependencies",
    "Translate the imprint",
    "Name the van's departure",
    "Write the price list in one place",
    "Log searches",
    "Sort the imports",
    "Raise the photo quality",
)
_PULL_REQUESTS = (
    ("Let customers rate a tea", "ana", "rate-tea"),
    ("Remember the last address", "ben", "last-address"),
    ("Send the receipt by mail", "chloe", "mail-receipt"),
    ("Sell teapots in sets", "ana", "teapot-sets"),
    ("Count visitors without cookies", "ben", "count-visitors"),
    ("Charge French tax", "ana", "french-tax"),
    ("Offer tea towels", "chloe", "tea-towels"),
    ("Refill reminders", "ben", "refill"),
)
