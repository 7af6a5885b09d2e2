"""Path patterns as in CODEOWNERS, for owners, the policy and subscriptions."""

from __future__ import annotations

import fnmatch
import re


def matches(pattern: str, path: str) -> bool:
    """Whether a path matches a pattern.

    `*` matches inside a folder, `**` across folders; a pattern without an inner slash matches at any depth, one that
    names a folder matches everything below it.
    """
    parts = pattern.strip("/").split("/")
    if len(parts) == 1 and not pattern.startswith("/"):
        parts = ["**", *parts]
    if pattern.endswith("/") or not re.search(r"[*?\[]", parts[-1]):
        parts = [*parts, "**"]
    reached = {0}
    for name in [*path.strip("/").split("/"), None]:
        for index in sorted(reached):
            following = index
            while following < len(parts) and parts[following] == "**":
                following += 1
                reached.add(following)
        if name is None:
            break
        reached = {
            index if parts[index] == "**" else index + 1
            for index in reached
            if index < len(parts) and (parts[index] == "**" or fnmatch.fnmatchcase(name, parts[index]))
        }
    return len(parts) in reached
