"""A name that fits several tests: the pick list, and the suggestions while a person types."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.model import CaseId
from bot.commands import subject
from bot.commands.context import Body, Door, now
from bot.commands.parser import Typed
from bot.errors import InvalidInputError, NotFoundError
from bot.slack import block_kit
from bot.slack.block_kit import Element
from bot.slack.ids import Deed
from bot.slack.views import response
from bot.slack.views.response import Choice
from bot.store.database import Session

MAX_SUGGESTIONS = 50


def one_case(door: Door, body: Body, typed: Typed, words: str, deed: Deed, *, days: int | None = None) -> CaseId | None:
    """The one case that words mean; None where it is not one, which is answered with a pick list.

    Raises:
        InvalidInputError: no words.
        NotFoundError: none fits.
    """
    if not words.strip():
        message = f"Name the test, or a part of its name: /flakeguard {typed.word} test_total"
        raise InvalidInputError(message)
    with door.db.begin() as session:
        found = _find(door, session, words, MAX_SUGGESTIONS)
    if not found:
        message = "No test fits that name. Try a part of it, such as the file or the function."
        raise NotFoundError(message)
    if len(found) == 1:
        return CaseId(found[0].case_id)
    door.answer(body, response.pick(words, found, deed, days=days, many=len(found) == MAX_SUGGESTIONS))
    return None


def suggest(door: Door, body: Body) -> Sequence[Element]:
    """The tests that fit what is typed; before anything is, those that fit what was typed with the command."""
    with door.db.begin() as session:
        found = _find(door, session, body.value or _typed_before(body.block_id), MAX_SUGGESTIONS)
    return [block_kit.option(str(one.case_id), _name(one)) for one in found]


def picked(block_id: str) -> tuple[Deed, int | None]:
    """What a pick is for, and the days that were typed with it.

    Raises:
        InvalidInputError: not one of our lists.
    """
    kind, _, rest = block_id.partition(":")
    deed, _, rest = rest.partition(":")
    days = rest.partition(":")[0]
    if kind != "pick" or deed not in set(Deed) or not days.isdecimal():
        message = "This list is from an older version. Ask again."
        raise InvalidInputError(message)
    return Deed(deed), int(days) or None


def _typed_before(block_id: str) -> str:
    return block_id.split(":", 3)[3] if block_id.count(":") >= 3 else ""  # noqa: PLR2004  # pick:deed:days:words


def _find(door: Door, session: Session, words: str, limit: int) -> list[Choice]:
    names = {one.id: one.full_name for one in subject.visible(door, session)}
    found = door.search.find(session, list(names), words, limit, now())
    return [Choice(one.id, one.title, names[one.repository_id]) for one in found]


def _name(one: Choice) -> str:
    """A name that fits into an option; its end says more than its beginning."""
    title = block_kit.line(one.title)
    while len(title) > 1 and len(title.encode("utf-16-le", "surrogatepass")) > 2 * block_kit.MAX_OPTION:
        title = f"{block_kit.ELLIPSIS}{title.lstrip(block_kit.ELLIPSIS)[4:]}"
    return title
