"""Which variant of a workflow an artifact comes from: its name without what every report, shard and attempt adds."""

from __future__ import annotations

import re

from bot.analysis.quarantine import policy as policies
from bot.analysis.quarantine.policy import Policy

DEFAULT = "default"
# "unit" is not among them: `unit-tests` and `e2e-tests` are variants of their own, and so may `unit` and `default` be.
_WORDS = frozenset(
    {"junit", "xunit", "nunit", "test", "tests", "testing", "result", "results", "report", "reports", "testresults",
     "testreport", "testreports", "xml", "zip", "output", "outputs", "artifact", "artifacts"}
)  # fmt: skip
_PROMISE = re.compile(
    r"junit|xunit|nunit|surefire|failsafe|pytest|(?<!la)(?<!at)(?<!con)tests?[-_. ]?(?:results?|reports?)",
    re.IGNORECASE,
)
# "latest" and "attestation" hold the word "test" and are no reports.
_REPORT = re.compile(
    r"junit|xunit|nunit|surefire|failsafe|jest|(?<!la)(?<!at)(?<!con)(?<!fas)(?<!grea)test|report|result"
    r"|(?<![a-z])(?:r?spec|cypress|playwright|e2e)s?(?![a-z])",
    re.IGNORECASE,
)
_ATTEMPT = re.compile(r"(?:^|(?<=[-_. (]))(?:attempt|try|retry|rerun)[-_. ]?\d+(?=$|[-_. )])", re.IGNORECASE)
# Words that mean a shard whatever follows, and "2-of-4" after any word. `node-18` is a version, `group-a` a name.
_SHARD = re.compile(
    r"(?:^|(?<=[-_. (,]))(?:(?:shard|part|partition|chunk|split|group)[-_. ]?(\d+)(?:[-_ ]?of[-_ ]?(?P<of>\d+))?"
    r"|(?:(?:node|worker|index|job)[-_. ]?)?(\d+)[-_ ]?of[-_ ]?(?P<all>\d+))(?=$|[-_. ),])",
    re.IGNORECASE,
)
_RUN_ID = re.compile(r"\d{9,}|[0-9a-f]{40}", re.IGNORECASE)  # github.run_id and github.sha: new in every run
_BETWEEN = re.compile(r"[-_\s,()\[\]]+")


def split(artifact: str, workflow_path: str, policy: Policy = policies.DEFAULT) -> tuple[str, str]:
    """The variant and the shard (empty where there is none) of an artifact.

    The variant is the workflow's file name, and the words of the artifact that tell the variant:
    `junit-linux-py3.12` of `.github/workflows/ci.yml` is `ci/linux-py3.12`, `test-results` of it is `ci/default`.
    A number that is all there is beside report words is a shard; one after another word belongs to that word.
    Where a pattern of the policy fits, it says both instead.
    """
    workflow = workflow_path.partition("@")[0].rpartition("/")[2].rpartition(".")[0] or workflow_path or DEFAULT
    if (told := policy.split_artifact(artifact)) is not None:
        return f"{workflow}/{told[0] or DEFAULT}", told[1]
    name = _ATTEMPT.sub("", artifact)
    shard = ""
    if found := _SHARD.search(name):
        shard = found[1] or found[3]
        name = f"{name[: found.start()]}-{name[found.end() :]}"
    kept = [part for part in _BETWEEN.split(name) if not _says_nothing(part)]
    if not shard and len(kept) == 1 and kept[0].isdecimal():
        shard, kept = kept[0], []
    return f"{workflow}/{'-'.join(kept) or DEFAULT}", shard


def shard_count(artifact: str) -> int:
    """How many shards there are by the name of one of them, as in `shard-2-of-4`; 0 where it does not say."""
    found = _SHARD.search(_ATTEMPT.sub("", artifact))
    return int(found["of"] or found["all"] or 0) if found else 0


def looks_like_report(artifact: str, policy: Policy = policies.DEFAULT) -> bool:
    """Whether the name of an artifact, or the policy, says that it may hold test reports."""
    return _REPORT.search(artifact) is not None or policy.split_artifact(artifact) is not None


def promises_report(artifact: str) -> bool:
    """Whether the name says that it must hold test reports; `coverage-report` and `playwright-report` do not."""
    return _PROMISE.search(artifact) is not None


def _says_nothing(part: str) -> bool:
    words = [word for word in part.lower().split(".") if word]
    return all(word in _WORDS for word in words) or _RUN_ID.fullmatch(part) is not None
