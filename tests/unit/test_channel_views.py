"""The views of channels: digests, storms, subscriptions, reminders, authors. Golden files, limits, hostile names."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from bot.analysis.case_profile import ListedCase
from bot.analysis.channel_schedule import WORKDAYS, DigestTime, Hours, QuietHours
from bot.analysis.commit_state import CommitState, FailureClass
from bot.analysis.digest import ChangedCase, ChangeKind, Day, Digest, OwnerQuarantines, StaleProposal
from bot.analysis.impact import Cost
from bot.analysis.learning.error_ledger import ErrorLedger, MaskedRegression, StatusErrors
from bot.analysis.model import CaseId, Channel, QuarantineId, RepositoryId, Status, WorkspaceId
from bot.analysis.quarantine.policy import DEFAULT
from bot.analysis.subscription import Event, Filters, NamedSubscription, Subscription
from bot.slack.block_kit import Message, View
from bot.slack.views import author, channel_form, digest, escalation, policy, storm, table
from bot.slack.views import settings as settings_window
from bot.slack.views import subscription as subscriptions
from bot.slack.views.table import Level
from tests import blockkit_lint
from tests.unit.rendered import NAMES, plain
from tests.unit.slack_examples import ACTIVE, FLAKY, NOW, PROPOSED, case_failure

GOLDEN = Path(__file__).parent / "golden" / "channels"
HOURS = Hours(
    zone=ZoneInfo("Europe/Berlin"),
    digest=DigestTime(time(9), WORKDAYS),
    digest_since=NOW,
    quiet=QuietHours(time(20), time(8), frozenset({5, 6})),
)
BERLIN = ZoneInfo("Europe/Berlin")
ENDING = replace(ACTIVE, expires_at=NOW + timedelta(days=3))
POLICIES = [policy.in_force(name, DEFAULT) for name in ("acme/shop", "acme/web", "acme/api")]
ROWS = tuple(
    ChangedCase(
        change=change,
        title=f"tests/test_{name}.py::test_{name}",
        repository="acme/shop",
        rate=rate,
        failures=failures,
        runs=runs,
        owners=owners,
    )
    for change, name, rate, failures, runs, owners in (
        (ChangeKind.BROKEN, "sync", 0.91, 9, 10, ()),
        (ChangeKind.FLAKY, "cart", 0.134, 7, 52, ("@acme/payments",)),
        (ChangeKind.FIXED, "login", 0.01, 3, 80, ("U0ANA",)),
    )
)
LEDGER = ErrorLedger(
    since=NOW - timedelta(days=30),
    until=NOW,
    statuses=(StatusErrors(Status.FLAKY, 17, 1, 0),),
    masked=(
        MaskedRegression(
            quarantine_id=QuarantineId(1),
            case_id=CaseId(42),
            title="tests/test_cart.py::test_total",
            first_failure_at=NOW - timedelta(days=3),
            detected_at=NOW - timedelta(hours=2),
        ),
    ),
)
FULL = Digest(
    day=date(2026, 11, 23),
    since=NOW - timedelta(days=3),
    until=NOW,
    repositories=("acme/shop",),
    days=tuple(Day(date(2026, 11, 10) + timedelta(days=n), n % 5, (n * 7) % 11) for n in range(14)),
    rows=ROWS,
    owned=(OwnerQuarantines(("@acme/payments",), 9, 1), OwnerQuarantines((), 5, 0)),
    proposals=3,
    cost=Cost(ci_minutes=212, waiting_minutes=340, blocked_pull_requests=6, saved_minutes=95, saved_pull_requests=4),
    ledgers=(LEDGER,),
    stale=(StaleProposal("tests/test_stock.py::test_stock", "acme/shop", NOW - timedelta(days=4), ()),),
    cadence="Monday to Friday at 09:00, Europe/Berlin",
    is_weekly=False,
)
QUIET = replace(FULL, rows=(), owned=(), proposals=0, cost=Cost(), ledgers=(), stale=(), days=FULL.days[:1] * 14)
STORM = storm.StormState(
    id=3,
    repository_id=RepositoryId(4711),
    repository="acme/shop",
    total=200,
    rows=tuple(
        storm.StormRow(title=f"tests/test_{n}.py::test_{n}", rate=0.5 - n / 200, failures=9, runs=20) for n in range(50)
    ),
    started_at=NOW - timedelta(minutes=4),
    last_at=NOW,
)
SUBSCRIPTION = Subscription(
    id=9,
    channel=Channel(WorkspaceId(1), "C0CIFLAKES"),
    repository_id=RepositoryId(4711),
    filters=Filters(
        events=frozenset({Event.FLAKY, Event.DIGEST}),
        branch="main",
        minimum=0.05,
        owner="@acme/payments",
        path="tests/api/**",
    ),
)
COMMIT = CommitState(
    head_sha="abc1234def",
    failures=(
        case_failure(FailureClass.FLAKY, title="tests/test_cart.py::test_cart", variant="linux"),
        replace(
            case_failure(FailureClass.QUARANTINED, title="tests/test_login.py::test_login", variant="linux"),
            failures=3,
            runs=80,
        ),
    ),
    problems=(),
    runs=1,
    cases=80,
    finished=True,
    complete=True,
)
AUTHOR = author.AuthorMessage(
    notice_id=12,
    repository_id=RepositoryId(4711),
    repository="acme/shop",
    run_url="https://github.example/run/7",
    state=COMMIT,
)

VIEWS: dict[str, Callable[[], Message | View]] = {
    **{f"digest_{level}": lambda level=level: digest.digest(FULL, level) for level in Level},  # type: ignore[misc]
    "digest_weekly_of_several": lambda: digest.digest(
        replace(FULL, repositories=("acme/shop", "acme/api"), is_weekly=True), Level.DATA
    ),
    "digest_calm": lambda: digest.digest(QUIET, Level.TEXT),
    **{f"storm_{level}": lambda level=level: storm.storm(STORM, level) for level in Level},  # type: ignore[misc]
    "storm_tests": lambda: storm.tests(200, [ListedCase(FLAKY), ListedCase(FLAKY, ACTIVE)]),
    "mention": lambda: escalation.mention(FLAKY, PROPOSED, ("U0ANA",), NOW - timedelta(days=1)),
    "mention_of_nobody": lambda: escalation.mention(FLAKY, None, (), NOW - timedelta(days=1)),
    "mention_of_teams": lambda: escalation.mention(
        FLAKY, None, ("S0PAYMENTS", "@acme/shop", "<!channel>", "@here"), NOW - timedelta(days=1)
    ),
    "direct": lambda: escalation.direct(FLAKY, PROPOSED, NOW - timedelta(days=3), "C0CIFLAKES"),
    "reminder": lambda: escalation.reminder(FLAKY, ENDING, ("U0ANA",), NOW, BERLIN),
    "reminder_today": lambda: escalation.reminder(FLAKY, ENDING, ("U0ANA",), NOW + timedelta(days=3), BERLIN),
    "author": lambda: author.not_you(AUTHOR),
    "author_done": lambda: author.not_you(replace(AUTHOR, is_claimed=True, rerun_at=NOW)),
    "author_not_any_more": lambda: author.not_you(replace(AUTHOR, state=replace(COMMIT, complete=False))),
    "author_green": lambda: author.not_you(replace(AUTHOR, state=replace(COMMIT, failures=()))),
    "author_silenced": lambda: author.silenced(12, RepositoryId(4711)),
    "author_resumed": author.resumed,
    "subscribed": lambda: subscriptions.subscribed("acme/shop", SUBSCRIPTION.filters, HOURS),
    "unsubscribed": lambda: subscriptions.unsubscribed("acme/shop"),
    "subscriptions": lambda: subscriptions.listing(
        [NamedSubscription(SUBSCRIPTION, "acme/shop")], HOURS, "it was archived"
    ),
    "subscriptions_none": lambda: subscriptions.listing([], Hours(), None),
    "hours": lambda: subscriptions.hours_set(HOURS),
    "nothing_to_tell": subscriptions.nothing_to_tell,
    "form_subscribe": lambda: channel_form.subscribe_form({RepositoryId(4711): "acme/shop"}, "C0CIFLAKES"),
    "form_subscribe_change": lambda: channel_form.subscribe_form({RepositoryId(4711): "acme/shop"}, "", SUBSCRIPTION),
    "form_hours": lambda: channel_form.hours_form("C0CIFLAKES", HOURS),
    "form_hours_none": lambda: channel_form.hours_form("C0CIFLAKES", Hours()),
    "form_settings": lambda: settings_window.form(POLICIES, notified=True, channel="C0CIFLAKES", hours=HOURS),
    "form_settings_home": lambda: settings_window.form(POLICIES, notified=False, channel="", hours=Hours()),
}  # fmt: skip


def problems(rendered: Message | View) -> list[str]:
    if isinstance(rendered, View):
        return blockkit_lint.view_problems(rendered)
    return blockkit_lint.message_problems(rendered)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_looks_as_its_golden_file(name: str) -> None:
    text = json.dumps(plain(VIEWS[name]()), indent=1, ensure_ascii=False) + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("FLAKEGUARD_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, "run `make golden` if the change is meant, and read the diff"


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_keeps_slacks_limits(name: str) -> None:
    assert problems(VIEWS[name]()) == []


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(VIEWS)


def test_a_digest_says_its_numbers_to_a_screen_reader() -> None:
    assert digest.digest(FULL).text == (
        "acme/shop: 1 newly flaky, 1 newly broken, 1 fixed, 14 quarantined (1 ends within 3 days), 3 proposals wait, "
        "6 pull requests blocked, 4 hours of CI lost. First: tests/test_sync.py::test_sync, failing 91 %."
    )


def test_a_digest_in_which_nothing_happened_is_empty_and_one_masked_regression_is_not() -> None:
    assert QUIET.is_empty
    assert not replace(QUIET, ledgers=(LEDGER,)).is_empty
    assert replace(QUIET, ledgers=(replace(LEDGER, masked=()),)).is_empty
    assert not replace(QUIET, proposals=1).is_empty


@pytest.mark.parametrize(
    ("now", "soon"),
    [
        ("2026-12-04 22:00", "in 3 days, on 7 December"),
        ("2026-12-05 23:30", "in 2 days, on 7 December"),
        ("2026-12-06 08:00", "tomorrow, on 7 December"),
        ("2026-12-07 00:05", "today, on 7 December"),
    ],
)
def test_a_reminder_counts_the_days_by_the_calendar_of_the_channel(now: str, soon: str) -> None:
    ending = replace(ACTIVE, expires_at=datetime(2026, 12, 6, 23, 10, tzinfo=UTC))
    told = escalation.reminder(FLAKY, ending, (), datetime.fromisoformat(now).replace(tzinfo=BERLIN), BERLIN)
    assert f"ends {soon};" in told.text


def test_only_ids_of_slack_are_mentioned_and_nobody_mentions_a_whole_channel() -> None:
    hostile = ("<!channel>", "@channel", "@Here", "<!subteam^S0PAY>", "<@U0BEN>", "@U0BEN", "SHOPPERS", "x|<!here>@x.y")
    told = str(escalation.mention(FLAKY, None, ("U0ANA", "S0PAY", *hostile), NOW).blocks)
    assert "<@U0ANA>, <!subteam^S0PAY>, " in told
    told = str([escalation.mention(FLAKY, None, (one,), NOW).blocks for one in hostile])
    assert "<@" not in told
    assert "<!" not in told.replace("<!date", "")
    assert "@channel" not in told.lower()
    assert "@here" not in told.lower()


def test_a_digest_offers_what_waits_only() -> None:
    assert "fg_menu_proposed" in str(digest.digest(FULL).blocks)
    assert "fg_menu_proposed" not in str(digest.digest(QUIET).blocks)


@settings(max_examples=30, deadline=None)
@given(name=NAMES, other=NAMES)
def test_hostile_names_are_inert_and_within_the_limits(name: str, other: str) -> None:
    rows = tuple(replace(row, title=name, repository=other, owners=(name,)) for row in ROWS) * 40
    ledger = replace(LEDGER, masked=(replace(LEDGER.masked[0], title=name),) * 9)
    told = replace(
        FULL, rows=rows, repositories=(name, other),
        owned=(OwnerQuarantines((name, other) * 9, 3, 1), OwnerQuarantines((other,), 2, 0)) * 9,
        ledgers=(ledger,), stale=(replace(FULL.stale[0], title=name, repository=other, owners=(name,)),) * 9,
    )  # fmt: skip
    state = replace(
        STORM, repository=name, rows=tuple(replace(row, title=name) for row in STORM.rows) * 3, total=10_000
    )
    profile = replace(FLAKY, title=name, repository=other)
    held = replace(ACTIVE, owner=name, reason=other)
    filters = replace(SUBSCRIPTION.filters, branch=name, owner=other, path=name)
    subscription = replace(SUBSCRIPTION, filters=filters)
    failure = case_failure(FailureClass.FLAKY, title=name, variant=other)
    rendered: list[Message | View] = [
        *(digest.digest(told, level) for level in Level),
        *(storm.storm(state, level) for level in Level),
        escalation.mention(profile, held, (name, other) * 9, NOW),
        escalation.direct(profile, held, NOW, "C1"),
        escalation.reminder(profile, held, (name,), NOW, BERLIN),
        author.not_you(
            replace(
                AUTHOR,
                repository=name,
                run_url=name,
                state=replace(COMMIT, head_sha=other, failures=(failure,) * 30),
            )
        ),
        subscriptions.subscribed(name, filters, HOURS),
        subscriptions.unsubscribed(name),
        subscriptions.listing([NamedSubscription(subscription, name)] * 40, HOURS, other),
        channel_form.subscribe_form({RepositoryId(4711): name or "?"}, other, subscription),
    ]
    assert [problem for one in rendered for problem in problems(one)] == []


def test_every_level_below_the_richest_is_plainer() -> None:
    assert (Level.DATA.below, Level.TABLE.below, Level.TEXT.below) == (Level.TABLE, Level.TEXT, None)
    kinds = {level: {block["type"] for block in digest.digest(FULL, level).blocks} for level in Level}
    assert {"data_table", "data_visualization"} <= kinds[Level.DATA]
    assert "table" in kinds[Level.TABLE]
    assert not kinds[Level.TABLE] & {"data_table", "data_visualization"}
    assert kinds[Level.TEXT] == {"header", "section", "context", "actions"}


def test_a_table_without_rows_is_left_out() -> None:
    assert table.table(table.Table(caption="x", head=("a",), rows=[]), Level.DATA) == []


def test_a_day_is_a_day_of_the_golden_clock() -> None:
    assert datetime(2026, 11, 23, 14, 13, tzinfo=UTC) == NOW
