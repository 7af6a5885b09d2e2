"""Figures as people read them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.analysis.case_state import VariantScore
from bot.analysis.model import CaseId, Status
from bot.slack.views import phrase

SCORE = VariantScore(
    case_id=CaseId(1), variant="ci/linux", ranking=3.0,
    status=Status.FLAKY, p_flaky=0.97, p_broken=0.0, rate=0.13, interval=(0.1, 0.2), runs=52,
    failures=7, mixed_commits=3,
)  # fmt: skip


@pytest.mark.parametrize(
    ("score", "says"),
    [
        (SCORE, "13 % (7 of 52 runs)"),
        (replace(SCORE, failures=0), "0 of 52 runs"),
        # It began to fail a short time ago.
        (replace(SCORE, rate=0.42, interval=(0.2, 0.7), runs=93, failures=3), "42 % lately (3 of 93 runs in all)"),
        # It was broken for most of the time in which it failed.
        (
            replace(SCORE, rate=0.005, interval=(0.001, 0.02), runs=93, failures=40),
            "0.5 % for no reason (40 of 93 runs in all)",
        ),
    ],
)
def test_a_rate_far_from_the_share_of_failed_runs_says_why(score: VariantScore, says: str) -> None:
    assert phrase.rate(score) == says
