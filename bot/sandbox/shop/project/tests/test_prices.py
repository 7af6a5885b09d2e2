from decimal import Decimal

import pytest

from shop import prices


def test_price_of_tea():
    prices.forget()
    assert prices.price("tea") == Decimal("4.50")


def test_price_of_a_cup():
    prices.forget()
    assert prices.price("cup") == Decimal("12.00")


def test_price_is_remembered():
    prices.forget()
    assert prices.price("pot") is prices.price("pot")


def test_changing_a_price():
    prices.change("tea", Decimal("3.00"))
    assert prices.price("tea") == Decimal("3.00")


def test_forgetting_a_change():
    prices.change("cup", Decimal("9.00"))
    prices.forget()
    assert prices.price("cup") == Decimal("12.00")


def test_price_list_is_up_to_date():
    assert prices.price("tea") == prices.LIST["tea"]


def test_changed_price_does_not_touch_the_list():
    prices.forget()
    assert prices.LIST["tea"] == Decimal("4.50")


def test_unknown_article_has_no_price():
    prices.forget()
    with pytest.raises(KeyError):
        prices.price("spoon")
