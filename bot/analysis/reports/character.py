"""The characters of XML, and references to them by number."""

from __future__ import annotations

import re
from typing import Final

REFERENCE: Final = re.compile("&#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));")
LONGEST: Final = len("&#x10FFFF;")
_RANGES: Final = ((0x9, 0xA), (0xD, 0xD), (0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF))


def code(reference: re.Match[str]) -> int | None:
    """The number of the character a reference names; None where XML 1.0 (production 2) forbids that character."""
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    return number if any(first <= number <= last for first, last in _RANGES) else None
