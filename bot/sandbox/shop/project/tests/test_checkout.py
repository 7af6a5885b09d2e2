from decimal import Decimal

from shop.cart import Cart


def filled_cart():
    cart = Cart()
    cart.add("pot", "39.00")
    cart.add("tea", "4.50", 2)
    return cart


def test_total_without_discount():
    assert filled_cart().checkout() == Decimal("48.00")


def test_total_with_discount():
    assert filled_cart().checkout("SPRING") == Decimal("43.20")


def test_order_is_stored(database):
    database.insert("orders", customer="ana", total=str(filled_cart().total))
    assert database.find("orders", customer="ana") == [{"customer": "ana", "total": "48.00"}]


def test_orders_of_two_customers_are_kept_apart(database):
    database.insert("orders", customer="ana")
    database.insert("orders", customer="ben")
    assert len(database.find("orders", customer="ben")) == 1


def test_order_numbers_grow(database):
    assert [database.insert("orders", customer="ana") for _ in range(3)] == [1, 2, 3]


def test_unknown_customer_has_no_orders(database):
    assert database.find("orders", customer="nobody") == []
