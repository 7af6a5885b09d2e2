"""What the author of a commit is told in person, and what the buttons do. By signed HTTP."""

from __future__ import annotations

from bot.analysis.learning.label import LabelVerdict
from bot.sandbox.github.model import WorkflowRun
from bot.sandbox.slack.model import Message
from bot.store.decisions import check_run as check_run_store
from bot.store.scores import label as label_store
from tests.presence import present
from tests.scenario.stage import ANA, BEN, Stage, wait


def messages_to(stage: Stage, user: str = ANA) -> list[Message]:
    return [one for one in stage.slack.messages(stage.slack.direct_channel(user).id) if "ot you" in one.text]


def red(stage: Stage) -> tuple[WorkflowRun, Message]:
    """A commit on which only a known flake fails, and what its author was told of it."""
    stage.turn_flaky()
    assert wait(stage.cards, 30), "no card"
    run = stage.run("red by a flake", ("test_total",))
    assert wait(lambda: messages_to(stage), 30), "the author was not told"
    return run, messages_to(stage)[-1]


def test_an_author_whose_failures_are_all_known_is_told_once_and_that_it_is_not_true_any_more(stage: Stage) -> None:
    run, message = red(stage)
    assert message.text.startswith(f"Not you: the 1 failure is known on {run.head_sha[:7]} in acme/shop; 1 flaky")
    before = len(messages_to(stage))
    stage.run("red by a flake", ("test_total", "test_login"), again=run)
    direct = stage.slack.direct_channel(ANA).id
    assert wait(lambda: "Not only flakes" in present(stage.slack.message(direct, message.ts)).text, 30), (
        "it was left untrue"
    )
    assert len(messages_to(stage)) <= before
    assert not messages_to(stage, BEN), "somebody else was told"


def test_a_real_failure_is_told_to_nobody_in_person(stage: Stage) -> None:
    stage.turn_flaky()
    assert wait(stage.cards, 30), "no card"
    run = stage.run("a real bug", ("test_total", "test_login"))
    assert wait(lambda: (check := stage.check(run)) and check.conclusion == "failure", 30)
    last = stage.run("green")
    assert wait(lambda: (check := stage.check(last)) and check.conclusion == "success", 30)
    assert not [one for one in messages_to(stage) if run.head_sha[:7] in one.text]


def test_rerun_failed_runs_the_failed_jobs_once_with_the_brake(stage: Stage) -> None:
    run, message = red(stage)
    asked: list[int] = []
    stage.github.on_rerun = lambda run_id, failed_only: asked.append(run_id if failed_only else -1)
    direct = stage.slack.direct_channel(ANA).id
    stage.slack.click(ANA, direct, message.ts, "fg_author_rerun")
    assert wait(lambda: asked == [run.id]), asked
    assert wait(lambda: "fg_author_rerun" not in str(present(stage.slack.message(direct, message.ts)).blocks)), (
        "button stays"
    )
    with stage.db.begin() as session:
        assert check_run_store.count_reruns(session, stage.repository_id, run.id) == 1


def test_it_is_me_is_a_label_at_the_commit_and_counts_at_once(stage: Stage) -> None:
    run, message = red(stage)
    direct = stage.slack.direct_channel(ANA).id
    for _ in range(2):
        stage.slack.click(ANA, direct, message.ts, "fg_author_mine")
    assert wait(lambda: "You said that it is you" in str(present(stage.slack.message(direct, message.ts)).blocks)), (
        "not shown"
    )
    with stage.db.begin() as session:
        (label,) = label_store.list_newest(session, stage.repository_id, 10)
    assert (label.verdict, label.head_sha) == (LabelVerdict.MINE, run.head_sha)


def test_who_wants_no_such_messages_gets_none_until_they_want_them_again(stage: Stage) -> None:
    _, message = red(stage)
    direct = stage.slack.direct_channel(ANA).id
    stage.slack.click(ANA, direct, message.ts, "fg_author_silence")
    assert wait(lambda: any("no more messages" in one.text for one in stage.slack.ephemerals(ANA)))
    before = len(messages_to(stage))
    run = stage.run("red again", ("test_total",))
    last = stage.run("green")
    assert wait(lambda: stage.check(last) and present(stage.check(run)).conclusion, 30)
    assert len(messages_to(stage)) == before
    off = next(one for one in stage.slack.ephemerals(ANA) if "no more messages" in one.text)
    stage.slack.click(ANA, direct, off.ts, "fg_author_resume")
    assert wait(lambda: any("message again" in one.text for one in stage.slack.ephemerals(ANA)))
    stage.run("red once more", ("test_total",))
    assert wait(lambda: len(messages_to(stage)) > before, 30), "they were not told again"
