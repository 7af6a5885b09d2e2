"""What people see of links and pauses: golden files (`make golden` writes them), Slack's limits, hostile names."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.block_kit import Message
from bot.slack.views import account, channel_pause
from tests import blockkit_lint

GOLDEN = Path(__file__).parent / "golden" / "connect"
URL = "https://flakeguard.example/github/connect?state=abc"
VIEWS: dict[str, Callable[[], Message]] = {
    "invitation": lambda: account.invitation(URL),
    "invitation_why": lambda: account.invitation(URL, why="Link your GitHub account first.", hint="ana"),
    "identity": lambda: account.identity("ana", "Acme", ["acme/shop", "acme/till"], URL),
    "identity_many": lambda: account.identity("ana", "Acme", [f"acme/shop-{number}" for number in range(40)]),
    "identity_unlinked": lambda: account.identity("", "", [], URL),
    "linked": lambda: account.linked("ana", former=True, accounts=["acme", "ana"]),
    "unlinked": lambda: account.unlinked("ana", "you disconnected it."),
    "nothing_linked": account.nothing_linked,
    "paused": lambda: channel_pause.paused("C0CIFLAKES", "it was archived"),
}
HOSTILE = st.one_of(
    st.text(alphabet=st.characters(codec=None), max_size=200),
    st.text(alphabet="`<>&|*_~:!@#\n\r\u202e\u2066\u05e9\U0001f468\u200d\x00 ", max_size=200),
    st.sampled_from(["<!channel>" * 20, "`" * 200, "&" * 200, "<https://evil.example|x>"]),
)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_looks_as_its_golden_file_and_keeps_slacks_limits(name: str) -> None:
    message = VIEWS[name]()
    text = json.dumps({"text": message.text, "blocks": list(message.blocks)}, indent=1, ensure_ascii=False) + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("FLAKEGUARD_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, "run `make golden` if the change is meant, and read the diff"
    assert blockkit_lint.message_problems(message) == []


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(VIEWS)


@settings(max_examples=40, deadline=None)
@given(name=HOSTILE, other=HOSTILE)
def test_hostile_names_are_inert_and_within_the_limits(name: str, other: str) -> None:
    for message in (
        account.invitation(URL, why=name, hint=other),
        account.identity(name, other, [name, other] * 20, URL),
        account.linked(name, former=False, accounts=[other] * 5),
        account.unlinked(name, other),
        channel_pause.paused(name, other),
    ):
        assert blockkit_lint.message_problems(message) == []
        text = json.dumps([message.text, list(message.blocks)], ensure_ascii=False)
        assert "<!channel>" not in text
        assert "<https://evil.example" not in text
