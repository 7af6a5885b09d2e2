"""Patterns of paths, as CODEOWNERS and the policy write them."""

from __future__ import annotations

import fnmatch
import re


def matches(pattern: str, path: str) -> bool:
    """Whether a path is one a pattern means, as in CODEOWNERS.

    `*` stays inside a folder, `**` crosses folders, a pattern without a slash inside it holds at any depth, and one
    that names a folder holds for everything below it.
    """
    wanted = pattern.strip("/").split("/")
    if len(wanted) == 1 and not pattern.startswith("/"):
        wanted = ["**", *wanted]
    if pattern.endswith("/") or not re.search(r"[*?\[]", wanted[-1]):
        wanted = [*wanted, "**"]
    reached = {0}
    for part in [*path.strip("/").split("/"), None]:
        for index in sorted(reached):
            at = index
            while at < len(wanted) and wanted[at] == "**":
                at += 1
                reached.add(at)
        if part is None:
            break
        reached = {
            index if wanted[index] == "**" else index + 1
            for index in reached
            if index < len(wanted) and (wanted[index] == "**" or fnmatch.fnmatchcase(part, wanted[index]))
        }
    return len(wanted) in reached
