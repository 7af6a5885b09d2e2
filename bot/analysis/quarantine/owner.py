"""CODEOWNERS: whose a path is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bot.analysis.quarantine import path_pattern

MAX_BYTES: Final = 3 * 1024 * 1024
"""GitHub ignores a larger file (https://docs.github.com/repositories, "About code owners")."""
_TEAM = re.compile(r"@([\w.-]+)/([\w.-]+)")
_LOGIN = re.compile(r"@([\w-]+(?:\[bot\])?)")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_MENTION = re.compile(r"<(?:@|!subteam\^)([SUW][A-Z0-9]{2,20})(?:\|[^>]*)?>")
_SLACK_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
_SLACK_GROUP = re.compile(r"S(?=[A-Z]*[0-9])[A-Z0-9]{2,20}")  # a word without a digit is the name of a team


@dataclass(frozen=True, slots=True)
class CodeownersRule:
    """One line: a pattern, and the owners as written (`@login`, `@org/team`, an address); none frees the path."""

    pattern: str
    owners: tuple[str, ...]


def parse(text: str) -> tuple[CodeownersRule, ...]:
    """The rules of a CODEOWNERS file, in its order; what GitHub would skip is skipped."""
    rules = []
    for line in text.splitlines():
        words = re.sub(r"(?<!\\)#.*", "", line).replace("\\ ", "\0").split()
        if not words or words[0].startswith("!") or "[" in words[0]:
            continue
        if any(not _is_owner(word) for word in words[1:]):
            continue
        rules.append(CodeownersRule(words[0].replace("\0", " ").replace("\\#", "#"), tuple(words[1:])))
    return tuple(rules)


def is_person(name: str) -> bool:
    """Whether an owner is somebody of a Slack workspace, by their id; what CODEOWNERS names never is."""
    return bool(_SLACK_USER.fullmatch(name))


def is_group(name: str) -> bool:
    """Whether an owner is a user group of a Slack workspace, by its id; what CODEOWNERS names never is."""
    return bool(_SLACK_GROUP.fullmatch(name))


def from_mention(text: str) -> str:
    """An owner as somebody in Slack wrote it: a mention is the id it mentions, anything else is a name."""
    mentioned = _MENTION.fullmatch(text.strip())
    return mentioned[1] if mentioned else text.strip()


def _is_owner(word: str) -> bool:
    return any(pattern.fullmatch(word) for pattern in (_TEAM, _LOGIN, _ADDRESS))


def of_path(rules: tuple[CodeownersRule, ...], path: str) -> tuple[str, ...]:
    """The owners of a path: those of the last rule that matches."""
    return next((rule.owners for rule in reversed(rules) if path_pattern.matches(rule.pattern, path)), ())


def teams(owners: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The teams among owners, as (organisation, slug)."""
    matches = (_TEAM.fullmatch(owner) for owner in owners)
    return tuple((match[1].lower(), match[2].lower()) for match in matches if match)


def includes(owners: tuple[str, ...], login: str, teams_of: frozenset[str]) -> bool:
    """Whether a GitHub account is an owner, by name or as a member of `teams_of` (`org/slug` in lower case)."""
    logins = {match[1].lower() for owner in owners if (match := _LOGIN.fullmatch(owner))}
    return login.lower() in logins or any(f"{org}/{slug}" in teams_of for org, slug in teams(owners))
