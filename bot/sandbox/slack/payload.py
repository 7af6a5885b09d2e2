"""Reading of JSON whose form nobody has promised: what is missing or of another type reads as empty."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

JsonObject: TypeAlias = dict[str, object]


def as_object(value: object) -> JsonObject:
    """Return the value when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_objects(value: object) -> list[JsonObject]:
    """Return the objects of a JSON array, and nothing of anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list | tuple) else []


def child(value: Mapping[str, object], key: str) -> JsonObject:
    """Return the object under a key."""
    return as_object(value.get(key))


def children(value: Mapping[str, object], key: str) -> list[JsonObject]:
    """Return the objects of the array under a key."""
    return as_objects(value.get(key))


def string(value: Mapping[str, object], key: str, default: str = "") -> str:
    """Return the text under a key."""
    found = value.get(key)
    return found if isinstance(found, str) else default


def truth(value: Mapping[str, object], key: str) -> bool:
    """Return the boolean under a key, also when a form has written it as text."""
    found = value.get(key)
    return found.lower() in {"1", "true"} if isinstance(found, str) else bool(found)


def decoded(text: str) -> object:
    """Return what JSON text says, or None when it is not JSON."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return None
    return value
