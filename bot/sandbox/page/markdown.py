"""The Markdown that check runs and comments use, as HTML; all other text is escaped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from markupsafe import Markup, escape

from bot.sandbox.page import mrkdwn

_INLINE = re.compile(r"`(?P<code>[^`]+)`|\[(?P<label>[^\]\n]*)\]\((?P<url>[^)\s]+)\)|\*\*(?P<bold>[^*\n]+)\*\*")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~@])")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_ITEM = re.compile(r"\s*(?:[-*]|\d+\.)\s+(.*)")
_RULE = re.compile(r"\|?[\s:|-]+\|?")


def html(text: str) -> Markup:
    """Return Markdown as HTML."""
    lines = _COMMENT.sub("", text).splitlines()
    return Markup("").join(_blocks(lines))


def inline(text: str) -> Markup:
    """Return one line of Markdown as HTML."""
    parts: list[Markup] = []
    end = 0
    for match in _INLINE.finditer(text):
        parts.append(escape(_ESCAPED.sub(r"\1", text[end : match.start()])))
        end = match.end()
        if match["code"] is not None:
            parts.append(Markup("<code>{}</code>").format(match["code"]))
        elif match["bold"] is not None:
            parts.append(Markup("<strong>{}</strong>").format(inline(match["bold"])))
        else:
            parts.append(mrkdwn.link(match["url"], inline(match["label"])))
    parts.append(escape(_ESCAPED.sub(r"\1", text[end:])))
    return Markup("").join(parts)


def _blocks(lines: list[str]) -> Iterator[Markup]:
    index = 0
    while index < len(lines):
        line = lines[index]
        length = (
            _count_while(lines, index, lambda next_line: bool(next_line.strip()) and not _starts_block(next_line)) or 1
        )
        if line.startswith("```"):
            length = _count_while(lines, index + 1, lambda next_line: not next_line.startswith("```"))
            yield Markup("<pre>{}</pre>").format("\n".join(lines[index + 1 : index + 1 + length]))
            length += 2
        elif line.startswith("|"):
            length = _count_while(lines, index, lambda next_line: next_line.startswith("|"))
            yield _table(lines[index : index + length])
        elif _ITEM.fullmatch(line):
            length = _count_while(lines, index, lambda next_line: _ITEM.fullmatch(next_line) is not None)
            items = [match[1] for match in map(_ITEM.fullmatch, lines[index : index + length]) if match]
            yield Markup("<ul>{}</ul>").format(
                Markup("").join(Markup("<li>{}</li>").format(inline(item)) for item in items)
            )
        elif heading := _HEADING.fullmatch(line):
            yield Markup("<h5>{}</h5>").format(inline(heading[2]))
        elif line.startswith(">"):
            length = _count_while(lines, index, lambda next_line: next_line.startswith(">"))
            quoted = [inline(quote.lstrip("> ")) for quote in lines[index : index + length]]
            yield Markup("<blockquote>{}</blockquote>").format(Markup("<br>").join(quoted))
        elif line.strip():
            yield Markup("<p>{}</p>").format(inline(" ".join(lines[index : index + length])))
        index += length


def _count_while(lines: list[str], start: int, condition: Callable[[str], bool]) -> int:
    """Count the lines from `start` on that meet the condition, up to the first that does not."""
    return next((n for n, line in enumerate(lines[start:]) if not condition(line)), len(lines) - start)


def _starts_block(line: str) -> bool:
    return line.startswith(("```", "|", ">", "#")) or _ITEM.fullmatch(line) is not None


def _cells(line: str) -> list[str]:
    return [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _table(lines: list[str]) -> Markup:
    rows = [_cells(line) for line in lines if not _RULE.fullmatch(line)]
    html_rows = [
        Markup("<tr>{}</tr>").format(
            Markup("").join(Markup("<{0}>{1}</{0}>").format("td" if number else "th", inline(cell)) for cell in row)
        )
        for number, row in enumerate(rows)
    ]
    return Markup("<table>{}</table>").format(Markup("").join(html_rows))
