"""What an artifact's name says: the variant of the workflow, the shard, and whether it holds test reports."""

from __future__ import annotations

import re

from bot.analysis.quarantine.policy import DEFAULT as DEFAULT_POLICY
from bot.analysis.quarantine.policy import Policy

DEFAULT_VARIANT = "default"
# Without "unit": `unit-tests` and `e2e-tests` are different variants, and so may `unit` and `default` be.
_WORDS = frozenset(
    {"junit", "xunit", "nunit", "test", "tests", "testing", "result", "results", "report", "reports", "testresults",
     "testreport", "testreports", "xml", "zip", "output", "outputs", "artifact", "artifacts"}
)  # fmt: skip
_PROMISE = re.compile(
    r"junit|xunit|nunit|surefire|failsafe|pytest|(?<!la)(?<!at)(?<!con)tests?[-_. ]?(?:results?|reports?)",
    re.IGNORECASE,
)
# "latest" and "attestation" contain "test" and are no reports.
_REPORT = re.compile(
    r"junit|xunit|nunit|surefire|failsafe|jest|(?<!la)(?<!at)(?<!con)(?<!fas)(?<!grea)test|report|result"
    r"|(?<![a-z])(?:r?spec|cypress|playwright|e2e)s?(?![a-z])",
    re.IGNORECASE,
)
_ATTEMPT = re.compile(r"(?:^|(?<=[-_. (]))(?:attempt|try|retry|rerun)[-_. ]?\d+(?=$|[-_. )])", re.IGNORECASE)
# Words that mean a shard before any number, and "2-of-4" after any word. `node-18` is a version, `group-a` a name.
_SHARD = re.compile(
    r"(?:^|(?<=[-_. (,]))(?:(?:shard|part|partition|chunk|split|group)[-_. ]?(\d+)(?:[-_ ]?of[-_ ]?(?P<of>\d+))?"
    r"|(?:(?:node|worker|index|job)[-_. ]?)?(\d+)[-_ ]?of[-_ ]?(?P<all>\d+))(?=$|[-_. ),])",
    re.IGNORECASE,
)
_RUN_ID = re.compile(r"\d{9,}|[0-9a-f]{40}", re.IGNORECASE)  # github.run_id and github.sha: new in every run
_BETWEEN = re.compile(r"[-_\s,()\[\]]+")


def split(artifact: str, workflow_path: str, policy: Policy = DEFAULT_POLICY) -> tuple[str, str]:
    """The variant and the shard (empty if there is none) of an artifact.

    The variant is the workflow's file name and the words of the artifact that name neither a report nor a shard nor an
    attempt: `junit-linux-py3.12` of `.github/workflows/ci.yml` is `ci/linux-py3.12`, `test-results` is `ci/default`.
    A number that stands alone beside report words is a shard; one after another word belongs to that word.
    A pattern of the policy that matches decides both instead.
    """
    workflow = workflow_path.partition("@")[0].rpartition("/")[2].rpartition(".")[0] or workflow_path or DEFAULT_VARIANT
    if (by_policy := policy.split_artifact(artifact)) is not None:
        return f"{workflow}/{by_policy[0] or DEFAULT_VARIANT}", by_policy[1]
    name = _ATTEMPT.sub("", artifact)
    shard = ""
    if match := _SHARD.search(name):
        shard = match[1] or match[3]
        name = f"{name[: match.start()]}-{name[match.end() :]}"
    kept = [part for part in _BETWEEN.split(name) if not _is_generic(part)]
    if not shard and len(kept) == 1 and kept[0].isdecimal():
        shard, kept = kept[0], []
    return f"{workflow}/{'-'.join(kept) or DEFAULT_VARIANT}", shard


def shard_count(artifact: str) -> int:
    """How many shards there are by the name of one, such as `shard-2-of-4`; 0 if it does not say."""
    match = _SHARD.search(_ATTEMPT.sub("", artifact))
    return int(match["of"] or match["all"] or 0) if match else 0


def looks_like_report(artifact: str, policy: Policy = DEFAULT_POLICY) -> bool:
    """Whether an artifact may hold test reports, by its name or the policy."""
    return _REPORT.search(artifact) is not None or policy.split_artifact(artifact) is not None


def promises_report(artifact: str) -> bool:
    """Whether an artifact must hold test reports; `coverage-report` and `playwright-report` need not."""
    return _PROMISE.search(artifact) is not None


def _is_generic(part: str) -> bool:
    words = [word for word in part.lower().split(".") if word]
    return all(word in _WORDS for word in words) or _RUN_ID.fullmatch(part) is not None
