"""What to mend first."""

from __future__ import annotations

from datetime import timedelta

from bot.commands import duration, subject
from bot.commands.command import Command
from bot.commands.context import Body, Door, now
from bot.commands.parser import Typed
from bot.errors import InvalidInputError
from bot.queries import impact
from bot.slack.ids import Action
from bot.slack.views import impact as cost

_PERIOD = timedelta(days=7)
_LONGEST = timedelta(days=90)
_NUMBER = 5
_MOST = 20
_REPOSITORIES = 3


def on_top(door: Door, body: Body) -> None:
    """Rank the tests of the first repositories by what they cost."""
    _rank(door, body, "", _PERIOD, _NUMBER)


def _run(door: Door, body: Body, typed: Typed) -> None:
    """Take `[owner/repo] [7d] [n]` in any order."""
    name, period, number = "", _PERIOD, _NUMBER
    for word in typed.words:
        if word.isdecimal():
            number = int(word) if len(word) < 4 else _MOST + 1  # noqa: PLR2004  # more is refused below
        elif duration.is_duration(word):
            period = duration.duration(word)
        else:
            name = word
    if not 1 <= number <= _MOST:
        message = f"I rank 1 to {_MOST} tests; choose a number in between."
        raise InvalidInputError(message)
    if period > _LONGEST:
        message = f"I look back {_LONGEST.days} days at the most."
        raise InvalidInputError(message)
    _rank(door, body, name, period, number)


def _rank(door: Door, body: Body, name: str, period: timedelta, number: int) -> None:
    moment = now()
    with door.db.begin() as session:
        shown = [
            cost.ranking(
                one.full_name,
                max(1, period.days),
                impact.rank(session, one.id, moment - period, moment, number),
            )
            for one in subject.chosen(door, session, name, _REPOSITORIES)
        ]
    for message in shown:
        door.answer(body, message)


COMMANDS = (
    Command(
        name="top",
        usage="[owner/repo] [7d] [n]",
        says="what to mend first, by blocked pull requests and lost minutes",
        examples=("top", "top acme/shop 30d 10"),
        run=_run,
        also=Action.MENU_TOP,
    ),
)
