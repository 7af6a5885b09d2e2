"""`flakeguard rebuild`, as an operator calls it."""

from __future__ import annotations

import pytest

from bot.store.database import Database
from tests.cli.command import flakeguard
from tests.store.run_recorder import RunRecorder


@pytest.fixture(autouse=True)
def recorder(db: Database) -> RunRecorder:
    made = RunRecorder(db)
    for number in range(3):
        made.run({"cart.test_total": "F." if number == 1 else "."})
    return made


def test_it_scores_repositories_anew_and_says_how_many_runs_they_had(database_url: str) -> None:
    ran = flakeguard("rebuild", "acme/shop-77", DATABASE_URL=database_url)
    assert (ran.returncode, ran.stdout) == (0, "acme/shop-77: 3 runs scored again.\n")
    everything = flakeguard("rebuild", "--all", DATABASE_URL=database_url)
    assert everything.stdout == "acme/shop-77: 3 runs scored again.\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("acme/nothing",), "does not know acme/nothing"),
        ((), "Name the repositories"),
        (("--all", "acme/shop-77"), "Name the repositories"),
    ],
)
def test_what_it_cannot_do_is_one_sentence(database_url: str, arguments: tuple[str, ...], says: str) -> None:
    ran = flakeguard("rebuild", *arguments, DATABASE_URL=database_url)
    assert ran.returncode == 2
    assert says in ran.stderr
    assert "Traceback" not in ran.stderr
