"""CODEOWNERS: the last rule that matches, teams, and what GitHub would skip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.quarantine import owner as owners

FILE = r"""
# everything else
*                   @acme/core
/tests/api/**       @ana @acme/Payments   # the shop
tests/api/legacy/
docs/*              docs@acme.example
src/my\ file.py     @ben
odd/*               @ana U0BEN
odd/deep/*          <!channel>
odd/group/*         S0PAY @acme/core
!negated            @x
[abc].py            @x
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/api/test_cart.py", ("@ana", "@acme/Payments")),
        ("tests/api/legacy/test_old.py", ()),
        ("docs/index.md", ("docs@acme.example",)),
        ("docs/deep/index.md", ("@acme/core",)),
        ("src/my file.py", ("@ben",)),
        ("a.py", ("@acme/core",)),
        ("odd/a.py", ("@acme/core",)),  # what GitHub does not know as an owner makes it skip the line
        ("odd/deep/a.py", ("@acme/core",)),
        ("odd/group/a.py", ("@acme/core",)),
    ],
)
def test_the_last_rule_that_matches_names_the_owners(path: str, expected: tuple[str, ...]) -> None:
    assert owners.of_path(owners.parse(FILE), path) == expected


@given(st.text(max_size=60))
def test_nothing_in_a_file_is_an_id_of_slack(text: str) -> None:
    for rule in owners.parse(f"* {text}\n*.py S0PAY U0ANA {text}\n{text} @ana"):
        assert not any(owners.is_person(one) or owners.is_group(one) for one in rule.owners)


@pytest.mark.parametrize(
    ("name", "person", "group"),
    [
        ("U0ANA", True, False), ("S0PAY", False, True), ("SAZ94GDB8", False, True), ("SHOP", False, False),
        ("@U0ANA", False, False), ("S0pay", False, False), ("S0PAY>", False, False), ("", False, False),
    ],
)  # fmt: skip
def test_ids_of_slack_are_told_from_names(name: str, person: bool, group: bool) -> None:
    assert (owners.is_person(name), owners.is_group(name)) == (person, group)


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("<!subteam^S0PAY|@pay>", "S0PAY"), ("<!subteam^S0PAY>", "S0PAY"), ("<@U0ANA|ana>", "U0ANA"),
        (" @acme/shop ", "@acme/shop"), ("<!channel>", "<!channel>"), ("<!subteam^S0PAY> x", "<!subteam^S0PAY> x"),
    ],
)  # fmt: skip
def test_a_mention_that_somebody_typed_is_the_id_it_mentions(text: str, owner: str) -> None:
    assert owners.from_mention(text) == owner


def test_an_owner_is_named_or_in_a_team_in_any_case_of_letters() -> None:
    named = ("@ana", "@acme/Payments", "x@acme.example")
    assert owners.teams(named) == (("acme", "payments"),)
    assert owners.includes(named, "Ana", frozenset())
    assert owners.includes(named, "ben", frozenset({"acme/payments"}))
    assert not owners.includes(named, "ben", frozenset({"acme/core"}))
    assert not owners.includes((), "ana", frozenset())
