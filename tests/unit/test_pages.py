"""The signed addresses of our own pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.model import CaseId, WorkspaceId
from bot.errors import NotFoundError
from bot.services.page_link import LIFE, PageLinks

NOW = datetime(2026, 11, 24, tzinfo=UTC)
LINKS = PageLinks("https://fg.example/bot", b"key")
URL = LINKS.of_case(WorkspaceId(7), CaseId(42), "a1b2c3", NOW)


def read(url: str, at: datetime = NOW, links: PageLinks = LINKS) -> tuple[int, int]:
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return links.read(parts.path.rpartition("/")[2], query, at)


def test_an_address_leads_back_to_its_case() -> None:
    assert read(URL) == (7, 42)
    assert LINKS.read_url(URL, NOW) == (7, 42)


def test_an_address_ends() -> None:
    assert read(URL, NOW + LIFE - timedelta(seconds=2)) == (7, 42)
    with pytest.raises(NotFoundError):
        read(URL, NOW + LIFE)


@pytest.mark.parametrize(
    "change", [("w=7", "w=8"), ("c=42", "c=43"), ("a1b2c3", "a1b2c4"), ("e=", "e=9"), ("&s=", "&t=")]
)
def test_a_changed_address_is_refused(change: tuple[str, str]) -> None:
    with pytest.raises(NotFoundError):
        read(URL.replace(*change, 1))


def test_another_installation_signs_otherwise() -> None:
    with pytest.raises(NotFoundError):
        read(URL, links=PageLinks(LINKS.address, b"other"))


@pytest.mark.parametrize("url", ["https://evil.example/bot/t/a1b2c3?w=7", "https://fg.example/x", "nonsense"])
def test_an_address_of_others_is_none_of_ours(url: str) -> None:
    assert LINKS.read_url(url, NOW) is None


def test_the_key_is_never_shown() -> None:
    assert "key" not in repr(LINKS).replace("key=", "")


@given(st.dictionaries(st.sampled_from("wces"), st.text(max_size=30)))
def test_no_query_fails_in_another_way(query: dict[str, str]) -> None:
    with pytest.raises(NotFoundError):
        LINKS.read("a1b2c3", query, NOW)
