import pytest


@pytest.fixture
def ana(database):
    database.insert("customers", login="ana", name="Ana")
    return database


def test_customer_is_found_by_login(ana):
    assert ana.find("customers", login="ana")[0]["name"] == "Ana"


def test_unknown_login_finds_nobody(ana):
    assert not ana.find("customers", login="zoe")


def test_two_customers_may_share_a_name(ana):
    ana.insert("customers", login="ana2", name="Ana")
    assert len(ana.find("customers", name="Ana")) == 2


def test_customer_numbers_grow(ana):
    assert ana.insert("customers", login="ben", name="Ben") == 2


def test_customer_has_no_orders_at_first(ana):
    assert ana.find("orders", customer="ana") == []
