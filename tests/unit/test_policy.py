"""The policy: what a file may say, and what is said of a wrong one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.quarantine import path_pattern, policy
from bot.analysis.quarantine.policy import ApprovalPolicy, ApprovalRequirements, ArtifactPattern, PathOverride
from bot.errors import InvalidInputError
from bot.github import policy_file

FULL = b"""
version: 1
statuses: {broken_from: 0.95, flaky_from: 0.85, flaky_failures: 3}
quarantine:
  propose: true
  days: 7
  release_after: 50
  budget: {repository: 20, owner: none}
approval:
  self_approval: true
  protected: [src/payments/**]
  paths:
    - {path: tests/api/, owners: true}
artifacts:
  - junit-{os}-py{python}-{shard}
teams:
  - {team: "@acme/Payments", slack: S0PAY}
"""


def test_a_file_says_what_it_says() -> None:
    found = policy_file.parse(FULL)
    assert found.thresholds.broken_from == 0.95
    assert found.thresholds.flaky_failures == 3
    assert (found.quarantine.propose, found.quarantine.days, found.quarantine.release_after) == (True, 7, 50)
    assert (found.quarantine.limits.repository, found.quarantine.limits.owner) == (20, None)
    of_tests = ApprovalRequirements(protected=False, two_people=False, owners=True)
    of_payments = ApprovalRequirements(protected=True, two_people=True, owners=False)
    assert found.approval.requirements("tests/api/test_a.py") == of_tests
    assert found.approval.requirements("src/payments/a.py") == of_payments
    assert found.split_artifact("junit-linux-py3.12-2") == ("linux-3.12", "2")
    assert found.split_artifact("coverage") is None
    assert (found.group_of("@acme/payments"), found.group_of("@acme/core")) == ("S0PAY", None)


@pytest.mark.parametrize("text", [b"", b"\n# nothing\n", b"{}", b"version: 1"])
def test_an_empty_file_is_the_default_and_proposes_nothing_by_itself(text: bytes) -> None:
    found = policy_file.parse(text)
    assert found == policy.DEFAULT
    assert not found.quarantine.propose


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"quarantine: {day: 3}", "quarantine.day: not a key FlakeGuard knows; did you mean days?"),
        (b"quarantine: {days: 91}", "quarantine.days: must be a whole number from 1 to 90, not 91"),
        (b"quarantine: {days: true}", "quarantine.days: must be a whole number"),
        (b"quarantine: {propose: 1}", "quarantine.propose: must be true or false, not 1"),
        (b"quarantine: {budget: {owner: -1}}", "quarantine.budget.owner: must be a whole number from 0"),
        (b"statuses: {flaky_from: .nan}", "statuses.flaky_from: must be a number from 0.5 to 0.999"),
        (b"statuses: {flaky_from: 0.6, suspect_from: 0.7}", "statuses.suspect_from: must not be above flaky_from"),
        (b"approval: {protected: src}", "approval.protected: must be a list"),
        (b"approval: {paths: [{owners: true}]}", "approval.paths[0].path: must be a text"),
        (b"approval: {protected: [../x]}", "approval.protected[0]: '../x' is no path"),
        (b"artifacts: ['junit-linux']", "artifacts[0]: 'junit-linux' must have 1 to 4 groups"),
        (b"artifacts: ['{a}{b}']", "artifacts[0]: '{a}{b}' has two groups with nothing between them"),
        (b"artifacts: ['{a b}']", "artifacts[0]: '{a b}' has a group without a proper name"),
        (b"teams: [{team: '@acme/shop', slack: C0SHOP}]", "teams[0].slack: 'C0SHOP' is no user group of Slack"),
        (b"teams: [{team: '@acme/shop', slack: '<!channel>'}]", "teams[0].slack: '<!channel>' is no user group"),
        (b"teams: [{team: '@ana', slack: S0SHOP}]", "teams[0].team: '@ana' is no team"),
        (b"teams: [{team: '@acme/shop', slak: S0SHOP}]", "teams[0].slack: must be a text"),
        (b"version: 2", "version: must be 1, not 2"),
        (b"- a", "must be a mapping"),
        (b"a: [", "Line 1"),
        (b"a: 1\na: 2", "Line 2: the key 'a' is there twice"),
        (b"a: &x 1\nb: *x", "Line 2: aliases are not allowed"),
        (b"a: !!python/object:os.system 1", "could not determine a constructor"),
        (b"[" * 5000, "nested too deep"),
        (b"\xff", "not UTF-8"),
        (b" " * 70_000, "at most 64 kB"),
        (b"a: \x07", "not YAML"),
        (b"a: 2026-99-99", "not YAML"),
    ],
)
def test_an_error_names_the_key_and_what_is_allowed(text: bytes, says: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        policy_file.parse(text)
    assert says in str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_policy_or_a_sentence(data: bytes) -> None:
    try:
        outcome: object = policy_file.parse(data)
        stored: object = policy.decode(json.loads(policy_file.to_json(data)))
    except InvalidInputError as error:
        outcome = stored = str(error)
    assert outcome == stored
    assert outcome


def test_the_stored_json_says_what_the_file_says() -> None:
    assert policy.decode(json.loads(policy_file.to_json(FULL))) == policy_file.parse(FULL)


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("tests/api/**", "tests/api/v1/test_a.py", True),
        ("tests/api", "tests/api/v1/test_a.py", True),
        ("tests/api/*", "tests/api/v1/test_a.py", False),
        ("tests/*/test_a.py", "tests/api/test_a.py", True),
        ("*.py", "deep/in/test_a.py", True),
        ("/*.py", "deep/in/test_a.py", False),
        ("**/api/**", "api/test_a.py", True),
        ("api/", "src/api/test_a.py", True),
        ("a/b", "a/bc", False),
        ("/".join(["**"] * 20 + ["x"]), "/".join(["a"] * 500), False),
        ("*a" * 80 + "b", "a" * 900, False),
    ],
)
def test_paths_match_as_in_codeowners(pattern: str, path: str, fits: bool) -> None:
    assert path_pattern.matches(pattern, path) is fits


def test_the_last_rule_that_matches_wins_and_a_protected_path_needs_two_people() -> None:
    approval = ApprovalPolicy(
        self_approval=True,
        paths=(PathOverride("src/**", protected=True), PathOverride("src/demo/**", protected=False, two_people=False)),
    )
    assert approval.requirements("src/a.py").two_people
    assert not approval.requirements("src/demo/a.py").two_people
    assert ApprovalPolicy(paths=(PathOverride("a", protected=True, two_people=False),)).requirements("a").two_people


@given(st.text(max_size=300))
def test_any_artifact_name_is_split_or_left_alone(name: str) -> None:
    found = ArtifactPattern("{a}-{b}-{c}-{shard}").match(name)
    assert found is None or found[1]


def test_the_policy_in_the_readme_is_one() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("```yaml\n")[2].partition("```")[0]
    assert policy_file.parse(shown.encode()).artifacts == (ArtifactPattern("junit-{os}-{shard}"),)
