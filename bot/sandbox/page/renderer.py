"""HTML from templates, and the filters that make untrusted text safe."""

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
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


class Renderer:
    """Renders templates; `names` has the names of people and channels by id, for mentions in texts."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "mrkdwn": lambda text: mrkdwn.html(str(text), names),
            "plain": lambda text: mrkdwn.plain(str(text)),
            "markdown": lambda text: markdown.html(str(text)),
            "link": lambda url, label: mrkdwn.link(str(url), escape(label)),
            "web": web_address,
            "clock": clock,
            "ago": ago,
            "slug": lambda text: re.sub(r"[^a-z0-9]+", "-", str(text).lower()),
            "lines": lambda text: Markup("<br>").join(str(text).split("\n")),
            "html_id": html_id,
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


def html_id(text: object) -> str:
    """Return an id for HTML attributes, always the same for the same text."""
    return f"i{zlib.crc32(str(text).encode()):08x}"


def web_address(url: object) -> str:
    """Return a URL if its scheme is http or https, else an empty string."""
    text = str(url)
    return text if text.lower().startswith(("http://", "https://")) else ""


def clock(time_or_ts: object) -> Markup:
    """Return the time of day, with the date as its tooltip."""
    at = _parse(time_or_ts)
    if at is None:
        return Markup("")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(timespec="seconds"), at.strftime("%A, %d %B %Y, %H:%M:%S"), at.strftime("%H:%M")
    )


def ago(time_or_ts: object) -> Markup:
    """Return how long ago a time is, with the time as its tooltip."""
    at = _parse(time_or_ts)
    if at is None:
        return Markup("")
    seconds = time.time() - at.timestamp()
    text = next((f"{int(seconds // size)} {unit} ago" for size, unit in _UNITS if seconds >= size), "just now")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(timespec="seconds"), at.strftime("%d %B %Y, %H:%M:%S"), text
    )


def _parse(time_or_ts: object) -> datetime | None:
    """Return a datetime or a Slack ts in the local time zone, or None if it is neither."""
    if isinstance(time_or_ts, datetime):
        return time_or_ts.astimezone()
    try:
        return datetime.fromtimestamp(float(str(time_or_ts))).astimezone()
    except ValueError:
        return None
