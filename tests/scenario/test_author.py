"""What the author of a commit is told in person, and what the buttons do. By signed HTTP."""

from __future__ import annotations

from bot.analysis.learning.label import LabelVerdict
from bot.sandbox.github.model import WorkflowRun
from bot.sandbox.slack.model import Message
from bot.store.decisions import check_run as check_run_store
from bot.store.scores import label as label_store
from tests.presence import present
from tests.scenario.running_app import ANA, BEN, RunningApp, wait


def messages_to(app: RunningApp, user: str = ANA) -> list[Message]:
    return [one for one in app.slack.messages(app.slack.direct_channel(user).id) if "ot you" in one.text]


def red(app: RunningApp) -> tuple[WorkflowRun, Message]:
    """A commit on which only a known flake fails, and what its author was told of it."""
    app.turn_flaky()
    assert wait(app.cards, 30), "no card"
    run = app.run("red by a flake", ("test_total",))
    assert wait(lambda: messages_to(app), 30), "the author was not told"
    return run, messages_to(app)[-1]


def test_an_author_whose_failures_are_all_known_is_told_once_and_that_it_is_not_true_any_more(app: RunningApp) -> None:
    run, message = red(app)
    assert message.text.startswith(f"Not you: the 1 failure is known on {run.head_sha[:7]} in acme/shop; 1 flaky")
    before = len(messages_to(app))
    app.run("red by a flake", ("test_total", "test_login"), again=run)
    direct = app.slack.direct_channel(ANA).id
    assert wait(lambda: "Not only flakes" in present(app.slack.message(direct, message.ts)).text, 30), (
        "it was left untrue"
    )
    assert len(messages_to(app)) <= before
    assert not messages_to(app, BEN), "somebody else was told"


def test_a_real_failure_is_told_to_nobody_in_person(app: RunningApp) -> None:
    app.turn_flaky()
    assert wait(app.cards, 30), "no card"
    run = app.run("a real bug", ("test_total", "test_login"))
    assert wait(lambda: (check := app.check(run)) and check.conclusion == "failure", 30)
    last = app.run("green")
    assert wait(lambda: (check := app.check(last)) and check.conclusion == "success", 30)
    assert not [one for one in messages_to(app) if run.head_sha[:7] in one.text]


def test_rerun_failed_runs_the_failed_jobs_once_with_the_brake(app: RunningApp) -> None:
    run, message = red(app)
    asked: list[int] = []
    app.github.on_rerun = lambda run_id, failed_only: asked.append(run_id if failed_only else -1)
    direct = app.slack.direct_channel(ANA).id
    app.slack.click(ANA, direct, message.ts, "fg_author_rerun")
    assert wait(lambda: asked == [run.id]), asked
    assert wait(lambda: "fg_author_rerun" not in str(present(app.slack.message(direct, message.ts)).blocks)), (
        "button stays"
    )
    with app.db.begin() as session:
        assert check_run_store.count_reruns(session, app.repository_id, run.id) == 1


def test_it_is_me_is_a_label_at_the_commit_and_counts_at_once(app: RunningApp) -> None:
    run, message = red(app)
    direct = app.slack.direct_channel(ANA).id
    for _ in range(2):
        app.slack.click(ANA, direct, message.ts, "fg_author_mine")
    assert wait(lambda: "You said that it is you" in str(present(app.slack.message(direct, message.ts)).blocks)), (
        "not shown"
    )
    with app.db.begin() as session:
        (label,) = label_store.list_newest(session, app.repository_id, 10)
    assert (label.verdict, label.head_sha) == (LabelVerdict.MINE, run.head_sha)


def test_who_wants_no_such_messages_gets_none_until_they_want_them_again(app: RunningApp) -> None:
    _, message = red(app)
    direct = app.slack.direct_channel(ANA).id
    app.slack.click(ANA, direct, message.ts, "fg_author_silence")
    assert wait(lambda: any("no more messages" in one.text for one in app.slack.ephemerals(ANA)))
    before = len(messages_to(app))
    run = app.run("red again", ("test_total",))
    last = app.run("green")
    assert wait(lambda: app.check(last) and present(app.check(run)).conclusion, 30)
    assert len(messages_to(app)) == before
    off = next(one for one in app.slack.ephemerals(ANA) if "no more messages" in one.text)
    app.slack.click(ANA, direct, off.ts, "fg_author_resume")
    assert wait(lambda: any("message again" in one.text for one in app.slack.ephemerals(ANA)))
    app.run("red once more", ("test_total",))
    assert wait(lambda: len(messages_to(app)) > before, 30), "they were not told again"
