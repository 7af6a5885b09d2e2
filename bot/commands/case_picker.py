"""Which case a person means, and what to do with it: pick lists, suggestions while typing, menus of cards and rows."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.model import CaseId
from bot.commands.request import repository_name
from bot.commands.request.context import SlackContext
from bot.commands.request.parser import Typed
from bot.errors import InvalidInputError, NotFoundError
from bot.queries.access import Authorized
from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Element
from bot.slack.ids import CaseAction, PickList
from bot.slack.payloads import BlockSuggestion
from bot.slack.views import response
from bot.slack.views.response import CaseOption
from bot.store.cases.case import Case
from bot.store.database import Session

MAX_SUGGESTIONS = 50


def find_case(
    context: SlackContext, typed: Typed, words: str, action: CaseAction, *, days: int | None = None
) -> Authorized[Case] | None:
    """The one case that words mean; None where it is not one, which is answered with a pick list.

    Raises:
        InvalidInputError: no words.
        NotFoundError: none fits.
    """
    if not words.strip():
        message = f"Name the test, or a part of its name: /flakeguard {typed.word} test_total"
        raise InvalidInputError(message)
    with context.begin() as session:
        choices = _search(context, session, words)
    if not choices:
        message = "No test fits that name. Try a part of it, such as the file or the function."
        raise NotFoundError(message)
    if len(choices) == 1:
        return context.see_case(CaseId(choices[0].case_id))
    context.answer(response.pick(words, choices, action, days=days, many=len(choices) == MAX_SUGGESTIONS))
    return None


def suggest(context: SlackContext, suggestion: BlockSuggestion) -> Sequence[Element]:
    """The cases that fit what is typed; before anything is, those that fit what was typed with the command."""
    words = suggestion.value
    if not words and suggestion.block_id.startswith("pick:"):
        words = PickList.decode(suggestion.block_id).words
    with context.begin() as session:
        choices = _search(context, session, words)
    return [block_kit.option(str(choice.case_id), _name(choice)) for choice in choices]


def _search(context: SlackContext, session: Session, words: str) -> list[CaseOption]:
    names = {repository.id: repository.full_name for repository in repository_name.list_visible(context, session)}
    cases = context.app.search.find(session, list(names), words, MAX_SUGGESTIONS, context.now)
    return [CaseOption(case.id, case.title, names[case.repository_id]) for case in cases]


def _name(choice: CaseOption) -> str:
    """A name that fits into an option; its end says more than its beginning."""
    title = mrkdwn.line(choice.title)
    while len(title) > 1 and len(title.encode("utf-16-le", "surrogatepass")) > 2 * block_kit.MAX_OPTION:
        title = f"{mrkdwn.ELLIPSIS}{title.lstrip(mrkdwn.ELLIPSIS)[4:]}"
    return title
