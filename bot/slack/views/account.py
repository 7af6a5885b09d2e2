"""What a person sees of their link with GitHub: the invitation, who they are, and that it is gone. Pure, ephemeral."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Element, Message
from bot.slack.ids import Action
from bot.slack.views import phrase

_SHOWN = 10


def invitation(url: str, *, why: str = "", hint: str = "") -> Message:
    """Ask a person to link their account; `why` says what they could not do, `hint` is the login they may have."""
    ask = why or "Link your GitHub account to decide as yourself."
    suggested = f" GitHub suggests @{hint}." if hint else ""
    text = f"{ask} The button opens GitHub; it works once, within ten minutes, and for you only.{suggested}"
    shown = mrkdwn.code(f"@{hint}")
    guess = f"GitHub's {shown} has your e-mail address; sign in with it if that is you." if hint else ""
    blocks = [
        block_kit.section(f"\N{LOCK} {mrkdwn.escape(ask)}"),
        block_kit.actions(
            block_kit.button(
                "Link GitHub account",
                Action.CONNECT,
                says="Link your GitHub account; opens GitHub in the browser",
                style="primary",
                url=url,
            )
        ),
        block_kit.context(*([guess] if guess else []), "The link works once, within ten minutes, and for you only."),
    ]
    return Message(mrkdwn.escape(text), tuple(blocks))


def identity(login: str, workspace: str, repositories: Sequence[str], url: str = "") -> Message:
    """Say who a person is here, and what their workspace sees; `url` is where to connect more repositories."""
    seen = phrase.count(len(repositories), "repository", "repositories")
    who = f"linked with the GitHub account @{login}" if login else "not linked with a GitHub account"
    name = mrkdwn.line(workspace) or "this workspace"
    text = f"You are {who}. {name} sees {seen}."
    names = [phrase.repository(one) for one in repositories[:_SHOWN]]
    more = len(repositories) - len(names)
    shown = ", ".join([*names, *([f"and {more:,} more"] if more > 0 else [])]) or "none yet"
    blocks = [
        block_kit.section(f"You are {mrkdwn.escape(who)}."),
        block_kit.section(f"*{mrkdwn.escape(name, 80)}* sees {seen}: {shown}."),
    ]
    buttons = [_disconnect()] if login else []
    if url:
        label = "Connect repositories" if login else "Link GitHub account"
        buttons.append(block_kit.button(label, Action.CONNECT, says=f"{label}; opens GitHub in the browser", url=url))
    if buttons:
        blocks.append(block_kit.actions(*buttons))
    return Message(mrkdwn.escape(text), tuple(blocks))


def linked(login: str, former: bool, accounts: Sequence[str]) -> Message:
    """Tell a person, in a direct message, that the link is made."""
    text = f"You are linked with the GitHub account @{login}: what you decide here is done as that account."
    if former:
        text += " Somebody else here was linked with it; that link is gone."
    if accounts:
        text += f" This workspace now sees the repositories of {phrase.listing(accounts)}."
    buttons = block_kit.actions(block_kit.button("Who am I?", Action.WHOAMI, says="Who am I?"), _disconnect())
    return Message(mrkdwn.escape(text), (block_kit.section(mrkdwn.escape(text)), buttons))


def unlinked(login: str, why: str) -> Message:
    """Tell a person that their link is gone, and why."""
    text = f"Your link with the GitHub account @{login} is gone: {why} Type /flakeguard connect to link one."
    return Message(mrkdwn.escape(text), (block_kit.section(mrkdwn.escape(text)),))


def nothing_linked() -> Message:
    """Tell a person that there was no link to take away."""
    text = "You have no linked GitHub account here. Type /flakeguard connect to link one."
    return block_kit.message(text)


def _disconnect() -> Element:
    ask = block_kit.confirm(
        "Disconnect?", "Your clicks decide nothing until you link an account again.", yes="Disconnect"
    )
    return block_kit.button(
        "Disconnect", Action.DISCONNECT, says="Take the link with your GitHub account away", ask=ask
    )
