from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Message, View
from tests import blockkit_lint


def test_markup_in_untrusted_text_is_escaped() -> None:
    assert mrkdwn.escape("<!here> & <@U1>") == "&lt;!here&gt; &amp; &lt;@U1&gt;"


def test_control_and_bidirectional_characters_are_dropped() -> None:
    assert mrkdwn.clean("a\x00b\u202ec\u2066d\x1b[31m") == "abcd[31m"


def test_zero_width_joiners_of_emoji_are_kept() -> None:
    family = "\U0001f468\u200d\U0001f469"
    assert mrkdwn.clean(family) == family


def test_a_cut_never_splits_an_entity() -> None:
    assert mrkdwn.escape("<<<<", 10) == "&lt;&lt;…"


def test_text_that_fits_exactly_is_not_cut() -> None:
    assert mrkdwn.clip("x" * 75, 75) == "x" * 75


def test_an_emoji_counts_as_two_characters() -> None:
    assert mrkdwn.clip("\U0001f600" * 3, 5) == "\U0001f600" * 2 + "…"


def test_backticks_cannot_end_inline_code() -> None:
    assert "`" not in mrkdwn.code("a`b`c")[1:-1]


def test_backticks_cannot_end_a_block_of_code() -> None:
    assert mrkdwn.code_block("x```<!here>").count("`") == 6


def test_line_breaks_cannot_end_inline_code() -> None:
    assert mrkdwn.code("a\nb") == "`a b`"


def test_every_line_of_a_quotation_is_marked() -> None:
    assert mrkdwn.quote("one\n<two>") == "> one\n> &lt;two&gt;"


def test_an_address_that_is_not_http_is_not_linked() -> None:
    assert mrkdwn.link("javascript:alert(1)", "run") == "run"


def test_an_address_cannot_end_its_link() -> None:
    assert mrkdwn.link("https://x.example/>|y", "run") == "<https://x.example/&gt;%7Cy|run>"


@pytest.mark.parametrize("limit", [1, 2, 24, 75, 300])
@given(text=st.text(alphabet=st.characters(codec=None), max_size=400))
def test_escaped_text_is_inert_and_within_its_limit(limit: int, text: str) -> None:
    message = Message("A sentence.", (block_kit.section(mrkdwn.escape(text, limit).replace("`", "") or "-"),))
    assert blockkit_lint.message_problems(message) == []
    assert len(mrkdwn.escape(text, limit).encode("utf-16-le")) // 2 <= limit


def test_a_home_has_no_title_and_a_modal_has_one() -> None:
    home = View(type="home", blocks=(block_kit.divider(),))
    modal = View(type="modal", blocks=(block_kit.divider(),), title="A title that is much longer than allowed")
    assert "title" not in home.payload()
    assert blockkit_lint.view_problems(modal) == []


def test_the_lint_sees_the_fifty_first_block() -> None:
    assert blockkit_lint.message_problems(Message("Many.", (block_kit.divider(),) * 51)) == ["51 blocks"]


def test_the_lint_sees_unescaped_text() -> None:
    assert blockkit_lint.message_problems(Message("A <!here> mention.", (block_kit.divider(),)))


@pytest.mark.parametrize(
    ("marked", "spoken"),
    [
        ("\N{WARNING SIGN} <https://github.com/a/b|Run #7> of `acme/shop` is *red*.", "Run #7 of acme/shop is red."),
        ("*Health of `acme/shop`*: 7 tests", "Health of acme/shop: 7 tests"),
        ("`tests/test_a.py::test[2*3*4]` fails", "tests/test_a.py::test[2*3*4] fails"),
        ("<https://github.com/a/b|`test_a`> since <!date^1700000000^{date}|14 November>", "test_a since 14 November"),
        ("<@U0ANA> asked", "<@U0ANA> asked"),
        ("one\ntwo", "one two"),
    ],
)
def test_what_is_spoken_of_mrkdwn_is_without_emoji_marks_and_links(marked: str, spoken: str) -> None:
    assert mrkdwn.spoken(marked) == spoken
