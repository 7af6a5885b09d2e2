from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.json_object import JsonObject
from bot.sandbox.page import markdown, mrkdwn
from bot.sandbox.page.renderer import Renderer, web_address
from bot.sandbox.slack import block_kit, block_validator, view_state


def plain(text: str) -> JsonObject:
    return {"type": "plain_text", "text": text}


def option(value: str) -> JsonObject:
    return {"text": plain(value), "value": value}


def select(count: int, **more: object) -> JsonObject:
    options = [option(str(number)) for number in range(count)]
    return {"type": "static_select", "action_id": "v", "options": options, **more}


def actions(*elements: JsonObject) -> JsonObject:
    return {"type": "actions", "elements": list(elements)}


def button(**more: object) -> JsonObject:
    return {"type": "button", "action_id": "a", "text": plain("Go"), **more}


def test_blocks_within_every_limit_are_accepted() -> None:
    good = [
        {"type": "header", "text": plain("x" * 150)},
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}, "accessory": button()},
        actions(button(value="x" * 2000, style="danger"), select(100, action_id="b")),
        {"type": "input", "label": plain("Why"), "element": {"type": "plain_text_input", "max_length": 3000}},
        {"type": "divider"},
    ]
    assert block_validator.problems(good) == []


@pytest.mark.parametrize(
    ("bad", "pointer"),
    [
        ({"type": "hologram"}, "/blocks/0/type"),
        ({"type": "header", "text": plain("x" * 151)}, "/blocks/0/text/text"),
        ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "/blocks/0/text"),
        ({"type": "section"}, "/blocks/0"),
        ({"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}, "/blocks/0/text/text"),
        ({"type": "section", "text": {"type": "mrkdwn", "text": ""}}, "/blocks/0/text/text"),
        ({"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}, "/blocks/0/fields"),
        ({"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]}, "/blocks/0/fields/0/text"),
        ({"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}, "/blocks/0/elements"),
        (actions(*(button(action_id=str(number)) for number in range(26))), "/blocks/0/elements"),
        (actions(button(), button()), "/blocks/0/elements"),
        (actions(button(text=plain("x" * 76))), "/blocks/0/elements/0/text/text"),
        (actions(button(value="x" * 2001)), "/blocks/0/elements/0/value"),
        (actions(button(style="loud")), "/blocks/0/elements/0/style"),
        (actions(button(accessibility_label="x" * 76)), "/blocks/0/elements/0/accessibility_label"),
        (actions(button(confirm={"title": plain("x" * 101)})), "/blocks/0/elements/0/confirm/title/text"),
        (actions(select(101)), "/blocks/0/elements/0/options"),
        (actions(select(2, initial_option=option("9"))), "/blocks/0/elements/0/initial_option"),
        (actions(select(6) | {"type": "overflow"}), "/blocks/0/elements/0/options"),
        (actions(select(11) | {"type": "radio_buttons"}), "/blocks/0/elements/0/options"),
        ({"type": "input", "label": plain("x"), "element": button()}, "/blocks/0/element/type"),
        ({"type": "image", "image_url": "https://x.example/i.png"}, "/blocks/0/alt_text"),
        ({"type": "markdown", "text": "x" * 12_001}, "/blocks/0/text"),
        ({"type": "divider", "block_id": "x" * 256}, "/blocks/0/block_id"),
    ],
)
def test_a_limit_that_is_passed_is_named_with_its_place(bad: JsonObject, pointer: str) -> None:
    assert any(f"[json-pointer:{pointer}]" in problem for problem in block_validator.problems([bad]))


def test_a_message_holds_fifty_blocks_and_a_view_a_hundred() -> None:
    assert block_validator.problems([{"type": "divider"}] * 50) == []
    assert block_validator.problems([{"type": "divider"}] * 51)
    assert block_validator.problems([{"type": "divider"}] * 100, "modal") == []
    assert block_validator.problems([{"type": "divider"}] * 101, "modal")


def test_block_ids_are_unique_in_a_message() -> None:
    assert block_validator.problems([{"type": "divider", "block_id": "x"}] * 2)


def test_a_modal_with_inputs_needs_a_submit_button_and_a_short_title() -> None:
    entry = {"type": "input", "label": plain("x"), "element": {"type": "plain_text_input"}}
    view: JsonObject = {"type": "modal", "title": plain("x" * 25), "blocks": [entry]}
    problems = " ".join(block_validator.view_problems(view))
    assert "/view/submit" in problems
    assert "/view/title/text" in problems


def test_the_sum_of_texts_counts_every_text_once() -> None:
    assert block_kit.text_length([{"type": "header", "text": plain("12345")}, actions(button())]) == 7


def test_state_reports_initial_values_until_something_is_entered() -> None:
    inputs: list[JsonObject] = [
        {"type": "input", "block_id": "until", "element": select(3, initial_option=option("1"))}
    ]
    first = view_state.values(inputs, {})["until"]
    assert first == {"v": {"type": "static_select", "selected_option": option("1")}}
    second = view_state.values(inputs, {"until": "2"})["until"]
    assert second == {"v": {"type": "static_select", "selected_option": option("2")}}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* and _it_ and ~gone~", "<strong>bold</strong> and <em>it</em> and <s>gone</s>"),
        ("`a*b*c`", "<code>a*b*c</code>"),
        ("```x\n<y>```", "<pre>x\n&lt;y&gt;</pre>"),
        ("a &lt;b&gt; &amp; c", "a &lt;b&gt; &amp; c"),
        ("<@U1> in <#C1>", '<span class="mention">@Ana</span> in <span class="mention">#ci</span>'),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        ("<!date^99999999999999^{date}|then>", '<span class="mention">@then</span>'),
        ("> quoted", "<blockquote>quoted</blockquote>"),
        (":unheard_of:", ":unheard_of:"),
    ],
)
def test_mrkdwn_reads_as_in_slack(text: str, html: str) -> None:
    assert mrkdwn.html(text, {"U1": "Ana", "C1": "ci"}) == html


def test_a_link_carries_its_styled_label() -> None:
    shown = mrkdwn.html("<https://x.example/?a=1&amp;b=2|*test_total*>", {})
    assert 'href="https://x.example/?a=1&amp;b=2"' in shown
    assert "<strong>test_total</strong></a>" in shown


HOSTILE = st.text(alphabet=st.sampled_from("<>&\"'`*_~|:!@#^\n\\ax1/[]()-\ue000\ue001\u202e"), max_size=60)
TAGS = ("<script", "<img", "<svg", "onerror=", "<iframe")


@given(HOSTILE, st.sampled_from(["", "<script>", "<img src=x onerror=alert(1)>", '"><svg onload=x>']))
def test_hostile_text_stays_inert(noise: str, attack: str) -> None:
    for text in (noise + attack, attack + noise, noise + attack + noise):
        for html in (mrkdwn.html(text, {}), mrkdwn.plain(text), markdown.html(text)):
            assert not any(tag in html for tag in TAGS[:3])
            assert "\ue000" not in mrkdwn.html(text, {})


def test_a_javascript_address_is_no_link() -> None:
    assert "href" not in markdown.html("[x](javascript:alert(1))")
    assert web_address("javascript:alert(1)") == ""


def test_hostile_values_stay_inside_their_attributes() -> None:
    attack = '"><script>alert(1)</script>'
    hostile: list[JsonObject] = [
        {"type": "section", "block_id": attack, "text": plain(attack), "accessory": button(value=attack)},
        {"type": attack},
        actions(select(1, placeholder=plain(attack)) | {"options": [option(attack)]}) | {"block_id": attack},
        {"type": "input", "block_id": "i", "label": plain(attack), "element": {"type": "plain_text_input"}},
    ]
    html = Renderer({}).blocks(hostile)
    assert "<script" not in html
    assert "is not shown here" in html


def test_markdown_shows_tables_lists_and_code() -> None:
    html = markdown.html("# T\n\n| a | b |\n|---|---|\n| `x` | 2 |\n\n- one\n- two\n\n```\n<y>\n```\n\n**end**")
    for part in ("<h5>T</h5>", "<th>a</th>", "<td><code>x</code></td>", "<li>two</li>", "<pre>&lt;y&gt;</pre>"):
        assert part in html
    assert "<strong>end</strong>" in html
