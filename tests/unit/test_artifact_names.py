from __future__ import annotations

import pytest

from bot.analysis.identity import artifact_name
from bot.analysis.quarantine import policy

CI = ".github/workflows/ci.yml"


@pytest.mark.parametrize(
    ("artifact", "variant", "shard"),
    [
        ("test-results", "ci/default", ""),
        ("junit.xml", "ci/default", ""),
        ("junit-linux-py3.12", "ci/linux-py3.12", ""),
        ("junit-linux-shard-2-of-4-attempt-1", "ci/linux", "2"),
        ("junit-linux-2of4", "ci/linux", "2"),
        ("reports_part3_windows", "ci/windows", "3"),
        ("test-results-2", "ci/default", "2"),
        ("test-results (ubuntu-latest, 3.12)", "ci/ubuntu-latest-3.12", ""),
        ("junit-node-18", "ci/node-18", ""),
        ("junit-group-a", "ci/group-a", ""),
        ("unit-test-results", "ci/unit", ""),
        ("junit-linux-7123456789", "ci/linux", ""),
        ("junit-linux-retry-3", "ci/linux", ""),
        ("junit-8d0c1f6a2b3c4d5e6f708192a3b4c5d6e7f80910", "ci/default", ""),
    ],
)
def test_an_artifact_name_says_the_variant_and_the_shard(artifact: str, variant: str, shard: str) -> None:
    assert artifact_name.split(artifact, CI) == (variant, shard)


def test_versions_of_a_platform_never_become_one_variant() -> None:
    assert artifact_name.split("junit-node-18", CI)[0] != artifact_name.split("junit-node-20", CI)[0]


def test_two_workflows_never_share_a_variant() -> None:
    assert artifact_name.split("junit", CI)[0] != artifact_name.split("junit", ".github/workflows/nightly.yaml")[0]


def test_the_branch_of_a_workflow_path_does_not_matter() -> None:
    assert artifact_name.split("junit", f"{CI}@refs/heads/main") == artifact_name.split("junit", CI)


@pytest.mark.parametrize("name", ["junit", "Test-Results", "pytest-report", "surefire", "playwright-report", "e2e"])
def test_names_of_reports_look_like_reports(name: str) -> None:
    assert artifact_name.looks_like_report(name)


@pytest.mark.parametrize("name", ["build-latest", "attestation", "wheels", "inspector", "dist"])
def test_other_names_do_not(name: str) -> None:
    assert not artifact_name.looks_like_report(name)


def test_only_some_names_promise_a_report() -> None:
    assert artifact_name.promises_report("junit-linux")
    assert artifact_name.promises_report("test-results")
    assert not artifact_name.promises_report("coverage-report")
    assert not artifact_name.promises_report("playwright-report")


def test_the_policy_may_say_what_the_name_of_an_artifact_means() -> None:
    rules = policy.decode({"artifacts": ["out_{shard}_{os}"]})
    assert artifact_name.split("out_7_windows", CI, rules) == ("ci/windows", "7")
    assert artifact_name.split("junit-linux", CI, rules) == ("ci/linux", "")
    assert artifact_name.looks_like_report("out_7_windows", rules)
    assert not artifact_name.looks_like_report("out_7_windows")
