"""The policy of a repository: what `.flakeguard.yml` may say, with the defaults of a repository without one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.analysis.quarantine import owner as owners
from bot.analysis.quarantine import path_pattern
from bot.analysis.quarantine.policy_decoder import Section
from bot.errors import InvalidInputError

PATTERN_LENGTH = 200
PATTERNS = 100
PLACEHOLDERS = 4
"""A template with more of them could take long to match against a hostile name."""
ARTIFACT_LENGTH = 255
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SHARD = "shard"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on a status holds; probabilities are 0 to 1, `infra_days` are days after the latest outage."""

    broken_from: float = 0.9
    flaky_from: float = 0.8
    suspect_from: float = 0.5
    flaky_failures: int = 2
    sufficient_runs: int = 5
    infra_days: int = 3


@dataclass(frozen=True, slots=True)
class QuarantineLimits:
    """How many cases may be quarantined at once; None is no limit."""

    repository: int | None = 50
    owner: int | None = 10


@dataclass(frozen=True, slots=True)
class QuarantineRules:
    """When cases enter and leave quarantine.

    `days` is the default life; a case is released after `release_after` clean commits with p_flaky below
    `release_below`.
    """

    propose: bool = False
    days: int = 14
    release_after: int = 30
    release_below: float = 0.2
    limits: QuarantineLimits = field(default_factory=QuarantineLimits)


@dataclass(frozen=True, slots=True)
class ApprovalRequirements:
    """Who may approve the quarantine of one case.

    `two_people`: somebody else than the proposer. `owners`: an owner of the path, where it has any.
    """

    protected: bool
    two_people: bool
    owners: bool


@dataclass(frozen=True, slots=True)
class PathOverride:
    """What differs under some paths; None leaves what holds for the repository."""

    path: str
    protected: bool | None = None
    two_people: bool | None = None
    owners: bool | None = None


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """Who may approve: the rule of the repository, and the paths where it differs, the last that matches first."""

    self_approval: bool = False
    owners: bool = False
    paths: tuple[PathOverride, ...] = ()

    def requirements(self, path: str) -> ApprovalRequirements:
        """What the approval of a case of this file requires; a protected path always needs two people."""
        protected, two_people, owners = False, not self.self_approval, self.owners
        for override in self.paths:
            if path_pattern.matches(override.path, path):
                protected = protected if override.protected is None else override.protected
                two_people = two_people if override.two_people is None else override.two_people
                owners = owners if override.owners is None else override.owners
        return ApprovalRequirements(protected, two_people or protected, owners)


@dataclass(frozen=True, slots=True)
class ArtifactPattern:
    """How an artifact's name tells variant and shard: text with `{name}` groups, such as `junit-{os}-{shard}`.

    The group `shard` is the shard; the others, joined by `-` in their order, are the variant.
    """

    template: str

    def match(self, artifact: str) -> tuple[str, str] | None:
        """The variant's part and the shard (either may be empty) of an artifact; None where it is another's."""
        parts = _PLACEHOLDER.split(self.template)
        expression = "".join(f"(?P<{part}>.+?)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
        match = re.fullmatch(expression, artifact[:ARTIFACT_LENGTH])
        if match is None:
            return None
        groups = match.groupdict()
        return "-".join(value for name, value in groups.items() if name != _SHARD), groups.get(_SHARD, "")


@dataclass(frozen=True, slots=True)
class Team:
    """A team as CODEOWNERS writes it, and the user group of Slack that is mentioned for it, by its id."""

    name: str
    group: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything a repository may decide about FlakeGuard."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    quarantine: QuarantineRules = field(default_factory=QuarantineRules)
    approval: ApprovalPolicy = field(default_factory=ApprovalPolicy)
    artifacts: tuple[ArtifactPattern, ...] = ()
    teams: tuple[Team, ...] = ()

    def group_of(self, team: str) -> str | None:
        """The user group of Slack that is mentioned for a team of CODEOWNERS; None where none is named."""
        return next((entry.group for entry in self.teams if entry.name.lower() == team.lower()), None)

    def split_artifact(self, artifact: str) -> tuple[str, str] | None:
        """Variant and shard by the first pattern that fits; None where the policy says nothing."""
        return next((split for pattern in self.artifacts if (split := pattern.match(artifact)) is not None), None)


DEFAULT = Policy()
"""The policy of a repository without a file: nothing is proposed by itself."""


def decode(document: object) -> Policy:
    """The policy a parsed `.flakeguard.yml` says; an empty file is the default.

    Raises:
        InvalidInputError: a key is unknown or has a value that is not allowed; the text names it and says what is.
    """
    if document is None:
        return DEFAULT
    if not isinstance(document, Mapping):
        message = "The policy must be a mapping of keys such as `quarantine:`; it is something else."
        raise InvalidInputError(message)
    top = Section("", document)
    top.integer("version", 1, 1, 1)
    policy = Policy(
        _thresholds(top.section("statuses")),
        _quarantine(top.section("quarantine")),
        _approval(top.section("approval")),
        tuple(_artifact(text, place) for text, place in top.texts("artifacts", PATTERNS, PATTERN_LENGTH)),
        tuple(_team(section) for section in top.sections("teams", PATTERNS)),
    )
    top.finish()
    if policy.thresholds.suspect_from > policy.thresholds.flaky_from:
        message = f"statuses.suspect_from: must not be above flaky_from ({policy.thresholds.flaky_from:g})."
        raise InvalidInputError(message)
    return policy


def _thresholds(section: Section) -> Thresholds:
    default = Thresholds()
    return Thresholds(
        broken_from=section.number("broken_from", default.broken_from, 0.5, 0.999),
        flaky_from=section.number("flaky_from", default.flaky_from, 0.5, 0.999),
        suspect_from=section.number("suspect_from", default.suspect_from, 0.1, 0.999),
        flaky_failures=section.integer("flaky_failures", default.flaky_failures, 1, 100),
        sufficient_runs=section.integer("sufficient_runs", default.sufficient_runs, 1, 1000),
        infra_days=section.integer("infra_days", default.infra_days, 0, 90),
    )


def _quarantine(section: Section) -> QuarantineRules:
    default = QuarantineRules()
    limits = section.section("budget")
    return QuarantineRules(
        propose=section.flag("propose", default.propose),
        days=section.integer("days", default.days, 1, 90),
        release_after=section.integer("release_after", default.release_after, 1, 1000),
        release_below=section.number("release_below", default.release_below, 0.01, 0.8),
        limits=QuarantineLimits(
            limits.limit("repository", default.limits.repository, 10_000),
            limits.limit("owner", default.limits.owner, 10_000),
        ),
    )


def _approval(section: Section) -> ApprovalPolicy:
    default = ApprovalPolicy()
    protected = [
        PathOverride(_path(text, place), protected=True)
        for text, place in section.texts("protected", PATTERNS, PATTERN_LENGTH)
    ]
    return ApprovalPolicy(
        self_approval=section.flag("self_approval", default.self_approval),
        owners=section.flag("owners", default.owners),
        paths=(*protected, *map(_path_override, section.sections("paths", PATTERNS))),
    )


def _path_override(section: Section) -> PathOverride:
    return PathOverride(
        _path(section.text("path", PATTERN_LENGTH), f"{section.place}.path"),
        section.flag("protected", None),
        section.flag("two_people", None),
        section.flag("owners", None),
    )


def _team(section: Section) -> Team:
    team = Team(section.text("team", PATTERN_LENGTH), section.text("slack", PATTERN_LENGTH))
    if not owners.teams((team.name,)):
        message = f"{section.place}.team: {team.name!r} is no team; write it as CODEOWNERS does, `@acme/payments`."
        raise InvalidInputError(message)
    if not owners.is_group(team.group):
        message = f"{section.place}.slack: {team.group!r} is no user group of Slack; its id begins with S, as S0PAY1."
        raise InvalidInputError(message)
    return team


def _path(text: str, place: str) -> str:
    if not text.strip("/") or ".." in text.split("/") or "//" in text:
        message = f"{place}: {text!r} is no path; write one of the repository, such as `tests/api/**`."
        raise InvalidInputError(message)
    return text


def _artifact(text: str, place: str) -> ArtifactPattern:
    parts = _PLACEHOLDER.split(text)
    names = parts[1::2]
    if any(not name.isidentifier() or not name.isascii() for name in names) or re.search(r"[{}]", "".join(parts[::2])):
        message = f"{place}: {text!r} has a group without a proper name; write groups as in `junit-{{os}}-{{shard}}`."
        raise InvalidInputError(message)
    if not names or len(set(names)) < len(names) or len(names) > PLACEHOLDERS:
        message = f"{place}: {text!r} must have 1 to {PLACEHOLDERS} groups of different names, such as `{{os}}`."
        raise InvalidInputError(message)
    if "" in parts[2:-1:2]:
        message = f"{place}: {text!r} has two groups with nothing between them; write what tells them apart."
        raise InvalidInputError(message)
    return ArtifactPattern(text)
