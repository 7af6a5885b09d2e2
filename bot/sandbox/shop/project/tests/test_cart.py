from decimal import Decimal

import pytest

from shop.cart import Cart


def test_a_new_cart_is_empty():
    assert Cart().total == 0


def test_adding_an_article():
    cart = Cart()
    cart.add("tea", "4.50")
    assert cart.total == Decimal("4.50")


def test_adding_an_article_twice_counts_it_twice():
    cart = Cart()
    cart.add("tea", "4.50")
    cart.add("tea", "4.50")
    assert cart.lines["tea"][0] == 2


def test_removing_an_article():
    cart = Cart()
    cart.add("tea", "4.50")
    cart.remove("tea")
    assert cart.lines == {}


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_below_one_is_refused(count):
    with pytest.raises(ValueError, match="At least one"):
        Cart().add("tea", "4.50", count)
