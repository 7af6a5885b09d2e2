"""What channels receive: subscriptions and their filters, the digest, quiet hours, a storm. By signed HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial

from bot.analysis.case_state import StatusChange
from bot.analysis.model import CaseId, Status
from bot.analysis.notice import AuthorNotice, DigestNotice
from bot.analysis.subscription import Event
from bot.sandbox.slack.model import Message
from bot.services import notice
from bot.store.cases import case as case_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation import subscription as subscription_store
from bot.store.runs import run as run_store
from tests import stored_notices
from tests.presence import present
from tests.scenario.running_app import ANA, BEN, CHANNEL, TESTS, RunningApp, wait

OTHER = "C0GENERAL"


def say(app: RunningApp, line: str, channel: str = OTHER) -> Message:
    """Type a command; returns what only the person sees."""
    before = len(app.slack.ephemerals(ANA))
    assert app.slack.command(ANA, channel, f"/flakeguard {line}").status == 200
    assert wait(lambda: len(app.slack.ephemerals(ANA)) > before), line
    return app.slack.ephemerals(ANA)[-1]


def begin(app: RunningApp) -> None:
    """Send the bot the repository's first run."""
    first = app.run("first")
    assert wait(lambda: app.check(first)), "the bot did not receive the repository"


def actions(message: Message) -> str:
    return str(message.blocks)


def shows(app: RunningApp, title: str) -> bool:
    view = app.slack.open_view(ANA)
    return view is not None and title in str(view.content)


def test_a_subscribed_channel_gets_the_card_and_the_default_channel_does_not(app: RunningApp) -> None:
    begin(app)
    assert "is subscribed to acme/shop" in say(app, "subscribe acme/shop events:flaky,digest").text
    app.turn_flaky()
    assert wait(lambda: [one for one in app.slack.messages(OTHER) if "fc_" in str(one.blocks)], 30), "no card"
    assert not app.cards(), "the default channel heard of it too"


def test_filters_keep_out_what_a_channel_did_not_ask_for(app: RunningApp) -> None:
    begin(app)
    answer = say(app, "subscribe acme/shop path:tests/api/** min:1% owner:<!subteam^S0CIGUARDS|@ciguards>")
    assert "owned by <!subteam^S0CIGUARDS>" in str(answer.blocks)
    say(app, "subscribe acme/shop path:tests/*.py", CHANNEL)
    app.turn_flaky()
    assert wait(app.cards, 30), "no card"
    assert not [one for one in app.slack.messages(OTHER) if "fc_" in str(one.blocks)]


def test_subscriptions_are_listed_changed_in_a_form_and_ended(app: RunningApp) -> None:
    begin(app)
    say(app, "subscribe acme/shop")
    listed = say(app, "subscriptions")
    assert "is subscribed to 1 repository" in listed.text
    app.slack.click(ANA, OTHER, listed.ts, "fg_subscription_edit")
    assert wait(lambda: app.slack.open_view(ANA)), "no form"
    view = app.slack.open_view(ANA)
    repository = json.loads(json.dumps(present(view).blocks))[0]["element"]["options"][0]["value"]
    filled = {"repository": repository, "where": OTHER, "events": ["flaky"], "minimum": "five"}
    app.slack.submit(ANA, present(view).id, filled)
    assert "minimum" in present(app.slack.open_view(ANA)).errors
    app.slack.submit(ANA, present(view).id, {**filled, "minimum": "5%", "branch": "main"})
    assert wait(lambda: "is subscribed to acme/shop" in str(present(app.slack.open_view(ANA)).blocks)), (
        "the form was not taken"
    )
    with app.db.begin() as session:
        (subscribed,) = subscription_store.list_of_channel(session, app.channel(OTHER))
    filters = subscribed.filters
    assert (filters.events, filters.minimum, filters.branch) == (frozenset({Event.FLAKY}), 0.05, "main")
    app.slack.click(ANA, OTHER, listed.ts, "fg_unsubscribe")
    assert wait(lambda: any("no longer subscribed" in one.text for one in app.slack.ephemerals(ANA)))
    assert "is subscribed to 0 repositories" in say(app, "subscriptions").text
    assert "not subscribed" in say(app, "unsubscribe acme/shop").text


def test_a_wrong_word_is_answered_with_what_was_meant(app: RunningApp) -> None:
    begin(app)
    assert "Did you mean flaky?" in say(app, "subscribe acme/shop events:flakey").text
    assert "Did you mean digest weekly?" in say(app, "digest weakly").text
    assert "Europe/Berlin" in say(app, "digest daily 09:00 Europe/Berln").text
    assert "Leave a day" in say(app, "quiet mon-sun").text
    assert "acme/shop" in say(app, "subscribe acme/shup").text


def test_the_hours_of_a_channel_are_set_by_command_and_by_form(app: RunningApp) -> None:
    answer = say(app, "digest daily 9am mon-fri Europe/Berlin")
    assert "Monday to Friday at 09:00, Europe/Berlin" in answer.text
    assert "quiet 20:00 to 08:00 and on Saturday" in say(app, "quiet 20:00-08:00 sat").text.replace(", on", " and on")
    app.slack.command(ANA, OTHER, "/flakeguard digest")
    assert wait(lambda: app.slack.open_view(ANA)), "no form"
    view = app.slack.open_view(ANA)
    filled = {
        "cadence": "weekly", "weekday": "4", "time": "25:00", "zone": "Nowhere", "quiet": "22:00-07:00",
        "quiet_days": ["5", "6"],
    }  # fmt: skip
    app.slack.submit(ANA, present(view).id, filled)
    assert set(present(app.slack.open_view(ANA)).errors) == {"time", "zone"}
    app.slack.submit(ANA, present(view).id, filled | {"time": "16:30", "zone": "New York"})
    assert wait(lambda: "every Friday at 16:30" in str(present(app.slack.open_view(ANA)).blocks)), (
        "the form was not taken"
    )
    with app.db.begin() as session:
        hours = subscription_store.get_channel(session, app.channel(OTHER)).hours
    assert hours.zone.key == "America/New_York"
    assert present(hours.digest).days == {4}
    assert present(hours.quiet).days == {5, 6}
    assert "no digest" in say(app, "digest off").text


def test_a_channel_archived_unheard_of_is_paused_and_hears_the_rest_when_it_is_opened_again(app: RunningApp) -> None:
    begin(app)
    say(app, "subscribe acme/shop")
    app.slack.archive(OTHER)
    app.turn_flaky()
    direct = app.slack.direct_channel(ANA).id
    assert wait(lambda: any("posts nothing more" in one.text for one in app.slack.messages(direct)), 30), "untold"
    refused = [call for call in app.slack.calls if call.error == "is_archived"]
    last = app.run("last")
    assert wait(lambda: (check := app.check(last)) and check.conclusion, 30), "not judged"
    assert len(refused) == 1
    assert refused == [call for call in app.slack.calls if call.error == "is_archived"], "it was tried again"
    app.slack.archive(OTHER, undo=True)
    assert "Nothing is posted in this channel: it was archived" in say(app, "digest now").text
    assert app.slack.send_event("channel_unarchive", channel=OTHER, user=ANA).status == 200
    assert wait(lambda: [one for one in app.slack.messages(OTHER) if "fc_" in str(one.blocks)], 15), "no card"
    assert len([one for one in app.slack.messages(direct) if "posts nothing more" in one.text]) == 1


def test_an_empty_digest_is_not_sent_and_a_full_one_has_chart_table_and_buttons(new_app: RunningApp) -> None:
    begin(new_app)
    say(new_app, "subscribe acme/shop")
    assert "nothing to tell" in say(new_app, "digest now").text
    new_app.make_flaky()
    assert wait(lambda: new_app.slack.messages(OTHER), 30), "no card"
    new_app.slack.command(ANA, OTHER, "/flakeguard digest now")
    assert wait(lambda: digests(new_app), 15), "no digest"
    (digest,) = digests(new_app)
    assert digest.text.startswith("acme/shop: 1 newly flaky, 0 newly broken, 0 fixed")
    kinds = [block["type"] for block in digest.blocks]
    assert kinds[:4] == ["header", "section", "data_visualization", "data_table"]
    with new_app.db.begin() as session:
        assert len(stored_notices.list_of_kind(session, DigestNotice)) == 1


def test_a_workspace_that_refuses_new_blocks_gets_tables_and_then_text_and_that_is_remembered(app: RunningApp) -> None:
    begin(app)
    say(app, "subscribe acme/shop")
    app.turn_flaky()
    last = app.run("last")
    assert wait(lambda: (check := app.check(last)) and check.conclusion, 30), "not judged"
    assert wait(lambda: app.slack.messages(OTHER), 30), "no card"
    app.slack.fail_next(1, error="invalid_blocks", method="chat.postMessage")
    app.slack.command(ANA, OTHER, "/flakeguard digest now")
    assert wait(lambda: len(digests(app)) == 1), "no digest"
    assert "data_table" not in str(digests(app)[0].blocks)
    assert any(block["type"] == "table" for block in digests(app)[0].blocks)
    calls = len(app.slack.calls)
    app.slack.command(ANA, OTHER, "/flakeguard digest now")
    assert wait(lambda: len(digests(app)) == 2), "no second digest"
    refused = [one for one in app.slack.calls[calls:] if one.error]
    assert not refused, "it was forgotten what works"
    app.slack.fail_next(1, error="invalid_blocks", method="chat.postMessage")
    app.slack.command(ANA, OTHER, "/flakeguard digest now")
    assert wait(lambda: len(digests(app)) == 3), "no third digest"
    assert {block["type"] for block in digests(app)[2].blocks} <= {"header", "section", "actions", "context"}


def digests(app: RunningApp) -> list[Message]:
    return [one for one in app.slack.messages(OTHER) if "flake digest" in str(one.blocks)]


def test_a_storm_by_signed_requests_is_one_card_whose_button_shows_its_tests(app: RunningApp) -> None:
    run = app.run("many", TESTS[:7])
    assert wait(lambda: (check := app.check(run)) and check.conclusion, 30), "not judged"
    say(app, "subscribe acme/shop")
    with app.db.begin() as session:
        repository_id = app.repository_id
        (stored,) = run_store.list_latest_attempts(session, repository_id, run.head_sha)
        ids, _ = case_store.list_titles(session, repository_id)
        changes = [StatusChange(CaseId(one), Status.HEALTHY, Status.FLAKY) for one in ids[:7]]
        notice.post_changes(session, stored, changes, None, datetime.now(UTC))
    assert wait(lambda: storms(app), 15), "no storm card"
    (card,) = storms(app)
    assert "7 tests turned flaky at once" in card.text
    assert not [one for one in app.slack.messages(OTHER) if "fc_" in str(one.blocks)], "cards beside the storm"
    before = len(app.slack.ephemerals(ANA))
    app.slack.click(ANA, OTHER, card.ts, "fg_storm_tests")
    assert wait(lambda: len(app.slack.ephemerals(ANA)) > before), "the tests are not shown"
    assert "fg_more" in str(app.slack.ephemerals(ANA)[-1].blocks)


def storms(app: RunningApp) -> list[Message]:
    return [one for one in app.slack.messages(OTHER) if one.text.startswith("Flake storm")]


def test_every_button_of_subscriptions_does_what_it_says(new_app: RunningApp) -> None:
    begin(new_app)
    subscribed = say(new_app, "subscribe acme/shop")
    seen = len(new_app.slack.ephemerals(ANA))
    new_app.slack.click(ANA, OTHER, subscribed.ts, "fg_menu_subscriptions")
    assert wait(lambda: len(new_app.slack.ephemerals(ANA)) > seen), "no list"
    listed = new_app.slack.ephemerals(ANA)[-1]
    for button, title in (("fg_digest_settings", "Digest, quiet hours"), ("fg_subscribe_open", "Subscribe a channel")):
        new_app.slack.click(ANA, OTHER, listed.ts, button)
        assert wait(partial(shows, new_app, title)), button
        new_app.slack.close(ANA, present(new_app.slack.open_view(ANA)).id)
    seen = len(new_app.slack.ephemerals(ANA))
    new_app.slack.click(ANA, OTHER, listed.ts, "fg_digest_now")
    assert wait(lambda: len(new_app.slack.ephemerals(ANA)) > seen), "nobody said that there is nothing to tell"
    assert "nothing to tell" in new_app.slack.ephemerals(ANA)[-1].text


def test_a_message_of_another_person_has_no_buttons_for_one(app: RunningApp) -> None:
    begin(app)
    listed = say(app, "subscriptions")
    with app.db.begin() as session:
        repository_id = app.repository_id
        notice = AuthorNotice(repository_id=repository_id, head_sha="0" * 40, channel=app.channel(BEN))
        notice_store.put(session, notice, datetime.now(UTC) + timedelta(days=1))
        number = stored_notices.list_of_kind(session, AuthorNotice)[-1].id
    forged = app.slack.post(
        listed.channel,
        "forged",
        [
            {
                "type": "actions",
                "elements": [
                    {
                        "type": "button",
                        "action_id": "fg_author_mine",
                        "text": {"type": "plain_text", "text": "It is me"},
                        "value": f"{number}:{repository_id}",
                    }
                ],
            }
        ],
    )
    app.slack.click(ANA, OTHER, forged.ts, "fg_author_mine")
    assert wait(lambda: any("not for you" in one.text for one in app.slack.ephemerals(ANA))), "it was obeyed"
