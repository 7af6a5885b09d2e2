"""CODEOWNERS: the last rule that matches, teams, and what GitHub would skip."""

from __future__ import annotations

import pytest

from bot.analysis import owners

FILE = r"""
# everything else
*                   @acme/core
/tests/api/**       @ana @acme/Payments   # the shop
tests/api/legacy/
docs/*              docs@acme.example
src/my\ file.py     @ben
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
    ],
)
def test_the_last_rule_that_matches_names_the_owners(path: str, expected: tuple[str, ...]) -> None:
    assert owners.of_path(owners.parse(FILE), path) == expected


def test_an_owner_is_named_or_in_a_team_in_any_case_of_letters() -> None:
    named = ("@ana", "@acme/Payments", "x@acme.example")
    assert owners.teams(named) == (("acme", "payments"),)
    assert owners.includes(named, "Ana", frozenset())
    assert owners.includes(named, "ben", frozenset({"acme/payments"}))
    assert not owners.includes(named, "ben", frozenset({"acme/core"}))
    assert not owners.includes((), "ana", frozenset())
