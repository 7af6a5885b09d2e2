"""Decoding of a mapping somebody wrote by hand: every error names the key and says what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TypeVar

from bot.errors import InvalidInputError

Default = TypeVar("Default")
Number = TypeVar("Number", int, float)


class Section:
    """One mapping of the document; keys are taken out one by one, and `finish` refuses what is left."""

    __slots__ = ("_known_keys", "_sections", "_values", "place")

    def __init__(self, place: str, values: Mapping[object, object]) -> None:
        self.place = place
        self._values = values
        self._known_keys: list[str] = []
        self._sections: list[Section] = []

    def flag(self, key: str, default: Default) -> bool | Default:
        """A truth value."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._wrong(key, value, "true or false")
        return value

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number between two bounds, which are allowed."""
        expected = f"{low}" if low == high else f"a whole number from {low} to {high}"
        return self._bounded(key, int, default, (low, high), expected)

    def limit(self, key: str, default: int | None, high: int) -> int | None:
        """A whole number from 0 on, or `none` for no limit."""
        if key in self._values and self._values[key] in (None, "none"):
            self._take(key)
            return None
        return self._bounded(key, int, default, (0, high), f"a whole number from 0 to {high}, or none")

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """A number between two bounds, which are allowed."""
        expected = f"a number from {low:g} to {high:g}"
        return float(self._bounded(key, (int, float), default, (low, high), expected))

    def text(self, key: str, length: int) -> str:
        """A text that must be there."""
        return self._text(key, self._take(key), length)

    def texts(self, key: str, most: int, length: int) -> list[tuple[str, str]]:
        """A list of texts, each with its place."""
        return [(self._text(item, value, length), self._where(item)) for item, value in self._items(key, most)]

    def section(self, key: str) -> Section:
        """A mapping inside this one, empty where the key is absent."""
        value = self._take(key)
        return self._section(key, {} if value is None else value)

    def sections(self, key: str, most: int) -> list[Section]:
        """A list of mappings."""
        return [self._section(item, value) for item, value in self._items(key, most)]

    def finish(self) -> None:
        """Refuse unknown keys, here and in the mappings inside.

        Raises:
            InvalidInputError: there is one; the text names it, the nearest known one, and all that are allowed.
        """
        for section in self._sections:
            section.finish()
        for key in self._values:
            if key in self._known_keys:
                continue
            near = difflib.get_close_matches(str(key), self._known_keys, 1)
            hint = f"did you mean {near[0]}? " if near else ""
            allowed = ", ".join(sorted(self._known_keys))
            message = f"{self._where(str(key)[:100])}: not a key FlakeGuard knows; {hint}Allowed here: {allowed}."
            raise InvalidInputError(message)

    def _take(self, key: str) -> object:
        self._known_keys.append(key)
        return self._values.get(key)

    def _bounded(
        self,
        key: str,
        kind: type[Number] | tuple[type[Number], ...],
        default: Default,
        bounds: tuple[float, float],
        expected: str,
    ) -> Number | Default:
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, kind) or not bounds[0] <= value <= bounds[1]:
            raise self._wrong(key, value, expected)
        return value

    def _text(self, key: str, value: object, length: int) -> str:
        if not isinstance(value, str) or not 0 < len(value) <= length:
            raise self._wrong(key, value, f"a text of 1 to {length} characters")
        return value

    def _section(self, key: str, value: object) -> Section:
        if not isinstance(value, Mapping):
            raise self._wrong(key, value, "a mapping of keys")
        section = Section(self._where(key), value)
        self._sections.append(section)
        return section

    def _items(self, key: str, most: int) -> list[tuple[str, object]]:
        """The entries of a list, each with its key, such as `paths[0]`."""
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > most:
            raise self._wrong(key, value, f"a list of at most {most} entries")
        return [(f"{key}[{index}]", entry) for index, entry in enumerate(value)]

    def _where(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key

    def _wrong(self, key: str, value: object, expected: str) -> InvalidInputError:
        shown = "nothing" if value is None else repr(value)[:60]
        return InvalidInputError(f"{self._where(key)}: must be {expected}, not {shown}.")
