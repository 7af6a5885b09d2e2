"""The story of the README, clicked through in a real browser on the page of `flakeguard demo`."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright import sync_api as playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENSHOTS = Path(__file__).parent / "screenshots"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """The address of a demo that is ready."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from bot.cli import main; main()", "demo", "--port", str(port)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        lines = []
        try:
            for line in process.stdout:
                lines.append(line)
                if line.startswith("ready"):
                    break
            assert lines, "the demo printed nothing"
            assert lines[-1].startswith("ready"), "".join(lines)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()
            process.stdout.read()
            process.wait(60)


@pytest.fixture
def page(demo: str) -> Iterator[playwright.Page]:
    with playwright.sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(20_000)
        page.goto(demo)
        yield page
        browser.close()


def become(page: playwright.Page, name: str) -> None:
    page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name)).first.click()
    page.wait_for_load_state()


def shoot(page: playwright.Page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def test_a_flake_is_found_quarantined_by_two_people_and_no_longer_fails_a_commit(page: playwright.Page) -> None:
    messages = page.get_by_text("test_total_with_discount")
    playwright.expect(messages.first).to_be_visible()
    shoot(page, "1-card")

    page.get_by_role("button", name="Quarantine tests/test_checkout.py::test_total_with_discount").first.click()
    dialog = page.get_by_role("dialog")
    playwright.expect(dialog).to_be_visible()
    dialog.get_by_label(re.compile("Reason")).fill("the discount service is slow, fix in progress")
    shoot(page, "2-modal")
    dialog.get_by_role("button", name="Propose").click()
    approve = page.get_by_role("button", name=re.compile("^Approve"))
    playwright.expect(approve.first).to_be_visible()
    shoot(page, "3-proposed")

    become(page, "Ben Okafor")
    page.get_by_role("button", name=re.compile("^Approve")).first.click()
    undo = page.get_by_role("button", name=re.compile("^(Undo|Lift)"))
    playwright.expect(undo.first).to_be_visible()
    shoot(page, "4-approved")

    page.get_by_role("button", name="Run CI again").click()
    playwright.expect(page.get_by_text("QUARANTINED").first).to_be_visible(timeout=40_000)
    time.sleep(1)
    shoot(page, "5-check")

    page.get_by_role("link", name=re.compile("repl")).last.click()
    playwright.expect(page.get_by_text(re.compile("approved the quarantine")).first).to_be_visible()
    shoot(page, "6-trail")
