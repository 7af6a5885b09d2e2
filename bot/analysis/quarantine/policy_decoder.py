"""Decoding of a mapping somebody wrote by hand: every error names the key and says what is allowed."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Self, cast

from bot.errors import InvalidInputError


class Section:
    """One mapping of the document; keys are taken out one by one, and `finish` refuses what is left."""

    __slots__ = ("_asked", "_values", "place")

    def __init__(self, place: str, values: Mapping[object, object]) -> None:
        self.place = place
        self._values = values
        self._asked: list[str] = []

    def flag(self, key: str, default: bool) -> bool:
        """A truth value."""
        value = self.choice(key)
        return default if value is None else value

    def choice(self, key: str) -> bool | None:
        """A truth value, None where the key is absent."""
        value = self._take(key)
        if value is None or isinstance(value, bool):
            return value
        raise self._wrong(key, value, "true or false")

    def integer(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number between two bounds, which are allowed."""
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._wrong(key, value, f"{low}" if low == high else f"a whole number from {low} to {high}")
        return value

    def limit(self, key: str, default: int | None, high: int) -> int | None:
        """A whole number from 0 on, or `none` for no limit."""
        if key in self._values and self._values[key] in (None, "none"):
            self._take(key)
            return None
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= high:
            raise self._wrong(key, value, f"a whole number from 0 to {high}, or none")
        return value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """A number between two bounds, which are allowed."""
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self._wrong(key, value, f"a number from {low:g} to {high:g}")
        if not low <= value <= high:
            raise self._wrong(key, value, f"a number from {low:g} to {high:g}")
        return float(value)

    def text(self, key: str, length: int) -> str:
        """A text that must be there."""
        value = self._take(key)
        if not isinstance(value, str) or not 0 < len(value) <= length:
            raise self._wrong(key, value, f"a text of 1 to {length} characters")
        return value

    def texts(self, key: str, most: int, length: int) -> list[tuple[str, str]]:
        """A list of texts, each with its place."""
        texts = []
        for index, value in enumerate(self._list(key, most)):
            if not isinstance(value, str) or not 0 < len(value) <= length:
                place = f"{key}[{index}]"
                raise self._wrong(place, value, f"a text of 1 to {length} characters")
            texts.append((value, self._where(f"{key}[{index}]")))
        return texts

    def section(self, key: str) -> Self:
        """A mapping inside this one, empty where the key is absent."""
        value = self._take(key)
        if value is None:
            return type(self)(self._where(key), {})
        if not isinstance(value, Mapping):
            raise self._wrong(key, value, "a mapping of keys")
        return type(self)(self._where(key), cast("Mapping[object, object]", value))

    def sections(self, key: str, most: int) -> list[Self]:
        """A list of mappings."""
        sections = []
        for index, value in enumerate(self._list(key, most)):
            if not isinstance(value, Mapping):
                place = f"{key}[{index}]"
                raise self._wrong(place, value, "a mapping of keys")
            sections.append(type(self)(self._where(f"{key}[{index}]"), cast("Mapping[object, object]", value)))
        return sections

    def finish(self) -> None:
        """Refuse unknown keys.

        Raises:
            InvalidInputError: there is one; the text names it, the nearest known one, and all that are allowed.
        """
        for key in self._values:
            if key in self._asked:
                continue
            near = difflib.get_close_matches(str(key), self._asked, 1)
            hint = f"did you mean {near[0]}? " if near else ""
            allowed = ", ".join(sorted(self._asked))
            message = f"{self._where(str(key)[:100])}: not a key FlakeGuard knows; {hint}Allowed here: {allowed}."
            raise InvalidInputError(message)

    def _take(self, key: str) -> object:
        self._asked.append(key)
        return self._values.get(key)

    def _list(self, key: str, most: int) -> Sequence[object]:
        value = self._take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > most:
            raise self._wrong(key, value, f"a list of at most {most} entries")
        return cast("list[object]", value)

    def _where(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key

    def _wrong(self, key: str, value: object, expected: str) -> InvalidInputError:
        shown = "nothing" if value is None else repr(value)[:60]
        return InvalidInputError(f"{self._where(key)}: must be {expected}, not {shown}.")
