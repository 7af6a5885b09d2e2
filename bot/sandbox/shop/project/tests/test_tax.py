from decimal import Decimal

import pytest

from shop import prices


@pytest.mark.parametrize(("country", "gross"), [("DE", "11.90"), ("FR", "12.00"), ("GB", "12.00"), ("US", "10.00")])
def test_price_with_tax(database, country, gross):
    database.insert("quotes", country=country)
    assert prices.with_tax(Decimal(10), country) == Decimal(gross)


def test_tax_is_rounded_to_cents(database):
    database.insert("quotes", country="DE")
    assert prices.with_tax(Decimal("0.99"), "DE") == Decimal("1.18")
