"""Durations as reports write them."""

from __future__ import annotations

import math
import re

_CLOCK = re.compile(r"(?:(\d+)[.:])?(\d+):(\d+):(\d+(?:\.\d+)?)")  # .NET's [d.]hh:mm:ss[.fffffff]


def seconds(written: str) -> float:
    """A duration: decimal comma or point, thousands separated, a unit or nonsense, which is 0."""
    text = written.strip().removesuffix("s").replace(" ", "").replace("\u00a0", "").replace("'", "")
    if "," in text and "." in text:
        thousands = "," if text.rindex(",") < text.rindex(".") else "."
        text = text.replace(thousands, "").replace(",", ".")
    elif text.count(",") == 1:
        text = text.replace(",", ".")
    else:
        text = text.replace(",", "")
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and 0 <= value < 1e9 else 0.0  # noqa: PLR2004  # 30 years


def clock_seconds(written: str) -> float:
    """A duration on a clock's face, such as `00:01:02.5000000`; 0 for anything else."""
    found = _CLOCK.fullmatch(written.strip())
    if found is None:
        return 0.0
    days, hours, minutes, rest = found.groups()
    return ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + float(rest)
