"""The latest verdicts of a case: one per commit, the worst of its variants."""

from __future__ import annotations

from bot.analysis.model import Verdict
from bot.queries import case
from bot.store.database import Database
from tests.store.past import Past


def strip(past: Past, name: str) -> tuple[Verdict, ...]:
    case_id = past.case_id(name)
    with past.db.begin() as session:
        return case.recent(session, case.of_case(session, case_id, past.now))


def test_a_commit_that_passes_on_one_variant_and_fails_on_another_did_not_do_both(db: Database) -> None:
    past = Past(db)
    for linux, mac in ((".", "."), ("F", "."), ("F.", "."), ("F", "F."), ("s", "."), ("s", "s")):
        past.variants({"linux": {"cart.test_0": linux}, "mac": {"cart.test_0": mac}})
    assert strip(past, "cart.test_0") == (
        Verdict.PASSED,
        Verdict.FAILED,
        Verdict.FLAKY,
        Verdict.FAILED,
        Verdict.PASSED,
        Verdict.SKIPPED,
    )


def test_a_commit_that_is_run_again_did_both_where_one_variant_did(db: Database) -> None:
    past = Past(db)
    past.variants({"linux": {"cart.test_0": "F"}, "mac": {"cart.test_0": "."}})
    past.variants({"linux": {"cart.test_0": "."}, "mac": {"cart.test_0": "."}}, again=True, sha="a" * 40)
    assert strip(past, "cart.test_0") == (Verdict.FAILED, Verdict.PASSED)
    past.variants({"linux": {"cart.test_0": "F"}, "mac": {"cart.test_0": "."}}, again=True, sha="a" * 40)
    assert strip(past, "cart.test_0") == (Verdict.FAILED, Verdict.FLAKY)
