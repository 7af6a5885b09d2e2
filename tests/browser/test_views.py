"""Every view as people see it: on the sandbox page, narrow and wide, and in light and dark where it is looked at."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright import sync_api as playwright

from bot.sandbox.server import Sandbox
from bot.sandbox.slack.model import SlackSettings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENSHOTS = Path(__file__).parent / "screenshots"
GOLDEN = Path(__file__).parents[1] / "unit" / "golden"
CHANNEL, OTHER_CHANNEL, USER = "C0GENERAL", "C0CIFLAKES", "U0ANA"
WIDTHS = {"wide": 1440, "narrow": 420}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
RENDERED = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(GOLDEN.rglob("*.json"))}
MESSAGES = {name: rendered for name, rendered in RENDERED.items() if "type" not in rendered}
VIEWS = {name: rendered for name, rendered in RENDERED.items() if "type" in rendered}

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
    sandbox = Sandbox(0, SlackSettings(rate_limits=False))
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture(scope="module")
def page() -> Iterator[playwright.Page]:
    with playwright.sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def assert_shown_whole(page: playwright.Page, elements: dict[str, playwright.Locator]) -> None:
    """Fail if something is left out or the page is wider than its window.

    Screenshots of the elements are kept if FLAKEGUARD_SCREENSHOTS is set.
    """
    assert page.get_by_text("is not shown here").count() == 0
    for size, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 1000})
        assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth"), f"too wide for {width} px"
        for scheme in SCHEMES if os.environ.get("FLAKEGUARD_SCREENSHOTS") else ():
            page.emulate_media(color_scheme=scheme)
            for name, element in elements.items():
                element.screenshot(path=SCREENSHOTS / f"{name}-{scheme}-{size}.png")


def test_every_message_is_shown_whole(sandbox: Sandbox, page: playwright.Page) -> None:
    for message in MESSAGES.values():
        sandbox.slack.post(CHANNEL, message["text"], message["blocks"])
    page.goto(f"{sandbox.url}/?as={USER}&at={CHANNEL}")
    articles = page.locator("#messages article")
    assert articles.count() == len(MESSAGES)
    assert_shown_whole(page, {name: articles.nth(number) for number, name in enumerate(MESSAGES)})


@pytest.mark.parametrize("name", VIEWS)
def test_every_window_and_home_is_shown_whole(sandbox: Sandbox, page: playwright.Page, name: str) -> None:
    view = VIEWS[name]
    if view["type"] == "home":
        sandbox.slack.publish_home(USER, view)
        page.goto(f"{sandbox.url}/?as={USER}&at=home")
    else:
        sandbox.slack.open_modal(sandbox.slack.new_trigger(USER), view)
        page.goto(f"{sandbox.url}/?as={USER}&at={OTHER_CHANNEL}")
        playwright.expect(page.get_by_role("dialog", name=view["title"]["text"])).to_be_visible()
    assert_shown_whole(page, {name: page.locator("body")})
    sandbox.slack.close_modal(USER, whole_stack=True)
