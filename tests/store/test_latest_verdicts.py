"""The latest verdicts of a case: one per commit, the worst of its variants."""

from __future__ import annotations

from bot.analysis.model import Verdict
from bot.queries import case
from bot.store.database import Database
from tests.store.run_recorder import RunRecorder


def strip(recorder: RunRecorder, name: str) -> tuple[Verdict, ...]:
    case_id = recorder.case_id(name)
    with recorder.db.begin() as session:
        return case.recent(session, case.of_case(session, case_id, recorder.now))


def test_a_commit_that_passes_on_one_variant_and_fails_on_another_did_not_do_both(db: Database) -> None:
    recorder = RunRecorder(db)
    for linux, mac in ((".", "."), ("F", "."), ("F.", "."), ("F", "F."), ("s", "."), ("s", "s")):
        recorder.variants({"linux": {"cart.test_0": linux}, "mac": {"cart.test_0": mac}})
    assert strip(recorder, "cart.test_0") == (
        Verdict.PASSED,
        Verdict.FAILED,
        Verdict.FLAKY,
        Verdict.FAILED,
        Verdict.PASSED,
        Verdict.SKIPPED,
    )


def test_a_commit_that_is_run_again_did_both_where_one_variant_did(db: Database) -> None:
    recorder = RunRecorder(db)
    recorder.variants({"linux": {"cart.test_0": "F"}, "mac": {"cart.test_0": "."}})
    recorder.variants({"linux": {"cart.test_0": "."}, "mac": {"cart.test_0": "."}}, again=True, sha="a" * 40)
    assert strip(recorder, "cart.test_0") == (Verdict.FAILED, Verdict.PASSED)
    recorder.variants({"linux": {"cart.test_0": "F"}, "mac": {"cart.test_0": "."}}, again=True, sha="a" * 40)
    assert strip(recorder, "cart.test_0") == (Verdict.FAILED, Verdict.FLAKY)
