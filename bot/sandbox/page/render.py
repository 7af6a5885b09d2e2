"""The page as HTML: templates, and the filters by which untrusted text gets into them."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from bot.sandbox.page import markdown, mrkdwn

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
_STEPS = ((86400, "d"), (3600, "h"), (60, "min"))


class Renderer:
    """Renders templates; the `names` of people and channels are looked up when a text mentions them."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["loop_id"] = short_id
        self._environment.filters |= {
            "mrkdwn": lambda text: mrkdwn.html(str(text), names),
            "plain": lambda text: mrkdwn.plain(str(text)),
            "markdown": lambda text: markdown.html(str(text)),
            "link": lambda url, label: mrkdwn.link(str(url), escape(label)),
            "web": web,
            "clock": clock,
            "ago": ago,
            "slug": lambda text: re.sub(r"[^a-z0-9]+", "-", str(text).lower()),
            "lines": lambda text: Markup("<br>").join(str(text).split("\n")),
            "short": short_id,
        }

    def page(self, template: str, context: Mapping[str, object]) -> str:
        """Return a whole page."""
        return self._environment.get_template(template).render(context)

    def blocks(self, blocks: list[dict[str, object]]) -> str:
        """Return blocks alone, as they look in a message."""
        template = self._environment.from_string(
            "{% import 'blocks.html' as b with context %}{{ b.render(blocks, 'x') }}"
        )
        return template.render(blocks=blocks, people=(), channels=())


def short_id(text: object) -> str:
    """Return a short id that is safe in HTML attributes and stays the same for the same text."""
    return f"i{zlib.crc32(str(text).encode()):08x}"


def web(url: object) -> str:
    """Return an address of the web, and nothing for any other scheme."""
    text = str(url)
    return text if text.lower().startswith(("http://", "https://")) else ""


def clock(moment: object) -> Markup:
    """Return the time of day of a Slack ts or a moment, with the date in its tooltip."""
    at = _moment(moment)
    if at is None:
        return Markup("")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(timespec="seconds"), at.strftime("%A, %d %B %Y, %H:%M:%S"), at.strftime("%H:%M")
    )


def ago(moment: object) -> Markup:
    """Return how long ago a moment was."""
    at = _moment(moment)
    if at is None:
        return Markup("")
    seconds = time.time() - at.timestamp()
    said = next((f"{int(seconds // size)} {unit} ago" for size, unit in _STEPS if seconds >= size), "just now")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(timespec="seconds"), at.strftime("%d %B %Y, %H:%M:%S"), said
    )


def _moment(moment: object) -> datetime | None:
    if isinstance(moment, datetime):
        return moment.astimezone()
    try:
        if isinstance(moment, str) and "-" in moment:
            return datetime.fromisoformat(moment).astimezone()
        return datetime.fromtimestamp(float(str(moment))).astimezone()
    except ValueError:
        return None
