"""Every view as people see it: on the sandbox page, light and dark, narrow and wide."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright import sync_api as playwright

from bot.sandbox.server import Sandbox
from bot.sandbox.slack.model import SlackSettings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENSHOTS = Path(__file__).parent / "screenshots"
GOLDEN = Path(__file__).parents[1] / "unit" / "golden"
CHANNEL, USER = "C0GENERAL", "U0ANA"
RENDERED = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(GOLDEN.rglob("*.json"))}
MESSAGES = {name: one for name, one in RENDERED.items() if "type" not in one}
VIEWS = {name: one for name, one in RENDERED.items() if "type" in one}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


def test_every_golden_file_is_looked_at() -> None:
    assert len(RENDERED) == len(list(GOLDEN.rglob("*.json"))), "two golden files have one name"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A Slack without a bot."""
    one = Sandbox(0, SlackSettings(rate_limits=False))
    one.start()
    yield one
    one.stop()


@pytest.fixture(scope="module", params=["light", "dark"])
def browser(request: pytest.FixtureRequest) -> Iterator[tuple[str, playwright.BrowserContext]]:
    with playwright.sync_playwright() as playing:
        browser = playing.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield request.param, browser.new_context(color_scheme=request.param)
        browser.close()


@pytest.mark.parametrize(("size", "width"), [("wide", 1440), ("narrow", 420)])
def test_every_message_is_shown_whole(
    sandbox: Sandbox, browser: tuple[str, playwright.BrowserContext], size: str, width: int
) -> None:
    scheme, context = browser
    if not sandbox.slack.messages(CHANNEL):
        for message in MESSAGES.values():
            sandbox.slack.post(CHANNEL, message["text"], message["blocks"])
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 1000})
    page.goto(f"{sandbox.url}/?as={USER}&at={CHANNEL}")
    SCREENSHOTS.mkdir(exist_ok=True)
    articles = page.locator("#messages article")
    assert articles.count() == len(MESSAGES)
    assert page.get_by_text("is not shown here").count() == 0
    assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth"), "it is wider than the window"
    for number, name in enumerate(MESSAGES):
        articles.nth(number).screenshot(path=SCREENSHOTS / f"{name}-{scheme}-{size}.png")
    page.close()


@pytest.mark.parametrize(("size", "width"), [("wide", 1200), ("narrow", 420)])
def test_every_window_and_home_is_shown_whole(
    sandbox: Sandbox, browser: tuple[str, playwright.BrowserContext], size: str, width: int
) -> None:
    scheme, context = browser
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 1000})
    SCREENSHOTS.mkdir(exist_ok=True)
    for name, view in VIEWS.items():
        if view["type"] == "home":
            sandbox.slack.publish_home(USER, view)
            page.goto(f"{sandbox.url}/?as={USER}&at=home")
        else:
            sandbox.slack.open_modal(sandbox.slack.new_trigger(USER), view)
            page.goto(f"{sandbox.url}/?as={USER}&at={CHANNEL}")
            playwright.expect(page.get_by_role("dialog", name=view["title"]["text"])).to_be_visible()
        assert page.get_by_text("is not shown here").count() == 0, name
        wide = page.evaluate("document.scrollingElement.scrollWidth > window.innerWidth")
        assert not wide, f"{name} is wider than the window"
        page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}-{size}.png")
        sandbox.slack.close_modal(USER, whole_stack=True)
    page.close()
