"""Typing into a menu that the bot suggests for, in a real browser with a running bot behind it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright import sync_api as playwright

from tests.scenario.running_app import ANA, CHANNEL, RunningApp, wait

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture
def app(database_url: str) -> Iterator[RunningApp]:
    """The sandbox and a running bot that has read one run."""
    made = RunningApp(database_url)
    made.start_bot()
    run = made.run("first")
    assert wait(lambda: (check := made.check(run)) and check.conclusion, 30)
    yield made
    made.close()


@pytest.fixture
def page(app: RunningApp) -> Iterator[playwright.Page]:
    with playwright.sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(20_000)
        page.goto(f"{app.sandbox.url}/?as={ANA}&at={CHANNEL}")
        yield page
        browser.close()


def test_the_shortcut_finds_a_test_while_it_is_typed(page: playwright.Page) -> None:
    page.get_by_role("button", name="Quarantine a test…").click()
    dialog = page.get_by_role("dialog", name="Quarantine a test")
    dialog.get_by_role("combobox").press_sequentially("refund")
    dialog.get_by_role("option", name="test_refund").click()
    dialog.get_by_role("button", name="Go on").click()
    form = page.get_by_role("dialog", name="Quarantine test")
    playwright.expect(form).to_be_visible()
    playwright.expect(form.get_by_text("test_refund")).to_be_visible()


def test_a_pick_list_goes_on_with_the_test_that_is_chosen(page: playwright.Page) -> None:
    page.get_by_label("Message or command").fill("/flakeguard test test_")
    page.get_by_role("button", name="Send").first.click()
    menu = page.locator(".suggest input[role=combobox]").last
    menu.press_sequentially("tax")
    page.get_by_role("option", name="test_tax").click()
    playwright.expect(page.get_by_text("first seen").last).to_be_visible()
