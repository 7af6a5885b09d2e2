"""The runners of a variant: distinguished where there are several, and not where they say nothing."""

from __future__ import annotations

import numpy as np

from bot.analysis.identity import outage_group


def test_runners_are_numbered_in_the_order_of_their_names() -> None:
    found = outage_group.number_runners(["shard 2", "shard 1", "shard 2"])
    assert found is not None
    assert (found.numbers.tolist(), found.names) == ([1, 0, 1], ("shard 1", "shard 2"))


def test_one_runner_or_a_host_for_every_case_tells_nothing_apart() -> None:
    assert outage_group.number_runners([]) is None
    assert outage_group.number_runners(["shard 1"] * 3) is None
    assert outage_group.number_runners([str(number) for number in range(outage_group.MAX_RUNNERS)]) is not None
    assert outage_group.number_runners([str(number) for number in range(outage_group.MAX_RUNNERS + 1)]) is None


def test_the_cases_that_ran_are_numbered_by_the_runners_that_ran_them() -> None:
    found = outage_group.number_runners(["shard 1", "shard 2", "shard 3", "shard 3"])
    assert found is not None
    part = found.among(np.array([False, True, True, True]))
    assert part is not None
    assert (part.numbers.tolist(), part.names) == ([0, 1, 1], ("shard 2", "shard 3"))
    assert found.among(np.array([False, False, True, True])) is None
