"""Two hundred new flakes in one run, from a real report by a signed webhook: one storm card, and nothing beside it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection

from bot.analysis.model import Status
from bot.store.scores import score as score_store
from tests.scenario.notices import count_waiting
from tests.scenario.running_app import CHANNEL, RunningApp, wait

FILES, EACH = 200, 60
"""So many that 200 failures in one run are flakes and no outage."""
CASES = [(f"tests/test_{file}.py", f"test_{file}_{number}") for file in range(FILES) for number in range(EACH)]
FLAKY = frozenset(name for _, name in CASES if name.endswith("_0"))


def report(flaky: Collection[str] = ()) -> bytes:
    """A zip with a JUnit report of twelve thousand tests, of which some failed twice and passed at the third try."""
    lines = []
    for file, name in CASES:
        case = f"<testcase file='{file}' classname='{file[:-3].replace('/', '.')}' name='{name}' time='0.01'"
        if name in flaky:
            failed = f"{case}><failure message='AssertionError: assert 1 == 2'>{file}:8: in {name}</failure></testcase>"
            lines += [failed, failed]
        lines.append(f"{case}/>")
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "report.xml", f"<testsuites><testsuite name='pytest'>{''.join(lines)}</testsuite></testsuites>"
        )
    return into.getvalue()


def test_two_hundred_new_flakes_in_one_run_are_one_storm_card(new_app: RunningApp) -> None:
    for number in range(12):
        new_app.run(f"healthy {number}", data=report())
    suspected = new_app.run("suspected", data=report(FLAKY))
    assert wait(lambda: (check := new_app.check(suspected)) and check.conclusion, 120), "not judged"
    assert count_flaky(new_app) == 0
    run = new_app.run("flaky", data=report(FLAKY))
    assert wait(lambda: (check := new_app.check(run)) and check.conclusion, 120), "not judged"
    assert count_flaky(new_app) == 200
    assert wait(lambda: new_app.slack.messages(CHANNEL), 30), "nothing is said"
    assert wait(lambda: not count_waiting(new_app.db), 30), "something is not said"
    (card,) = new_app.slack.messages(CHANNEL)
    assert card.text.startswith("Flake storm in acme/shop: 200 tests turned flaky at once")
    assert not new_app.cards()
    posts = [call for call in new_app.slack.calls if call.method == "chat.postMessage"]
    assert len(posts) == 1, "somebody was told beside it"


def count_flaky(app: RunningApp) -> int:
    with app.db.begin() as session:
        return list(score_store.list_statuses(session, app.repository_id).values()).count(Status.FLAKY)
