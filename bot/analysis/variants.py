"""Which leg of a workflow an artifact comes from: its name without what every report, shard and attempt adds."""

from __future__ import annotations

import re

_WORDS = frozenset(
    {"junit", "test", "tests", "result", "results", "report", "reports", "xml", "unit", "pytest", "surefire", "output",
     "artifact", "artifacts"}
)  # fmt: skip
_REPORT = re.compile(r"junit|test|report|result|surefire|xunit|nunit|pytest|jest|spec", re.IGNORECASE)
_ATTEMPT = re.compile(r"(?:^|[-_. ])(?:attempt|try|retry|rerun)[-_. ]?\d+(?=$|[-_. ])", re.IGNORECASE)
_SHARD = re.compile(
    r"(?:^|[-_. ])(?:(?:shard|part|chunk|split|group|node)[-_. ]?(\d+(?:(?:-of-|of|/|_of_)\d+)?)"
    r"|(\d+)[-_]?of[-_]?(\d+))(?=$|[-_. ])",
    re.IGNORECASE,
)
DEFAULT = "default"


def split(artifact: str, workflow_path: str) -> tuple[str, str]:
    """The variant and the shard (empty where there is none) of an artifact.

    The variant is the workflow's file name, and the words of the artifact that tell the leg:
    `junit-linux-py3.12` of `.github/workflows/ci.yml` is `ci/linux-py3.12`, `test-results` of it is `ci/default`.
    """
    workflow = workflow_path.partition("@")[0].rpartition("/")[2].rpartition(".")[0] or workflow_path or DEFAULT
    name = _ATTEMPT.sub("", artifact)
    shard = ""
    if found := _SHARD.search(name):
        shard = next(group for group in found.groups() if group)
        name = name[: found.start()] + name[found.end() :]
    parts = re.split(r"[-_ ]+", name)
    kept = [part for part in parts if part and part.lower() not in _WORDS]
    return f"{workflow}/{'-'.join(kept) or DEFAULT}", shard


def looks_like_report(artifact: str) -> bool:
    """Whether the name of an artifact says that it holds test reports."""
    return _REPORT.search(artifact) is not None
