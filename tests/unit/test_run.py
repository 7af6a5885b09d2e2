from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit import made_history


@pytest.mark.parametrize(
    ("conclusion", "failed"),
    [
        ("failure", True),
        ("timed_out", True),
        ("startup_failure", True),
        ("success", False),
        ("cancelled", False),
        ("skipped", False),
        (None, False),
    ],
)
def test_a_run_failed_by_its_conclusion(conclusion: str | None, failed: bool) -> None:
    assert replace(made_history.run(1), conclusion=conclusion).failed is failed


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("pull_request", "pull_request"),
        ("pull_request_target", "pull_request"),
        ("push", "push"),
        ("schedule", "push"),
        ("merge_group", "push"),
    ],
)
def test_the_event_says_which_code_of_the_commit_ran(event: str, kind: str) -> None:
    assert replace(made_history.run(1), event=event).event_kind == kind
