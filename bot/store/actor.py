"""Actors as JSON columns; a module of its own, since every aggregate keeps who did something."""

from __future__ import annotations

from collections.abc import Mapping

from bot.analysis.model import Actor, ActorKind


def encode(actor: Actor) -> dict[str, str]:
    """An actor as it is stored."""
    stored = {"kind": actor.kind.value, "id": actor.id, "name": actor.name}
    return stored | ({"github_login": actor.github_login} if actor.github_login else {})


def decode(stored: Mapping[str, str]) -> Actor:
    """An actor as it was stored."""
    return Actor(ActorKind(stored["kind"]), stored["id"], stored["name"], stored.get("github_login", ""))
