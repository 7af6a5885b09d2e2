"""Reading of JSON whose form nobody guarantees: a missing value, or one of another type, reads as empty."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

JsonObject: TypeAlias = dict[str, object]


def as_object(value: object) -> JsonObject:
    """Return the value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_objects(value: object) -> list[JsonObject]:
    """Return the objects of a JSON array, and an empty list for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list | tuple) else []


def child(parent: Mapping[str, object], key: str) -> JsonObject:
    """Return the object under a key."""
    return as_object(parent.get(key))


def children(parent: Mapping[str, object], key: str) -> list[JsonObject]:
    """Return the objects of the array under a key."""
    return as_objects(parent.get(key))


def string(parent: Mapping[str, object], key: str, default: str = "") -> str:
    """Return the string under a key."""
    value = parent.get(key)
    return value if isinstance(value, str) else default


def boolean(parent: Mapping[str, object], key: str) -> bool:
    """Return the boolean under a key; forms write it as text."""
    value = parent.get(key)
    return value.lower() in {"1", "true"} if isinstance(value, str) else bool(value)


def decode(text: str) -> object:
    """Decode JSON, or return None if the text is not JSON."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return None
    return value
