"""Path patterns as in CODEOWNERS, for owners, the policy and subscriptions."""

from __future__ import annotations

import fnmatch
import re


def matches(pattern: str, path: str) -> bool:
    """Whether a path matches a pattern.

    `*` matches inside a folder, `**` across folders; a pattern without an inner slash matches at any depth, one that
    names a folder matches everything below it.
    """
    wanted = pattern.strip("/").split("/")
    if len(wanted) == 1 and not pattern.startswith("/"):
        wanted = ["**", *wanted]
    if pattern.endswith("/") or not re.search(r"[*?\[]", wanted[-1]):
        wanted = [*wanted, "**"]
    reached = {0}
    for part in [*path.strip("/").split("/"), None]:
        for index in sorted(reached):
            following = index
            while following < len(wanted) and wanted[following] == "**":
                following += 1
                reached.add(following)
        if part is None:
            break
        reached = {
            index if wanted[index] == "**" else index + 1
            for index in reached
            if index < len(wanted) and (wanted[index] == "**" or fnmatch.fnmatchcase(part, wanted[index]))
        }
    return len(wanted) in reached
