"""The modals that ask before anything is shown, pure: which test, which run, which outage."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.quarantine import lifecycle
from bot.slack import block_kit, form, ids
from bot.slack.block_kit import Message, View
from bot.slack.form_metadata import ChoiceMetadata
from bot.slack.ids import Action, Callback, CaseAction, Field

_FINDING = {
    CaseAction.QUARANTINE: ("Quarantine a test", "Go on"),
    CaseAction.DETAILS: ("Find a test", "Show"),
}


def choose(action: CaseAction) -> View:
    """Ask which test, while the person types; the metadata carries what is to be done with it."""
    title, submit = _FINDING[action]
    menu = block_kit.external_select(Action.PICK, "Type a part of its name")
    hint = "A file, a class, a function, or several parts of them."
    chosen = block_kit.input_block(Field.CASE, "Test", menu, hint=hint)
    return block_kit.modal(Callback.CHOOSE, title, submit, chosen, metadata=ChoiceMetadata(action).encode())


def ask_run() -> View:
    """Ask for the link of a workflow run."""
    link = block_kit.plain_text_input(
        ids.ELEMENT,
        max_length=form.MAX_ADDRESS,
        placeholder="https://github.com/acme/shop/actions/runs/7",
        multiline=False,
    )
    asked = block_kit.input_block(Field.RUN, "Link of the run", link)
    return block_kit.modal(Callback.RUN, "Ask about a run", "Ask", asked)


def incident(repositories: Sequence[tuple[int, str]], *, reason: str = "") -> View:
    """Ask which repository suffers from an outage, and from what; `reason` is what was typed already."""
    options = [(str(number), name) for number, name in repositories[: block_kit.MAX_OPTIONS]]
    why = block_kit.plain_text_input(ids.ELEMENT, max_length=lifecycle.MAX_REASON_LENGTH, initial=reason)
    begun = [(str(minutes), name) for minutes, name in form.OUTAGE_BEGAN.items()]
    since = block_kit.static_select(ids.ELEMENT, begun, initial=begun[0][0])
    return block_kit.modal(
        Callback.INCIDENT,
        "An outage",
        "Start",
        block_kit.section(
            "From its beginning until somebody ends it, runs of this repository leave every score, "
            "and proposals that rest on them are withdrawn."
        ),
        block_kit.input_block(
            Field.REPOSITORY, "Repository", block_kit.static_select(ids.ELEMENT, options, initial=options[0][0])
        ),
        block_kit.input_block(Field.SINCE, "When did it begin?", since),
        block_kit.input_block(Field.WHY, "What is going on? (goes to the audit trail)", why),
    )


def as_view(title: str, message: Message) -> View:
    """Show an answer in a window, where it was asked for in one."""
    return View(type="modal", blocks=message.blocks, title=title, callback_id=Callback.INFO, close="Close")
