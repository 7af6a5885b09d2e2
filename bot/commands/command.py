"""What a command is: its word, its help and its handler, written beside each other in the module of its noun."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.commands.context import Body, Door
from bot.commands.parser import Typed
from bot.slack.ids import Action, Shortcut


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One word of `/flakeguard`.

    `usage` is what follows the word, `says` what it does in one line, `also` the button or shortcut that does the same.
    """

    name: str
    usage: str
    says: str
    examples: tuple[str, ...]
    run: Callable[[Door, Body, Typed], None]
    also: Action | Shortcut
