"""Slack's mrkdwn as HTML; all other text is escaped.

See https://docs.slack.dev/messaging/formatting-message-text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from markupsafe import Markup, escape

_ATOM = re.compile(r"```(?P<pre>.+?)```|`(?P<code>[^`\n]+)`|<(?P<angle>[^<>\n]+)>|:(?P<emoji>[a-z0-9_+-]+):", re.DOTALL)
_STYLES = (
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])"), r"<em>\1</em>"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])"), r"<s>\1</s>"),
)
_QUOTE = re.compile(r"(?:^&gt; ?.*(?:\n|$))+", re.MULTILINE)
# Marks the place of an atom while the text around it is escaped and styled; both are of the private use area.
_START, _END = "\ue000", "\ue001"
_PLACEHOLDER = re.compile(f"{_START}(\\d+){_END}")
_DATE = re.compile(r"!date\^(-?\d{1,11})\^([^|]*)")
_DATE_FORMATS = {
    "{date_num}": "%Y-%m-%d",
    "{date}": "%d %B %Y",
    "{date_short}": "%d %b %Y",
    "{date_long}": "%A, %d %B %Y",
    "{date_pretty}": "%d %B %Y",
    "{date_short_pretty}": "%d %b %Y",
    "{date_long_pretty}": "%A, %d %B %Y",
    "{time}": "%H:%M",
    "{time_secs}": "%H:%M:%S",
}
_EMOJI = {
    "white_check_mark": "✅",
    "heavy_check_mark": "✔️",
    "x": "❌",
    "warning": "⚠️",
    "no_entry": "⛔",
    "large_orange_circle": "🟠",
    "large_yellow_circle": "🟡",
    "large_green_circle": "🟢",
    "large_blue_circle": "🔵",
    "large_purple_circle": "🟣",
    "red_circle": "🔴",
    "white_circle": "⚪",
    "black_circle": "⚫",
    "hourglass": "⌛",
    "hourglass_flowing_sand": "⏳",
    "link": "🔗",
    "arrow_down_small": "🔽",
    "arrow_up_small": "🔼",
    "arrows_counterclockwise": "🔄",
    "rotating_light": "🚨",
    "tada": "🎉",
    "mag": "🔍",
    "lock": "🔒",
    "eyes": "👀",
    "bell": "🔔",
    "no_bell": "🔕",
    "fire": "🔥",
    "bulb": "💡",
    "memo": "📝",
    "bar_chart": "📊",
    "inbox_tray": "📥",
    "package": "📦",
    "shield": "🛡️",
    "test_tube": "🧪",
    "wave": "👋",
    "question": "❓",
    "information_source": "ℹ️",  # noqa: RUF001 - this is the emoji
    "grey_question": "❔",
    "leftwards_arrow_with_hook": "↩️",
    "heavy_minus_sign": "➖",  # noqa: RUF001 - this is the emoji
    "snowflake": "❄️",
    "bug": "🐛",
    "zzz": "💤",
    "thumbsup": "👍",
    "+1": "👍",
    "calendar": "📅",
    "clipboard": "📋",
    "scroll": "📜",
    "broken_heart": "💔",
    "green_heart": "💚",
    "octagonal_sign": "🛑",
    "construction": "🚧",
    "chart_with_downwards_trend": "📉",
    "chart_with_upwards_trend": "📈",
    "busts_in_silhouette": "👥",
    "bust_in_silhouette": "👤",
    "gear": "⚙️",
    "speech_balloon": "💬",
    "cloud": "☁️",
    "zap": "⚡",
}


def emoji(name: str) -> Markup:
    """Return an emoji by Slack's name, or the name between colons."""
    if name not in _EMOJI:
        return escape(f":{name}:")
    return Markup('<span class="emoji" role="img" aria-label="{}">{}</span>').format(
        name.replace("_", " "), _EMOJI[name]
    )


def link(url: str, label: Markup) -> Markup:
    """Return a link if the scheme is http, https or mailto, else the label and the URL as text."""
    if not url.lower().startswith(("http://", "https://", "mailto:")):
        return Markup("{} ({})").format(label, url)
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(url, label)


def plain(text: str) -> Markup:
    """Return plain text with its emoji."""
    return _render(text, {}, re.compile(r":(?P<emoji>[a-z0-9_+-]+):"), styles=False)


def html(text: str, names: Mapping[str, str]) -> Markup:
    """Return mrkdwn as HTML; `names` has the names of people and channels by id."""
    return _render(text, names, _ATOM, styles=True)


def _render(text: str, names: Mapping[str, str], atoms: re.Pattern[str], *, styles: bool) -> Markup:
    rendered: list[Markup] = []

    def placeholder(match: re.Match[str]) -> str:
        rendered.append(_atom(match, names))
        return f"{_START}{len(rendered) - 1}{_END}"

    rest = atoms.sub(placeholder, text.replace(_START, "").replace(_END, ""))
    safe = str(escape(_unescape(rest) if styles else rest))
    if styles:
        for pattern, replacement in _STYLES:
            safe = pattern.sub(replacement, safe)
        safe = _QUOTE.sub(_quote, safe)
    safe = safe.replace("\n", "<br>")
    return Markup(_PLACEHOLDER.sub(lambda match: str(rendered[int(match[1])]), safe))  # noqa: S704 - every part is escaped above


def _quote(match: re.Match[str]) -> str:
    lines = [line.removeprefix("&gt;").removeprefix(" ") for line in match[0].rstrip("\n").split("\n")]
    return "<blockquote>" + "<br>".join(lines) + "</blockquote>"


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _atom(match: re.Match[str], names: Mapping[str, str]) -> Markup:
    groups = match.groupdict()
    if groups.get("pre") is not None:
        return Markup("<pre>{}</pre>").format(_unescape(groups["pre"].strip("\n")))
    if groups.get("code") is not None:
        return Markup("<code>{}</code>").format(_unescape(groups["code"]))
    if groups.get("emoji") is not None:
        return emoji(groups["emoji"])
    return _angle(groups["angle"], names)


def _angle(inner: str, names: Mapping[str, str]) -> Markup:
    target, _, label = inner.partition("|")
    date = _DATE.match(target)
    if date is not None:
        return _date(date, label)
    if target.startswith(("@", "#")):
        name = names.get(target[1:], label or target[1:])
        return Markup('<span class="mention">{}{}</span>').format(target[0], name)
    if target.startswith("!"):
        name = label or target[1:].rpartition("^")[2]
        return Markup('<span class="mention">@{}</span>').format(name.removeprefix("@"))
    address = _unescape(target)
    if address.lower().startswith(("http://", "https://", "mailto:")):
        return link(address, html(label, names) if label else escape(address))
    return escape(f"<{inner}>")


def _date(match: re.Match[str], fallback: str) -> Markup:
    try:
        at = datetime.fromtimestamp(int(match[1])).astimezone()
    except (ValueError, OverflowError, OSError):
        return escape(fallback)
    text = match[2].partition("^")[0]
    for token, layout in _DATE_FORMATS.items():
        text = text.replace(token, at.strftime(layout).lstrip("0") if "d " in layout[:4] else at.strftime(layout))
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), text)
