from datetime import timedelta
from decimal import Decimal

import pytest

from shop import clock, shipping


def test_small_orders_pay_shipping():
    assert shipping.cost(Decimal(20)) == Decimal("4.90")


def test_free_shipping_from_fifty():
    assert shipping.cost(Decimal(50)) == 0


def test_large_orders_ship_free():
    assert shipping.cost(Decimal(300)) == 0


def test_order_arrives_the_day_after_tomorrow():
    assert shipping.arrives() == clock.now().date() + timedelta(days=2)


@pytest.mark.parametrize("address", ["Berlin", "Lyon", "Leeds", "Porto"])
def test_address_is_stored(database, address):
    database.insert("addresses", city=address)
    assert database.find("addresses", city=address)
