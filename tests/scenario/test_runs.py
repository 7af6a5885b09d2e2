"""What a run shows beside its results: that it is not whole, and that a test goes on under another name."""

from __future__ import annotations

import io
import zipfile

from bot.analysis.audit import AuditAction
from bot.analysis.model import CaseId
from bot.store.cases import case as case_store
from bot.store.decisions import audit as audit_store
from tests.presence import present
from tests.scenario.running_app import RunningApp, wait


def report(folder: str, tests: int) -> bytes:
    """A zip with the JUnit report of some passing tests of one file."""
    where = f"file='{folder}/test_cart.py' classname='{folder.replace('/', '.')}.test_cart'"
    inside = "".join(f"<testcase {where} name='test_{number}'/>" for number in range(tests))
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr("report.xml", f"<testsuite name='pytest'>{inside}</testsuite>")
    return into.getvalue()


def test_a_run_with_far_fewer_tests_than_those_before_is_neutral_and_says_how_many(new_app: RunningApp) -> None:
    whole = [new_app.run(f"whole {number}", data=report("tests", 40)) for number in range(3)]
    assert wait(lambda: all((check := new_app.check(run)) and check.conclusion == "success" for run in whole))
    run = new_app.run("cut", data=report("tests", 6))
    assert wait(lambda: (check := new_app.check(run)) and check.conclusion == "neutral"), new_app.check(run)
    assert present(new_app.check(run)).title.startswith("Incomplete: 6 cases, the last runs had 40")


def test_a_file_of_tests_that_moves_keeps_its_cases_and_the_trail_says_so(new_app: RunningApp) -> None:
    first = new_app.run("before", data=report("tests", 5))
    assert wait(lambda: (check := new_app.check(first)) and check.conclusion == "success")
    run = new_app.run("after", data=report("tests/unit", 5))
    assert wait(lambda: (check := new_app.check(run)) and check.conclusion == "success"), new_app.check(run)
    repository_id = new_app.repository_id
    with new_app.db.begin() as session:
        case_ids, titles = case_store.list_titles(session, repository_id)
        moved = CaseId(case_ids[titles.index("tests/unit/test_cart.py::test_0")])
        trail = audit_store.list_case(session, repository_id, moved)
    assert sorted(titles) == [f"tests/unit/test_cart.py::test_{number}" for number in range(5)]
    assert [(event.action, event.reason) for event in trail] == [
        (AuditAction.RENAME, "tests/test_cart.py::test_0 is tests/unit/test_cart.py::test_0 now.")
    ]
