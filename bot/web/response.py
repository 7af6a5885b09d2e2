"""What routes answer: HTML pages of one plain template, and errors as `application/problem+json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import jinja2
from starlette.responses import HTMLResponse, JSONResponse

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_PAGE = jinja2.Environment(autoescape=True).from_string(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ title }} · FlakeGuard</title>
<style>
body { font: 1.05rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 12vh auto; padding: 0 1.25rem; }
h1 { font-size: 1.4rem; }
label { display: block; margin: .5rem 0; }
button { font: inherit; padding: .5rem 1.1rem; border-radius: .4rem; border: 1px solid; cursor: pointer; }
</style>
</head>
<body>
<main>
<h1>{{ title }}</h1>
{% for sentence in sentences %}<p>{{ sentence }}</p>
{% endfor -%}
{% if form -%}
<form method="post" action="/github/connect">
<input type="hidden" name="state" value="{{ form.state }}">
{% if form.choices %}<fieldset><legend>{{ form.legend }}</legend>
{% for id, account in form.choices.items() %}<label><input type="checkbox" name="installation" value="{{ id }}"> {{
account }}</label>
{% endfor %}</fieldset>
{% endif %}<p><button type="submit">{{ form.submit }}</button></p>
</form>
{% endif -%}
{% if link %}<p><a href="{{ link.url }}">{{ link.label }}</a></p>
{% endif -%}
</main>
</body>
</html>
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkForm:
    """The question whether to link an account, with a button; `state` is the secret that allows the answer.

    `choices` are the accounts of installations by id, one checkbox each.
    """

    state: str
    submit: str
    legend: str
    choices: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Hyperlink:
    """A link under the text."""

    url: str
    label: str


def page(
    title: str, *sentences: str, status: int = 200, form: LinkForm | None = None, link: Hyperlink | None = None
) -> HTMLResponse:
    """A page that says what happened and what can be done now; text is escaped, and no other site may frame it."""
    body = _PAGE.render(title=title, sentences=sentences, form=form, link=link)
    return HTMLResponse(body, status_code=status, headers=_HEADERS)


def problem(status: int, title: str, detail: str) -> JSONResponse:
    """An error as RFC 9457 writes it; `detail` says what to do."""
    return JSONResponse(
        {"type": "about:blank", "title": title, "status": status, "detail": detail},
        status_code=status,
        media_type="application/problem+json",
    )
